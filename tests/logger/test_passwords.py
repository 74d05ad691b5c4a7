"""No line shows a password that another library has put into the text of an exception."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Logger, handler
from lambda_kit._kernel import log as kit_log
from lambda_kit.testing import invoke

if TYPE_CHECKING:
    from collections.abc import Callable

    Logs = Callable[[], list[dict[str, Any]]]


def test_the_names_are_those_that_the_logger_hides(logs: Logs) -> None:
    error = ValueError("iban=DE00 password=hidden")
    Logger(redact=(..., "iban")).error("a", exc_info=error)
    Logger(redact=()).error("b", exc_info=error)
    first, second = [line["exception"]["message"] for line in logs()]
    assert first == "iban=[redacted] password=[redacted]"
    assert second == "iban=DE00 password=hidden"


class UnreachableError(Exception):
    """What a driver raises: with its connection string."""


def connect() -> None:
    try:
        raise OSError("redis://:hidden@db:6379/0")
    except OSError as error:
        error.add_note("tried password=hidden")
        raise UnreachableError("{'password': 'hidden'}") from error


@pytest.mark.parametrize("names", ["kit", "powertools"])
def test_no_line_shows_a_password_of_an_exception_its_causes_its_notes_or_its_members(logs: Logs, names: Any) -> None:
    log = Logger(names=names)
    log.capture_stdlib()

    @handler(log)
    def fail(event: Any, context: object) -> None:
        try:
            connect()
        except UnreachableError as error:
            log.exception("a", reason=error, reasons=[error])
            log.error("it failed: %s", error)
            log.error(error)
            logging.getLogger("driver").exception("b %s", error)
            kit_log.warning("c %s", error)
            raise ExceptionGroup("secret='hidden'", [error]) from None

    result = invoke(fail, {})
    lines = logs() or result.logs
    assert len(lines) >= 6
    told = json.dumps(lines)
    assert "hidden" not in told
    assert "UnreachableError" in told
