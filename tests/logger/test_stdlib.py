"""`capture_stdlib`: records of `logging` take the same shape and context, once each."""

from __future__ import annotations

import logging
import socket
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Logger, handler
from lambda_kit.testing import make_context, reset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Logs = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _released() -> Iterator[None]:
    yield
    reset()


def captured() -> logging.Logger:
    """Capture, in the test itself, because pytest adds its handlers as it begins; return a logger of the library."""
    Logger(service="shop").capture_stdlib()
    return logging.getLogger("app.part")


def test_a_record_has_the_shape_and_the_context_of_a_line(logs: Logs) -> None:
    std = captured()
    log = Logger()

    @handler
    def place(event: object, context: object) -> None:
        with log.bind(a=1):
            std.warning("%s of %d", "one", 2, extra={"order_id": "o", "password": "p", "logger": "mine", "level": 3})

    place({}, make_context(request_id="r"))
    (line,) = logs()
    assert (line["message"], line["level"], line["logger"], line["service"]) == ("one of 2", "WARN", "mine", "shop")
    assert (line["requestId"], line["a"], line["order_id"]) == ("r", 1, "o")
    assert (line["password"], line["level_"]) == ("[redacted]", 3)
    assert line["location"].startswith("test_stdlib.place:")
    assert "args" not in line


@pytest.mark.parametrize(
    ("message", "args", "shown"),
    [
        ("%(a)s", ({"a": 1},), "1"),
        ({"a": 1, "token": "t"}, (), {"a": 1, "token": "[redacted]"}),
        (ValueError("v"), (), "ValueError: v"),
        ("50%", (), "50%"),
        ("%d", ("x",), "%d"),
    ],
)
def test_messages_of_every_form_come_through(message: Any, args: tuple[Any, ...], shown: Any, logs: Logs) -> None:
    std = captured()
    std.error(message, *args)
    (line,) = logs()
    assert line["message"] == shown
    assert ("loggingError" in line) == (shown == "%d")


def test_exceptions_and_stacks_come_through(logs: Logs) -> None:
    std = captured()
    try:
        raise ValueError("v")
    except ValueError:
        std.exception("x")
        std.info("y", stack_info=True)
    first, second = logs()
    assert first["exception"]["message"] == "v"
    assert second["stack"].startswith("Stack (most recent call last):")


def test_records_below_the_level_are_not_made_and_sampling_does_not_change_that(logs: Logs) -> None:
    Logger(level="WARN", buffer=10_000, sample_rate=1.0).capture_stdlib()
    std = logging.getLogger("app.part")
    assert not std.isEnabledFor(logging.INFO)
    std.warning("x")
    assert [line["level"] for line in logs()] == ["WARN"]


def test_captured_twice_a_record_is_one_line_by_the_latter(logs: Logs) -> None:
    for service in ("one", "two"):
        Logger(service=service).capture_stdlib()
    logging.getLogger("x").warning("w")
    (line,) = logs()
    assert line["service"] == "two"


def test_a_reset_brings_handlers_and_level_back(logs: Logs) -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    Logger(level="DEBUG").capture_stdlib()
    later = logging.NullHandler()
    root.addHandler(later)
    reset()
    assert (root.handlers, root.level) == ([*before, later], level)
    root.removeHandler(later)
    logging.getLogger("x").warning("w")
    assert logs() == []


def test_a_logger_that_does_not_propagate_keeps_to_itself(logs: Logs) -> None:
    std = captured()
    std.propagate = False
    std.addHandler(logging.NullHandler())
    try:
        std.error("x")
    finally:
        std.propagate = True
        std.handlers.clear()
    assert logs() == []


def test_a_record_class_with_its_own_messages_is_asked_for_them(logs: Logs) -> None:
    std = captured()

    class Braces(logging.LogRecord):
        def getMessage(self) -> str:
            return str(self.msg).format(*(self.args or ()))

    factory = logging.getLogRecordFactory()
    logging.setLogRecordFactory(Braces)
    try:
        std.info("{} {}", 1, 2)
    finally:
        logging.setLogRecordFactory(factory)
    assert logs()[0]["message"] == "1 2"


def test_a_value_that_logs_while_it_is_written_does_not_go_on_forever(logs: Logs) -> None:
    std = captured()

    class Chatty:
        def __str__(self) -> str:
            std.info("I am %s", Chatty())
            return "chatty"

    std.info("x %s", Chatty(), extra={"value": Chatty()})
    assert logs()[-1]["message"] == "x chatty"


def test_a_record_made_by_hand_with_odd_parts_raises_nothing(logs: Logs, capfd: pytest.CaptureFixture[str]) -> None:
    std = captured()
    for parts in ({"levelno": -5, "msg": "a"}, {"levelno": 50, "msg": "b", "exc_info": True, "args": 5}):
        std.handle(logging.makeLogRecord(parts))
    assert [line["level"] for line in logs()] == ["FATAL"]


@pytest.fixture
def _botocore_as_imported() -> Iterator[None]:
    """Functions that other tests import may have changed the level of botocore's loggers."""
    logger = logging.getLogger("botocore")
    level = logger.level
    logger.setLevel(logging.NOTSET)
    yield
    logger.setLevel(level)


@pytest.mark.usefixtures("_botocore_as_imported")
def test_the_lines_of_botocore_and_urllib3_take_the_same_shape(logs: Logs) -> None:
    boto3: Any = pytest.importorskip("boto3")
    from botocore.config import Config

    Logger(level="DEBUG").capture_stdlib()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        client = boto3.client(
            "dynamodb",
            region_name="us-east-1",
            endpoint_url=endpoint,
            aws_access_key_id="x",
            aws_secret_access_key="x",
            config=Config(retries={"max_attempts": 1}, connect_timeout=1),
        )
        with pytest.raises(Exception, match="Could not connect"):
            client.list_tables()
    names = {line["logger"] for line in logs()}
    assert any(name.startswith("botocore.") for name in names)
    logging.getLogger("urllib3.connectionpool").warning("Retrying (%r)", {"total": 1})
    assert logs()[0]["message"] == "Retrying ({'total': 1})"


def test_the_kits_own_warnings_and_those_of_python_come_through(logs: Logs) -> None:
    captured()
    logging.getLogger("lambda_kit").warning("a warning of the kit")
    logging.captureWarnings(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("one of Python", UserWarning, stacklevel=1)
    finally:
        logging.captureWarnings(False)
    first, second = logs()
    assert (first["logger"], second["logger"]) == ("lambda_kit", "py.warnings")


def test_fields_of_yours_keep_their_names_whatever_the_runtime_client_calls_its_own(logs: Logs) -> None:
    Logger().capture_stdlib()
    logging.getLogger("shop").error("x", extra={"tenant_id": "t-1", "aws_request_id": "r-1"})
    (line,) = logs()
    assert (line["tenant_id"], line["aws_request_id"]) == ("t-1", "r-1")


@pytest.mark.parametrize(("given", "shown"), [(1, True), (0, False), (True, True), (False, False)])
def test_exc_info_is_a_yes_or_no_in_any_form(given: Any, shown: bool, logs: Logs) -> None:
    try:
        raise ValueError("x")
    except ValueError:
        Logger().error("failed", exc_info=given)
    (line,) = logs()
    assert ("exception" in line, "exc_info" in line) == (shown, False)
