"""The kit's own warnings and errors are lines of the logger in the pipeline, with its fields, and nothing else."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Logger, handler, layer
from lambda_kit._kernel import log as kit_log
from lambda_kit.batch import batch
from lambda_kit.local import Environment
from lambda_kit.testing import invoke, make_context, reset
from tests.batch import builders
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Logs = Callable[[], list[dict[str, Any]]]


def test_a_failed_record_of_a_batch_is_a_line_with_the_fields_of_the_invocation(logs: Logs) -> None:
    log = Logger(service="shop")

    @batch()
    def place(record: Any) -> None:
        log.append(order=record.id)
        if record.id == "m1":
            raise ValueError("no such order")

    run: Any = handler(log)(place)
    run(builders.sqs(count=3), make_context(request_id="r-1"))
    (line,) = logs()
    assert (line["level"], line["service"], line["requestId"], line["logger"]) == (
        "ERROR",
        "shop",
        "r-1",
        "lambda_kit",
    )
    assert (line["recordSource"], line["recordId"]) == ("sqs", "m1")
    assert line["exception"]["type"] == "ValueError"


def test_a_failing_clean_up_of_a_layer_is_a_line(logs: Logs) -> None:
    @layer
    def clumsy(event: Any, context: Any) -> Iterator[None]:
        yield
        raise OSError("disk")

    @handler(Logger(service="shop"), clumsy)
    def place(event: object, context: object) -> str:
        return "done"

    result = invoke(place)
    assert result.value == "done" or isinstance(result.error, OSError)
    assert all(line["service"] == "shop" for line in logs())


def test_the_level_of_the_logger_decides_and_info_is_written(logs: Logs) -> None:
    for level, expected in (("INFO", ["info", "warning"]), ("WARN", ["warning"]), ("ERROR", [])):
        reset()

        @handler(Logger(level=level))
        def place(event: object, context: object) -> None:
            kit_log.debug("debug")
            kit_log.info("info")
            kit_log.warning("warning")

        place({}, None)
        assert [line["message"] for line in logs()] == expected


def test_handlers_of_the_user_get_the_records_too_and_a_reset_undoes_it_all(
    logs: Logs, caplog: pytest.LogCaptureFixture
) -> None:
    own = logging.getLogger("lambda_kit")
    before = own.handlers[:], own.level

    @handler(Logger())
    def place(event: object, context: object) -> None:
        kit_log.warning("for %s", "both")

    place({}, None)
    assert [record.getMessage() for record in caplog.records] == ["for both"]
    assert [line["message"] for line in logs()] == ["for both"]
    reset()
    assert (own.handlers, own.level) == before
    kit_log.warning("without a logger")
    assert logs() == []


def test_with_the_standard_library_captured_a_record_is_one_line(logs: Logs) -> None:
    log = Logger(service="shop")
    log.capture_stdlib()

    @handler(log)
    def place(event: object, context: object) -> None:
        kit_log.warning("of the kit")
        logging.getLogger("theirs").warning("of the user")

    place({}, None)
    assert [(line["message"], line["logger"]) for line in logs()] == [
        ("of the kit", "lambda_kit"),
        ("of the user", "theirs"),
    ]


def test_the_logger_of_the_invocation_writes_and_after_it_too(logs: Logs) -> None:
    for service in ("one", "two"):

        @handler(Logger(service=service))
        def place(event: object, context: object) -> None:
            kit_log.warning("inside")

        place({}, make_context(request_id="r"))
        kit_log.warning("outside")
    assert [(line["service"], line["message"], line.get("requestId")) for line in logs()] == [
        (service, message, "r" if message == "inside" else None)
        for service in ("one", "two")
        for message in ("inside", "outside")
    ]


PROGRAM = """
from lambda_kit import Logger, handler
from lambda_kit._kernel import log as kit_log

log = Logger(service="shop")


@handler(log)
def place(event, context):
    kit_log.warning("of the kit")
    kit_log.info("for information")
"""


@pytest.mark.parametrize("log_format", ["Text", "JSON"])
def test_under_the_runtime_client_a_record_of_the_kit_is_one_line(log_format: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(PROGRAM)
    with Environment("app.place", cwd=tmp_path, timeout=PATIENCE, log_format=log_format.lower()) as environment:
        outcome = environment.invoke({})
    lines = outcome.output.splitlines()
    assert len(lines) == 2, outcome.output
    assert all('"service":"shop"' in line and '"requestId"' in line for line in lines)
