"""`Parameter` and `Secret`: declared without an effect, fetched together, resolved through the init cache."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import handler, init, parameters, provide
from lambda_kit.errors import ConfigurationError, ParameterNotFound, TransformError
from lambda_kit.parameters import Parameter, Secret, SecretValue
from lambda_kit.testing import invoke
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from lambda_kit.testing import FakeClock


def declare(source: str) -> Any:
    """Return a module of handles."""
    module = ModuleType("handles_of_a_test")
    exec("from lambda_kit.parameters import Parameter, Secret\n" + source, vars(module))
    return module


def test_a_handle_is_fetched_by_its_first_call_and_once(store: Any) -> None:
    store.put("/a", "one")
    store.put_secret("b", '{"user": "u"}')
    host = Parameter("/a")
    login = Secret("b", transform="json")
    assert store.calls == []
    assert [host(), host()] == ["one", "one"]
    assert [login().get_secret_value(), login().get_secret_value()] == [{"user": "u"}] * 2
    assert store.counts() == {"GetParameter": 1, "GetSecretValue": 1}
    assert (host.name, host.info.name, host.info.builds) == ("/a", "parameter /a", 1)


def test_handles_of_a_module_are_fetched_in_one_request(store: Any) -> None:
    for name in "abcd":
        store.put(f"/{name}", f'"{name}"')
    store.put("/a", '"newer"')
    module = declare(
        "a = Parameter('/a')\nold = Parameter('/a', version=1)\nb = Parameter('/b', transform='json')\n"
        "c = Parameter('/c', secret=True)\nd = Parameter('/d', transform=len)\nsame = Parameter('/d')"
    )
    assert (module.a(), module.old(), module.b(), module.d()) == ('"newer"', '"a"', "b", 3)
    assert module.c().get_secret_value() == '"c"'
    assert module.same() == '"d"'
    assert store.counts() == {"GetParameters": 1}


def test_more_than_ten_take_a_request_for_each_ten(store: Any) -> None:
    for i in range(12):
        store.put(f"/{i}", str(i))
    module = declare("all = [Parameter(f'/{i}') for i in range(12)]")
    assert [one() for one in module.all] == [str(i) for i in range(12)]
    assert store.counts() == {"GetParameters": 2}


def test_handles_that_differ_in_where_or_how_are_fetched_apart(store: Any) -> None:
    for i in range(4):
        store.put(f"/{i}", str(i))
    module = declare(
        "one = [Parameter('/0'), Parameter('/1')]\ntwo = [Parameter(f'/{i}', decrypt=False) for i in (2, 3)]"
    )
    assert [one() for one in (*module.one, *module.two)] == list("0123")
    assert [params["WithDecryption"] for _, params in store.calls] == [True, False]


def test_one_that_is_missing_or_unfit_spoils_no_other(store: Any) -> None:
    store.put("/a", "x")
    store.put("/b", "no number")
    module = declare(
        "a = Parameter('/a')\nb = Parameter('/b', transform=int)\nc = Parameter('/c')\nd = Parameter('/d', default=1)"
    )
    assert module.a() == "x"
    assert module.d() == 1
    assert store.counts() == {"GetParameters": 1}
    with pytest.raises(ParameterNotFound):
        module.c()
    with pytest.raises(TransformError):
        module.b()
    assert module.a() == "x"


def test_a_transform_may_call_another_handle_of_the_module(store: Any) -> None:
    store.put("/a", "a")
    store.put("/b", "b")
    module = declare(
        "a = Parameter('/a', transform=lambda text: text + b())\nb = Parameter('/b', transform=lambda text: text * 2)"
    )
    assert (module.a(), module.b()) == ("abb", "bb")
    other = declare(
        "c = Parameter('/a', transform=lambda text: text * 2)\nd = Parameter('/b', transform=lambda text: text + c())"
    )
    assert (other.c(), other.d()) == ("aa", "baa")


def test_what_was_fetched_with_others_ages_from_then_on(store: Any, clock: FakeClock) -> None:
    store.put("/a", "a")
    store.put("/b", "1")
    module = declare("a = Parameter('/a')\nb = Parameter('/b', transform=int, ttl=10.0)")
    module.a()
    store.put("/b", "2")
    clock.advance(6)
    assert module.b() == 1
    clock.advance(4)
    assert module.b() == 2


@pytest.mark.parametrize("forget", ["put", "invalidate", "refresh", "age"])
def test_what_was_fetched_with_others_is_forgotten_where_a_value_is(store: Any, clock: FakeClock, forget: str) -> None:
    store.put("/a", "a")
    store.put("/b", "1")
    module = declare("a = Parameter('/a')\nb = Parameter('/b', transform=int, ttl=10.0)")
    module.a()
    store.put("/b", "2")
    if forget == "put":
        parameters.put("/b", "2", overwrite=True)
    elif forget == "invalidate":
        module.b.invalidate()
    elif forget == "refresh":
        assert module.b.refresh() == 2
    else:
        clock.advance(10)
    assert module.b() == 2


def test_a_thread_whose_resource_needs_one_of_them_is_no_deadlock(store: Any) -> None:
    """`x`, on another thread, waits for `a`, which is fetched with `b`, whose transform wants `x`."""
    store.put("/a", "a")
    store.put("/b", "b")
    asked = threading.Event()
    store.before["GetParameters"] = asked.wait
    module = declare("a = Parameter('/a')\nb = Parameter('/b', transform=lambda text: text + x())")

    @init.resource
    def x() -> str:
        asked.set()
        value: str = module.a()
        return f"x of {value}"

    module.x = x
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(module.b), pool.submit(x)
        assert (first.result(PATIENCE), second.result(PATIENCE)) == ("bx of a", "x of a")
    init.discard(x)
    assert store.counts() == {"GetParameters": 1}


def test_only_those_without_a_value_come_with_another(store: Any, clock: FakeClock) -> None:
    for name in "abc":
        store.put(f"/{name}", name)
    module = declare("a = Parameter('/a', ttl=10.0)\nb = Parameter('/b', ttl=100.0)\nc = Parameter('/c', ttl=10.0)")
    module.a()
    clock.advance(20)
    module.a()
    assert [params["Names"] for _, params in store.calls] == [["/a", "/b", "/c"], ["/a", "/c"]]


def test_eager_handles_are_fetched_in_the_init_phase_in_one_request(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    for i in range(5):
        store.put(f"/{i}", str(i))
    module = declare("all = [Parameter(f'/{i}', eager=True) for i in range(5)]")
    assert store.calls == []

    @handler
    def handle(event: object, context: object) -> list[str]:
        return [one() for one in module.all]

    assert store.counts() == {"GetParameters": 1}
    assert invoke(handle).value == list("01234")
    assert store.counts() == {"GetParameters": 1}


def test_handles_that_are_declared_now_are_fetched_at_once_and_in_one_request(store: Any) -> None:
    for i in range(5):
        store.put(f"/{i}", str(i))
    before = sys.getswitchinterval()
    sys.setswitchinterval(PATIENCE)  # no other thread runs while the handles are declared, however slow the machine is
    try:
        module = declare("all = [Parameter(f'/{i}', eager='now') for i in range(5)]")
    finally:
        sys.setswitchinterval(before)
    end = time.monotonic() + PATIENCE
    while not store.calls:  # nobody has called a handle
        assert time.monotonic() < end
        time.sleep(0.001)
    assert [one() for one in module.all] == list("01234")
    assert store.counts() == {"GetParameters": 1}


def test_the_extension_is_not_asked_before_the_first_invocation(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: list[Any] = [Parameter, Secret]
    for kind in kinds:
        with pytest.raises(ConfigurationError, match="the extension does not answer"):
            kind("/a", eager="now", source="extension")
        with pytest.raises(ConfigurationError, match='pass True or False, or "now"'):
            kind("/a", eager="soon")
    monkeypatch.setenv("LAMBDA_KIT_PARAMETERS_SOURCE", "extension")
    handle = Parameter("/named", eager="now")
    assert handle.info.builds == 0


def test_a_handle_is_what_provide_takes(store: Any) -> None:
    store.put("/a", "one")
    host = Parameter("/a")

    @handler(provide(host=host))
    def handle(event: object, context: object, *, host: str) -> str:
        return host

    assert invoke(handle).value == "one"


def test_a_handle_is_overridden_in_tests_of_users(store: Any) -> None:
    host, login = Parameter("/a", transform="json"), Secret("b")
    with host.override({"x": 1}), login.override("hunter2"):
        host()["x"] = 2
        assert host() == {"x": 1}
        assert login().get_secret_value() == "hunter2"
    assert store.calls == []


def test_a_handle_refreshes_and_forgets_when_told(store: Any) -> None:
    store.put("/a", "one")
    host = Parameter("/a")
    assert host() == "one"
    store.put("/a", "two")
    assert (host(), host.refresh(), host()) == ("one", "two", "two")
    store.put("/a", "three")
    host.invalidate()
    assert host() == "three"


def test_a_default_of_a_handle_stands_for_what_is_missing(store: Any) -> None:
    host = Parameter("/a", default=None)
    assert (host(), host.refresh()) == (None, None)
    store.put("/a", "one")
    assert (host(), host.refresh(), host()) == (None, "one", "one")


def test_a_handle_shares_its_value_with_the_function(store: Any) -> None:
    store.put("/a", "one")
    assert parameters.get("/a") == Parameter("/a")()
    assert len(store.calls) == 1


def test_handles_survive_a_thousand_other_names(store: Any) -> None:
    store.put("/a", "one")
    host = Parameter("/a")
    host()
    for i in range(1_010):
        parameters.get(f"/{i}", default=None, source="aws")
    calls = len(store.calls)
    host()
    assert len(store.calls) == calls


def test_a_wrong_option_of_a_handle_is_told_where_it_is_declared() -> None:
    with pytest.raises(ConfigurationError, match=r"Parameter\(\) has no option 'fresh'"):
        declare("Parameter('/a', fresh=True)")
    with pytest.raises(ConfigurationError, match=r"Secret\('b'\): resource\(ttl=-1"):
        Secret("b", ttl=-1)


def test_a_secret_ends_with_its_next_rotation(store: Any, clock: FakeClock) -> None:
    store.put_secret("b", "one")
    store.rotations["b"] = clock.now + 60
    login = Secret("b", rotation=True)
    assert login().get_secret_value() == "one"
    store.put_secret("b", "two")
    store.rotations["b"] = clock.now + 86_400
    clock.advance(59)
    assert login().get_secret_value() == "one"
    clock.advance(1)
    assert login().get_secret_value() == "two"
    clock.advance(299)
    login()
    assert store.counts() == {"GetSecretValue": 2, "DescribeSecret": 2}


def test_without_the_permission_the_next_rotation_is_not_known_with_one_warning(
    store: Any, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    store.put_secret("b", "one")
    store.refusals["DescribeSecret"] = (400, "AccessDeniedException", "no")
    login = Secret("b", rotation=True)
    for _ in range(3):
        assert login().get_secret_value() == "one"
        clock.advance(300)
    assert ["secretsmanager:DescribeSecret" in record.message for record in caplog.records] == [True]
    assert store.counts() == {"GetSecretValue": 3, "DescribeSecret": 1}


def test_a_rotation_that_is_overdue_does_not_shorten_anything(store: Any, clock: FakeClock) -> None:
    store.put_secret("b", "one")
    store.rotations["b"] = clock.now - 5
    login = Secret("b", rotation=True)
    login()
    clock.advance(299)
    login()
    assert store.counts()["GetSecretValue"] == 1


class Refused(Exception):
    """The database does not take the password."""


class Database:
    """A database with a password."""

    def __init__(self, password: str) -> None:
        self.password = password
        self.attempts: list[str] = []

    def connect(self, password: str, *more: Any, **options: Any) -> tuple[Any, ...]:
        self.attempts.append(password)
        if password != self.password:
            raise Refused
        return (*more, options)

    async def connect_later(self, password: str) -> str:
        self.connect(password)
        return "connected"


def test_a_secret_that_was_rotated_is_fetched_and_used_once_more(store: Any) -> None:
    store.put_secret("b", "old")
    login = Secret("b")
    login()
    store.put_secret("b", "new")
    database = Database("new")
    assert login.use(database.connect, 1, retry_on=Refused, two=2) == (1, {"two": 2})
    assert database.attempts == ["old", "new"]
    assert login().get_secret_value() == "new"


async def _use_later(login: Any, database: Database) -> str:
    value: str = await login.use(database.connect_later, retry_on=(Refused,))
    return value


def test_a_coroutine_function_uses_a_secret_too(store: Any) -> None:
    import asyncio

    store.put_secret("b", "old")
    login = Secret("b")
    login()
    store.put_secret("b", "new")
    database = Database("new")
    assert asyncio.run(_use_later(login, database)) == "connected"
    assert database.attempts == ["old", "new"]
    database.password = "other"
    with pytest.raises(Refused):
        asyncio.run(_use_later(login, database))
    assert database.attempts == ["old", "new", "new"]


def test_the_same_version_is_not_tried_again(store: Any) -> None:
    store.put_secret("b", "old")
    login = Secret("b")
    database = Database("new")
    with pytest.raises(Refused):
        login.use(database.connect, retry_on=Refused)
    assert database.attempts == ["old"]
    assert store.counts() == {"GetSecretValue": 2}


def test_a_second_refusal_and_other_errors_go_on(store: Any) -> None:
    store.put_secret("b", "old")
    login = Secret("b")
    login()
    store.put_secret("b", "wrong too")
    database = Database("new")
    with pytest.raises(Refused):
        login.use(database.connect, retry_on=Refused)
    assert database.attempts == ["old", "wrong too"]
    calls = len(store.calls)

    def fail(password: str) -> float:
        return 1 / 0

    with pytest.raises(ZeroDivisionError):
        login.use(fail, retry_on=Refused)
    assert len(store.calls) == calls


def test_a_secret_that_cannot_be_fetched_anew_leaves_the_error_with_a_note(store: Any) -> None:
    store.put_secret("b", "old")
    login = Secret("b")
    login()
    store.refusals["GetSecretValue"] = (500, "InternalServiceError", "down")
    with pytest.raises(Refused) as info:
        login.use(Database("new").connect, retry_on=Refused)
    assert ["InternalServiceError" in note for note in info.value.__notes__] == [True]


def test_threads_that_are_refused_at_once_fetch_once(store: Any) -> None:
    store.put_secret("b", "old")
    login = Secret("b")
    login()
    store.put_secret("b", "new")
    database = Database("new")
    refused = threading.Barrier(8)

    def connect(password: str) -> str:
        if password == "old":
            refused.wait()
            raise Refused
        return password

    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(login.use, connect, retry_on=Refused) for _ in range(8)]
        assert [one.result() for one in found] == ["new"] * 8
    assert store.counts()["GetSecretValue"] <= 3
    assert database.attempts == []


def test_what_retry_on_has_to_be_is_told(store: Any) -> None:
    with pytest.raises(ConfigurationError, match="pass classes of exceptions"):
        declare("Secret('b').use(print, retry_on='Refused')")
    assert store.calls == []


def test_errors_of_handles_are_those_of_the_functions(store: Any) -> None:
    store.put("/a", "x")
    store.put_secret("b", "x")
    handles: list[Any] = [Parameter("/a", transform=int), Secret("b", transform=int, default=None)]
    for handle in handles:
        for call in (handle, handle.refresh):
            with pytest.raises(TransformError, match="ValueError"):
                call()


def test_a_default_of_a_secret_is_used_as_it_is(store: Any) -> None:
    login = Secret("b", default=None)
    assert login.use(str, retry_on=Refused) == "None"
    database = Database("new")
    with pytest.raises(Refused):
        login.use(database.connect, retry_on=Refused)
    store.put_secret("b", "new")
    assert login.use(database.connect, retry_on=Refused) == ({},)
    assert database.attempts == [None, None, "new"]


def test_a_forked_child_fetches_for_itself(store: Any) -> None:
    store.put("/a", "one")
    host = Parameter("/a")
    host()
    store.put("/a", "two")
    process = multiprocessing.get_context("fork").Process(target=lambda: sys.exit(host() != "two"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the fork beside the threads of the test
        process.start()
    process.join(PATIENCE)
    assert process.exitcode == 0
    assert host() == "one"


def test_nothing_shows_a_secret(store: Any, caplog: pytest.LogCaptureFixture) -> None:
    store.put_secret("b", "hunter2")
    login = Secret("b")
    value = login()
    for text in (
        repr(value),
        str(value),
        f"{value:>30}",
        repr(login),
        repr(login.info),
        repr([value]),
        repr({"a": value}),
    ):
        assert "hunter2" not in text
    assert (value == SecretValue("hunter2"), value == "hunter2") == (True, False)
    assert len({value, SecretValue("hunter2")}) == 1
    assert copy.deepcopy(value) is value is copy.copy(value)
    assert "hunter2" not in caplog.text
    with pytest.raises(TypeError, match="a SecretValue is not pickled"):
        pickle.dumps(value)


def test_a_secret_value_that_is_used_like_its_value_says_how_to_read_it() -> None:
    value: Any = SecretValue({"user": "shop"})
    with pytest.raises(TypeError, match=r"value\.get_secret_value\(\)\[\.\.\.\]"):
        value["user"]
