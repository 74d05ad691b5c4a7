"""Our client beside AWS's: the same functions, the same events, and all that each does."""

from __future__ import annotations

import signal
import sys
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tests.effort import scaled
from tests.patience import PATIENCE
from tests.runtime.cases import CASES, GROUPS, QUICK, Case
from tests.runtime.differences import BEGIN, DIFFERENCES, PAGE, compared, table, with_table
from tests.runtime.differential import CLIENTS, Client, Observed
from tests.runtime.lives import LIVES, lived

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="awslambdaric has wheels for Linux alone")
FULL = scaled(100) >= 100
RUN = {name: case for name, case in CASES.items() if FULL or case.group in QUICK}
LIVED = list(LIVES)[: max(5, scaled(len(LIVES))) if FULL else 5]
ENDS_THEIRS = ("half-a-surrogate", "unprintable-error")


@cache
def observations(group: str, client: str) -> dict[str, Observed]:
    """Run all cases of a group in one process; one that ends it is followed by another process."""
    found: dict[str, Observed] = {}
    framed = group.endswith("framed")
    process = Client(client, env=GROUPS[group], framed=framed)
    try:
        for number, case in enumerate(CASES.values()):
            if case.group == group:
                found[case.name] = process.invoke(case.body, case.headers, number=number)
                if found[case.name].status is not None:
                    process.close()
                    process = Client(client, env=GROUPS[group], framed=framed)
    finally:
        process.close()
    return found


def both(case: Case) -> tuple[Observed, Observed]:
    theirs, ours = (observations(case.group, client)[case.name] for client in CLIENTS)
    return theirs, ours


SAME = [name for name, case in RUN.items() if not case.difference]
DIFFERENT = [name for name, case in RUN.items() if case.difference and case.difference not in ENDS_THEIRS]


@pytest.mark.parametrize("name", SAME)
def test_both_clients_do_the_same(name: str) -> None:
    theirs, ours = both(CASES[name])
    assert ours == theirs


@pytest.mark.parametrize("name", DIFFERENT)
def test_both_clients_do_the_same_but_for_a_known_difference(name: str) -> None:
    case = CASES[name]
    theirs, ours = both(case)
    if not case.difference.startswith("words-of-the-"):  # they depend on the version of Python
        assert ours != theirs, "the difference is gone: take it out of the table"
    assert compared(ours, (case.difference,)) == compared(theirs, (case.difference,))


@pytest.mark.parametrize("name", [name for name, case in RUN.items() if case.difference in ENDS_THEIRS])
def test_what_ends_the_process_of_the_other_client_is_answered_by_ours(name: str) -> None:
    theirs, ours = both(CASES[name])
    assert (theirs.status, theirs.requests) == (1, ())
    assert ours.status is None
    assert len(ours.requests) == 1


def test_there_are_over_two_hundred_cases() -> None:
    assert len(RUN) > 200


@pytest.mark.parametrize("name", LIVED)
def test_both_clients_live_and_end_alike(name: str, tmp_path: Path) -> None:
    life = LIVES[name]
    theirs, ours = (lived(client, life, tmp_path) for client in CLIENTS)
    if not life.difference:
        assert ours == theirs
    else:
        keys = (life.difference, *life.also)
        assert ours != theirs, "the difference is gone: take it out of the table"
        assert compared(ours, keys) == compared(theirs, keys)


def test_an_init_error_with_any_characters_is_reported_in_utf_8(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("raise ValueError('€')", "utf-8")
    with Client("kit", "app.handler", root=tmp_path) as client:
        ours = client.until_end()
    assert '"errorMessage": "€"' in ours.requests[0][-1]
    if FULL:
        with Client("awslambdaric", "app.handler", root=tmp_path) as client:
            assert client.until_end().requests == ()


def test_sys_exit_in_a_handler_of_sigterm_ends_the_client_at_once(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\ndef handler(event, context): pass\n"
    )
    with Client("kit", "app.handler", root=tmp_path) as client:
        client.until_ready()
        client.process.send_signal(signal.SIGTERM)
        assert client.process.wait(PATIENCE) == 7


def test_the_context_keeps_the_settings_of_the_start() -> None:
    with Client("kit") as client:
        client.invoke(b"{\"run\": \"os.environ['AWS_LAMBDA_FUNCTION_NAME'] = 'other'\"}")
        seen = client.invoke(b'{"run": "result = context.function_name"}', number=2)
    assert seen.requests[0][-1] == '"both"'


def test_the_client_names_itself() -> None:
    with Client("kit") as client:
        client.invoke(b"1")
        client.api.wait_for(lambda: False, 0)
    # The requests were noted with all their fields, before they were made comparable.
    version = ".".join(map(str, sys.version_info[:3]))
    assert client.agents == {f"aws-lambda-python/{version}-lambda-kit-0.1.0"}


def test_every_difference_is_shown_by_a_case_or_by_a_test_of_its_own() -> None:
    shown = {case.difference for case in CASES.values()} | {life.difference for life in LIVES.values()}
    shown |= {key for life in LIVES.values() for key in life.also}
    own = {
        "message-of-an-init-error",  # above
        "exit-in-a-signal-handler",
        "settings-of-the-context",
        "name",
        "preview",  # below
        "streams",  # test_streamed.py
        "environment-of-the-process",  # test_trace.py
        "retries-of-workers",  # test_managed.py
    }
    assert shown - {""} == set(DIFFERENCES) - own


def test_a_preview_of_python_is_no_warning(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def handler(event, context): pass\n")
    env = {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.15", "LAMBDA_DISABLE_PREVIEW_WARN": ""}
    with Client("kit", "app.handler", env, root=tmp_path) as client:
        assert client.until_ready().output == ""


def test_the_page_has_the_table_of_differences() -> None:
    page = PAGE.read_text("utf-8")
    assert BEGIN in page
    assert with_table(page) == page, "write it anew: python -m tests.runtime.differences"
    assert table() in page


@pytest.mark.parametrize("client", CLIENTS)
def test_a_worker_process_serves_each_invocation_of_a_managed_instance(client: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import os, time\ndef handler(event, context):\n    time.sleep(0.2)\n    return os.getpid()\n"
    )
    env = {"AWS_LAMBDA_MAX_CONCURRENCY": "2", "AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "DEBUG"}
    with Client(client, "app.handler", env, root=tmp_path, concurrency=2) as one:
        exchanges: list[Any] = [one.exchange(number) for number in range(2)]
        for exchange in exchanges:
            one.api.submit(exchange)
        deadline = time.monotonic() + PATIENCE
        while not all(exchange.answer for exchange in exchanges) and time.monotonic() < deadline:
            one.api.wait_for(lambda: False, 0.02)
        assert len({exchange.answer.body for exchange in exchanges}) == 2
        assert one.observed().output == (
            '{"timestamp": "TIME", "level": "DEBUG", "message": {"event": "runtime_worker_pool_initializing", '
            '"workerCount": 2, "executionEnvironmentMaxConcurrency": 2}, "logger": "root", "requestId": ""}\n'
        )


@pytest.mark.parametrize("client", CLIENTS)
def test_an_init_error_of_a_managed_instance_is_reported_once_and_all_workers_end(client: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import nowhere_to_be_found\n")
    with Client(client, "app.handler", {"AWS_LAMBDA_MAX_CONCURRENCY": "2"}, root=tmp_path, concurrency=2) as one:
        seen = one.until_end()
    assert seen.status == 0
    assert {request[1] for request in seen.requests} == {"/2018-06-01/runtime/init/error"}
    assert one.api.init_error is not None
