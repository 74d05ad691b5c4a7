"""The logger under the runtime client that AWS ships."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

if sys.platform != "linux":
    pytest.skip("the runtime client has wheels for Linux alone", allow_module_level=True)

from lambda_kit.local import Environment

APP = """
import logging, os, sys, time
from pathlib import Path
from lambda_kit import Logger, handler, time_limit

log = Logger(service="shop", correlation_id="id")
if os.environ.get("CAPTURE"):
    log.capture_stdlib()
std = logging.getLogger("app.std")

@handler(log, time_limit(margin=0.2))
def place(event, context):
    print("printed 1")
    log.info("line 1 %s", "é", n=event["n"], odd="\\ud800")
    print("printed 2")
    std.warning("std %d", event["n"], extra={"extra_field": 1})
    log.debug("hidden")
    sys.stdout.write("printed 3\\n")
    log.warning("line 2", big="x" * event.get("big", 0))
    if event.get("fail"):
        raise ValueError("boom")
    if event.get("hang"):
        time.sleep(60)
    if event.get("workers"):  # wait until as many of them have taken one
        seen = Path("workers")
        seen.mkdir(exist_ok=True)
        (seen / str(os.getpid())).touch()
        while len(list(seen.iterdir())) < event["workers"]:
            time.sleep(0.01)
    return os.getpid()
"""


@pytest.fixture
def app(tmp_path: Path) -> Callable[..., Environment]:
    def make(**options: Any) -> Environment:
        (tmp_path / "app.py").write_text(APP)
        options.setdefault("timeout", 20)
        return Environment("app.place", cwd=tmp_path, **options)

    return make


def lines_of(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("capture", [False, True])
def test_lines_prints_and_records_come_in_order_and_once(log_format: str, capture: bool, app: Any) -> None:
    with app(log_format=log_format, env={"CAPTURE": "1" if capture else ""}) as environment:
        outcome = environment.invoke({"n": 1, "id": "c-1"}, trace_id="Root=1-5759e988-bd862e3fe1be46a994272793")
        again = environment.invoke({"n": 2})
    assert (outcome.status, again.status) == ("success", "success")
    for wanted in ("printed 1", "line 1 é", "printed 2", "std 1", "printed 3", "line 2"):
        assert outcome.output.count(wanted) == 1
    places = [
        outcome.output.find(text) for text in ("printed 1", "line 1", "printed 2", "std 1", "printed 3", "line 2")
    ]
    assert places == sorted(places)
    mine = [line for line in lines_of(outcome.output) if line.get("service") == "shop"]
    assert [line["level"] for line in mine] == (["INFO", "WARN", "WARN"] if capture else ["INFO", "WARN"])
    for line in mine:
        assert line["requestId"] == outcome.request_id
        assert line["xrayTraceId"] == "1-5759e988-bd862e3fe1be46a994272793"
        assert (line["correlationId"], line["functionName"], line["coldStart"]) == ("c-1", "app", True)
    assert mine[0]["odd"] == "\ufffd"
    assert mine[0]["location"].startswith("app.place:")
    if capture:
        assert (mine[1]["logger"], mine[1]["extra_field"]) == ("app.std", 1)
    warm = [line for line in lines_of(again.output) if line.get("service") == "shop"]
    assert [(line["coldStart"], line["requestId"], "correlationId" in line) for line in warm] == [
        (False, again.request_id, False)
    ] * len(mine)


@pytest.mark.parametrize(("level", "expected"), [("DEBUG", 3), ("WARN", 1), ("ERROR", 0)])
def test_the_level_that_the_platform_sets_is_kept(level: str, expected: int, app: Any) -> None:
    with app(log_format="json", log_level=level) as environment:
        outcome = environment.invoke({"n": 1})
    assert len([line for line in lines_of(outcome.output) if "service" in line]) == expected


def test_an_unhandled_error_is_one_line_of_ours_beside_the_report_of_the_runtime(app: Any) -> None:
    with app() as environment:
        outcome = environment.invoke({"n": 1, "fail": True})
    assert (outcome.status, outcome.error.type, outcome.error.message) == ("error", "ValueError", "boom")
    errors = [line for line in lines_of(outcome.output) if line["level"] == "ERROR"]
    assert [line["message"] for line in errors] == ["the handler failed: ValueError: boom"]
    assert errors[0]["exception"]["frames"][-1]["function"] == "place"
    assert errors[0]["requestId"] == outcome.request_id


def test_a_time_out_is_logged_before_the_platform_kills(app: Any) -> None:
    with app(timeout=1.5, env={"CAPTURE": "1"}) as environment:
        outcome = environment.invoke({"n": 1, "hang": True})
    assert outcome.error.type == "TimeLimitReached"
    errors = [line for line in lines_of(outcome.output) if line["level"] == "ERROR"]
    # On a starved machine the line of the limit, which a thread writes, may come last.
    limit, unhandled = sorted(errors, key=lambda line: "exception" in line)
    assert limit["logger"] == "lambda_kit"
    assert "time.sleep(60)" in limit["message"]
    assert "logger" not in unhandled
    assert unhandled["exception"]["type"] == "TimeLimitReached"
    assert {line["requestId"] for line in errors} == {outcome.request_id}


def test_large_lines_of_four_forked_workers_are_whole_and_keep_their_own_fields(app: Any) -> None:
    with app(concurrency=4, timeout=PATIENCE) as environment, ThreadPoolExecutor(4) as threads:
        events = [{"n": n, "id": f"c-{n}", "big": 100_000, "workers": 4} for n in range(12)]
        outcomes = list(threads.map(environment.invoke, events))
    assert len({outcome.payload for outcome in outcomes}) == 4
    for n, outcome in enumerate(outcomes):
        first, second = (line for line in lines_of(outcome.output) if line.get("service") == "shop")
        assert (first["n"], first["correlationId"], second["correlationId"]) == (n, f"c-{n}", f"c-{n}")
        assert first["requestId"] == second["requestId"] == outcome.request_id
        assert len(second["big"]) == 100_000


TELEMETRY = """
import json, logging, os
read, write = os.pipe()
os.environ["_LAMBDA_TELEMETRY_LOG_FD"] = str(write)
from awslambdaric import bootstrap
with bootstrap.create_log_sink() as sink:
    bootstrap._setup_logging(bootstrap._AWS_LAMBDA_LOG_FORMAT, bootstrap._AWS_LAMBDA_LOG_LEVEL, sink)
    import sys
    sys.stdout = bootstrap.Unbuffered(sys.stdout)
    from lambda_kit import Logger
    log = Logger(service="shop")
    log.info("to stdout")
    logging.getLogger("a").warning("to the descriptor")
    frame = os.read(read, 65536)
    assert frame[:2] == b"\\xa5\\x5a" and b"to the descriptor" in frame, frame
    log.capture_stdlib()
    logging.getLogger("a").warning("captured")
    os.set_blocking(read, False)
    try:
        print("unexpected", os.read(read, 65536))
    except BlockingIOError:
        pass
"""


@pytest.mark.parametrize("log_format", ["Text", "JSON"])
def test_beside_a_telemetry_descriptor_lines_go_to_standard_output(log_format: str) -> None:
    import os
    import subprocess

    env = {**os.environ, "AWS_LAMBDA_LOG_FORMAT": log_format, "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1"}
    done = subprocess.run(
        [sys.executable, "-c", TELEMETRY], env=env, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert [json.loads(line)["message"] for line in done.stdout.splitlines()] == ["to stdout", "captured"]


IMPORTS = """
import sys
before = set(sys.modules)
from lambda_kit import Logger
log = Logger(service="shop", correlation_id="detail.id", sample_rate=0.5, buffer=1000)
log.info("x", a={"b": [1]})
loaded = sorted(set(sys.modules) - before)


def handler(event, context):
    return loaded
"""


def test_the_logger_loads_little(tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text(IMPORTS)
    with Environment("probe.handler", cwd=tmp_path, timeout=PATIENCE, runtime="awslambdaric") as environment:
        loaded: Any = environment.invoke({}).payload
    assert {name for name in loaded if not name.startswith("lambda_kit")} <= {"_contextvars", "contextvars", "gc"}
