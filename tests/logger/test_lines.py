"""One line: its shape, its cost in calls, and that it appears whatever it is given."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Logger, handler
from lambda_kit.testing import make_context
from tests.calls import calls_of
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    Logs = Callable[[], list[dict[str, Any]]]

METHODS = ("debug", "info", "warning", "error", "exception", "critical")
AWKWARD = (
    "message",
    "level",
    "timestamp",
    "location",
    "name",
    "msg",
    "args",
    "self",
    "exc_info",
    "extra",
    "stack_info",
)


class Broken:
    """Fails at whatever is asked of it."""

    def __str__(self) -> str:
        raise ValueError("no text")

    __repr__ = __str__


def test_a_line_is_one_json_object_in_one_write_whatever_it_contains(writes: list[str]) -> None:
    Logger().info("a\nb\r\n\u2028 %s", "c\n", text="d\ne", nested={"k\n": ["\x00\x1f"]})
    (line,) = writes
    assert line.endswith("}\n")
    assert line.count("\n") == 1
    assert json.loads(line)["nested"] == {"k\n": ["\x00\x1f"]}


def test_the_time_is_rfc_3339_in_utc_with_milliseconds(logs: Logs) -> None:
    before = datetime.now(UTC)
    Logger().info("x")
    after = datetime.now(UTC)
    stamp = logs()[0]["timestamp"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", stamp)
    assert before.timestamp() - 0.001 <= datetime.fromisoformat(stamp).timestamp() <= after.timestamp()


def test_levels_are_spelt_as_lambdas_filter_knows_them(logs: Logs) -> None:
    log = Logger(level="DEBUG")
    for method in METHODS:
        getattr(log, method)("x")
    assert [line["level"] for line in logs()] == ["DEBUG", "INFO", "WARN", "ERROR", "ERROR", "FATAL"]


def test_the_location_is_the_line_that_called(logs: Logs) -> None:
    here: Any = sys._getframe()
    Logger().info("x"); line = here.f_lineno  # noqa: E702  # fmt: skip
    assert logs()[0]["location"] == f"{__name__}.{here.f_code.co_qualname}:{line}"


def test_two_modules_with_the_same_code_keep_their_own_locations(logs: Logs) -> None:
    source = compile("def work(log):\n    log.info('x')\n", "same.py", "exec")
    other = compile("def work(log):\n    log.info('x')\n", "same.py", "exec")
    for name, code in (("one", source), ("two", other)):
        space: dict[str, Any] = {"__name__": name}
        exec(code, space)
        space["work"](Logger())
    assert [line["location"] for line in logs()] == ["one.work:2", "two.work:2"]


def test_what_is_the_same_on_every_line_is_encoded_once(logs: Logs) -> None:
    log = Logger(service="shop", stage="test")
    counts: list[int] = []

    @handler(log)
    def place(event: dict[str, int], context: object) -> None:
        log.append(**{f"appended{i}": "a" for i in range(event["fields"])})
        counts.extend(len(calls_of(log.info, "x")) for _ in range(2))

    for fields in (10, 1_000):
        place({"fields": fields}, make_context(request_id="r"))
    assert len(logs()) == 4
    assert abs(counts[1] - counts[3]) < 10, "the second line costs the same, however much there is in common"


def test_values_in_common_are_logged_as_they_are_at_each_line(logs: Logs) -> None:
    steps: list[str] = []
    shared: dict[str, int] = {}
    log = Logger(shared=shared)

    @handler(log)
    def place(event: object, context: object) -> None:
        log.append(steps=steps)
        log.info("1")
        steps.append("a")
        shared["n"] = 1
        log.info("2")
        with log.bind(bound=steps):
            steps.append("b")
            log.info("3")
            steps.append("c")
            log.info("4")

    place({}, None)
    assert [(line["shared"], line["steps"], line.get("bound")) for line in logs()] == [
        ({}, [], None),
        ({"n": 1}, ["a"], None),
        ({"n": 1}, ["a", "b"], ["a", "b"]),
        ({"n": 1}, ["a", "b", "c"], ["a", "b", "c"]),
    ]


def test_a_line_below_the_level_costs_no_work_at_all(writes: list[str]) -> None:
    log = Logger()
    value = Broken()
    assert calls_of(log.debug, "x %s", value, field=value) == ["debug"]
    assert writes == []


def test_after_the_first_line_of_each_kind_nothing_is_imported(tmp_path: Any) -> None:
    (tmp_path / "app.py").write_text(
        "import sys\n"
        "from lambda_kit import Logger, handler\n"
        "from lambda_kit.testing import make_context\n"
        "log = Logger(level='DEBUG', sample_rate=0.5, buffer=1000, correlation_id='id', log_event=True)\n"
        "@handler(log)\n"
        "def place(event, context):\n"
        "    with log.bind(a=1):\n"
        "        log.info('x %s', 1, b={'c': [1.5, None, b'\\xff', {1}]})\n"
        "    log.append(d=2)\n"
        "    log.debug('x')\n"
        "    log.info('y', big='z' * 300_000)\n"
        "    try:\n"
        "        1 / 0\n"
        "    except ZeroDivisionError:\n"
        "        log.exception('x')\n"
        "    raise ValueError\n"
        "def run():\n"
        "    try:\n"
        "        place({'id': 'i'}, make_context())\n"
        "    except ValueError:\n"
        "        pass\n"
        "run()\n"
        "before = set(sys.modules)\n"
        "run()\n"
        "print(sorted(set(sys.modules) - before), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "app.py"], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert done.stderr == "[]\n"


@pytest.mark.parametrize("where", ["call", "bind", "append", "child", "static"])
@pytest.mark.parametrize("name", AWKWARD)
def test_a_field_of_any_name_breaks_nothing_and_keeps_its_value(name: str, where: str, logs: Logs) -> None:
    if name == "level" and where in ("static", "child"):
        return  # there it is an argument
    field: dict[str, Any] = {name: "mine"}
    log = Logger(service="s", **(field if where == "static" else {}))
    if where == "child":
        log = log.child(**field)
    if where == "append":
        log.append(**field)
    with log.bind(**(field if where == "bind" else {})):
        log.info("text", **(field if where == "call" else {}))
    (line,) = logs()
    assert (line["level"], line["message"], line["service"]) == ("INFO", "text", "s")
    assert line["location"].startswith(__name__)
    reserved = name in ("message", "level", "timestamp", "location")
    assert line[f"{name}_" if reserved else name] == "mine"
    assert "loggingError" not in line


def test_a_reserved_name_and_its_other_name_keep_both_values(logs: Logs) -> None:
    Logger().info("x", message="a", message_="b")
    (line,) = logs()
    assert (line["message"], line["message__"], line["message_"]) == ("x", "a", "b")


def test_the_field_of_the_call_wins_over_what_is_bound_appended_of_the_invocation_and_static(logs: Logs) -> None:
    log = Logger(service="static")

    @handler(log)
    def place(event: object, context: object) -> None:
        log.append(service="appended")
        log.info("1")
        with log.bind(service="bound", requestId="bound"):
            log.info("2")
            log.info("3", service="call", requestId="call")

    place({}, make_context(request_id="r"))
    assert [(line["service"], line["requestId"]) for line in logs()] == [
        ("appended", "r"),
        ("bound", "bound"),
        ("call", "call"),
    ]


FORMATS: list[tuple[Any, tuple[Any, ...], str]] = [
    ("%s and %d", ("a", 2), "a and 2"),
    ("%(a)s", ({"a": 1},), "1"),
    ("100%", (), "100%"),
    ("%s", ({},), "{}"),
    ("%s", ((1, 2),), "(1, 2)"),
    (7, ("x",), "7"),
]


@pytest.mark.parametrize(("message", "args", "text"), FORMATS)
def test_a_message_is_formatted_as_the_standard_library_does(message: Any, args: Any, text: str, logs: Logs) -> None:
    Logger().info(message, *args)
    (line,) = logs()
    if message == 7:  # "7" % ("x",) has too many arguments
        assert "TypeError" in line["loggingError"]
    assert line["message"] == text


@pytest.mark.parametrize(
    ("message", "args", "shown"),
    [("%d", ("x",), ["x"]), ("%s %s", ("x",), ["x"]), ("no place", (1, 2), [1, 2]), ("%", (1,), [1])],
)
def test_a_format_with_wrong_arguments_is_marked_and_shows_them(
    message: str, args: tuple[Any, ...], shown: list[Any], logs: Logs
) -> None:
    Logger().info(message, *args, a=1)
    (line,) = logs()
    assert (line["message"], line["a"], line["messageArgs"]) == (message, 1, shown)
    assert line["loggingError"].startswith(("TypeError", "ValueError"))


@pytest.mark.parametrize("where", ["message", "args", "field", "bind", "static"])
def test_a_broken_str_spoils_no_more_than_its_own_place(where: str, logs: Logs) -> None:
    static: dict[str, Any] = {"broken": Broken()} if where == "static" else {}
    log = Logger(**static)
    with log.bind(**({"broken": Broken()} if where == "bind" else {})):
        if where == "message":
            log.info(Broken(), a=1)
        elif where == "args":
            log.info("x %s", Broken(), a=1)
        else:
            log.info("x", a=1, **({"broken": Broken()} if where == "field" else {}))
    (line,) = logs()
    assert line["a"] == 1
    assert "ValueError: no text" in json.dumps(line)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (None, "None"),
        (5, "5"),
        (True, "True"),
        ({"a": 1, "password": "p"}, {"a": 1, "password": "[redacted]"}),
        ([1], [1]),
        (KeyError("k"), "KeyError: 'k'"),
        (b"bytes", "bytes"),
    ],
)
def test_a_message_may_be_any_value(message: object, shown: object, logs: Logs) -> None:
    Logger().info(message)
    assert logs()[0]["message"] == shown


def test_a_value_that_logs_while_it_is_written_does_not_go_on_forever(logs: Logs) -> None:
    log = Logger()

    class Chatty:
        def __str__(self) -> str:
            log.info("I am %s", Chatty(), me=Chatty())
            return "chatty"

    log.info("x", value=Chatty())
    lines = logs()
    assert 2 <= len(lines) <= 16
    assert (lines[-1]["message"], lines[-1]["value"]) == ("x", "chatty")


@pytest.mark.parametrize("kind", ["closed", "none", "raising", "without isatty"])
def test_without_a_standard_output_the_line_goes_to_standard_error_marked(
    kind: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Raising:
        def write(self, text: str) -> int:
            raise OSError("disk full")

    closed = io.StringIO()
    closed.close()
    stream: Any = {"closed": closed, "none": None, "raising": Raising(), "without isatty": object()}[kind]
    monkeypatch.setattr("sys.stdout", stream)
    Logger().info("x", a=1)
    line = json.loads(capfd.readouterr().err)
    assert (line["message"], line["a"]) == ("x", 1)
    assert line["loggingError"].startswith("standard output: ")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_an_output_of_another_encoding_gets_every_character_as_json_escapes(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding=encoding))
    Logger().info("é ü € 😀 \ud800", a="ÿ")
    line = json.loads(raw.getvalue().decode(encoding))
    assert (line["message"], line["a"]) == ("é ü € 😀 \ufffd", "ÿ"), "half of a surrogate pair is no character"


def test_memory_error_and_recursion_error_do_not_reach_the_handler_but_what_ends_the_process_does(logs: Logs) -> None:
    class Raises:
        def __init__(self, error: BaseException) -> None:
            self.error = error

        def __str__(self) -> str:
            raise self.error

    for error in (MemoryError(), RecursionError(), StopIteration(), AssertionError()):
        Logger().info("x", value=Raises(error))
        assert type(error).__name__ in logs()[0]["value"]
    for last in (KeyboardInterrupt(), SystemExit()):
        with pytest.raises(type(last)):
            Logger().info("x", value=Raises(last))


def test_at_the_end_of_the_stack_the_logger_raises_nothing_of_its_own(logs: Logs) -> None:
    log = Logger()

    def deeper(depth: int) -> None:
        if depth:
            deeper(depth - 1)
        else:
            log.info("deep", value={"a": [{"b": 1}]})

    for depth in range(sys.getrecursionlimit() - 120, sys.getrecursionlimit()):
        try:
            deeper(depth)
        except RecursionError as error:
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            assert trace is not None
            assert trace.tb_frame.f_code.co_name in ("deeper", "info"), "it is raised by the call, not inside of it"
            break
    logs()


def test_a_line_logged_by_the_interpreter_itself_has_no_place(tmp_path: Any) -> None:
    code = "import atexit; from lambda_kit import Logger; atexit.register(Logger().info, 'bye', a=1)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=True)
    line = json.loads(done.stdout)
    assert (line["message"], line["a"], line["location"]) == ("bye", 1, "?")


def test_children_add_fields_and_share_the_settings(logs: Logs) -> None:
    log = Logger(service="s", level="ERROR", a=1)
    child = log.child(b=2).child(c=3, a=4)
    child.info("x")
    child.error("y")
    log.error("z")
    first, second = logs()
    assert (first["service"], first["a"], first["b"], first["c"]) == ("s", 4, 2, 3)
    assert (second["a"], "b" in second) == (1, False)


def test_the_service_comes_from_the_argument_or_the_environment(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    Logger().info("x")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "theirs")
    Logger().info("x")
    monkeypatch.setenv("LAMBDA_KIT_SERVICE", "ours")
    Logger().info("x")
    Logger("mine").info("x")
    assert [line.get("service") for line in logs()] == [None, "theirs", "ours", "mine"]


def test_a_descriptor_gets_a_line_in_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    bootstrap: Any = pytest.importorskip("awslambdaric.bootstrap")
    read, write = os.pipe()
    written: list[bytes] = []
    real = os.write

    def record(fd: int, data: bytes) -> int:
        written.append(data)
        return real(fd, data)

    with os.fdopen(write, "w") as stream, os.fdopen(read, "rb"):
        monkeypatch.setattr("sys.__stdout__", stream)
        for wrapped in (bootstrap.Unbuffered(stream), bootstrap.Unbuffered(bootstrap.Unbuffered(stream))):
            monkeypatch.setattr("sys.stdout", wrapped)
            monkeypatch.setattr(os, "write", record)
            Logger().info("x", text="é", odd="\ud83d")
            monkeypatch.setattr(os, "write", real)
    assert len(written) == 2
    assert json.loads(written[0])["odd"] == "\ufffd"


def test_a_write_that_takes_only_a_part_is_continued(monkeypatch: pytest.MonkeyPatch) -> None:
    bootstrap: Any = pytest.importorskip("awslambdaric.bootstrap")
    taken: list[bytes] = []

    def some(fd: int, data: bytes) -> int:
        taken.append(data[:10])
        return len(data[:10])

    with open(os.devnull, "w") as stream:  # noqa: PTH123
        monkeypatch.setattr("sys.__stdout__", stream)
        monkeypatch.setattr("sys.stdout", bootstrap.Unbuffered(stream))
        monkeypatch.setattr(os, "write", some)
        Logger().info("x", text="é" * 20)
        monkeypatch.undo()
    assert json.loads(b"".join(taken))["text"] == "é" * 20
