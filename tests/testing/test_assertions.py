"""The searches and assertions on logs, metrics and spans, and what they say when they fail."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from typing import Any

import pytest

from lambda_kit import Logger, Metrics, Tracer, handler
from lambda_kit.errors import ConfigurationError
from lambda_kit.testing import (
    Logs,
    MetricValues,
    Spans,
    assert_logged,
    assert_metric,
    assert_spans,
    invoke,
    recorded,
    reset,
)
from tests.stepping import visit_each_step

LOGS = Logs(
    [
        {"level": "INFO", "message": "placing order", "order_id": "o-1", "timestamp": "2026-01-01T00:00:00Z"},
        {"level": "WARN", "message": "slow payment", "order_id": "o-2", "seconds": 3.5},
        {
            "level": "ERROR",
            "message": "payment failed",
            "order_id": "o-2",
            "exception": {"type": "CardRefused", "message": "no funds", "frames": [{"file": "a.py"}]},
        },
    ]
)


class CardRefused(Exception):
    pass


def failure(call: Any) -> str:
    """Return the message of the assertion that fails."""
    with pytest.raises(AssertionError) as caught:
        call()
    return str(caught.value)


def test_entries_are_found_by_equal_fields_patterns_members_types_and_functions() -> None:
    assert LOGS.find(order_id="o-2")["message"] == "slow payment"
    assert LOGS.find({"message": re.compile("^pay")})["level"] == "ERROR"
    assert LOGS.find(level="warning") is LOGS.find(level="WARN") is LOGS[1]
    assert LOGS.find(exception={"message": "no funds"}) is LOGS.find(exception=CardRefused) is LOGS[2]

    def long(seconds: float) -> bool:
        return seconds > 3

    assert LOGS.one(seconds=long) is LOGS[1]
    assert LOGS.find_all(order_id="o-2") == [LOGS[1], LOGS[2]]
    assert LOGS.find_all(order_id="o-3") == []
    assert LOGS.messages == ["placing order", "slow payment", "payment failed"]
    LOGS.assert_none(level="FATAL")


def test_a_missing_entry_is_told_with_the_closest_first_and_what_differs() -> None:
    assert failure(lambda: LOGS.find(level="ERROR", order_id="o-1", exception=ValueError)) == (
        "no log entry has level='ERROR', order_id='o-1', exception=ValueError\n"
        "the closest of 3 entries:\n"
        "  [2] ERROR 'payment failed'  order_id='o-2'  exception=CardRefused: no funds\n"
        "      order_id is 'o-2', not 'o-1'\n"
        "      exception is CardRefused: no funds, not ValueError\n"
        "  [0] INFO 'placing order'  order_id='o-1'\n"
        "      level is 'INFO', not 'ERROR'\n"
        "      exception is missing\n"
        "  [1] WARN 'slow payment'  order_id='o-2'  seconds=3.5\n"
        "      level is 'WARN', not 'ERROR'\n"
        "      order_id is 'o-2', not 'o-1'\n"
        "      exception is missing"
    )


def test_a_misspelt_field_gets_the_closest_name() -> None:
    assert "\nno entry has a field 'ordr_id'; did you mean 'order_id'?\n" in failure(lambda: LOGS.find(ordr_id="o-1"))


def test_of_many_entries_a_message_shows_five() -> None:
    many = Logs([{"level": "INFO", "message": f"step {number}"} for number in range(40)])
    message = failure(lambda: many.find(message="step 7b"))
    assert message.splitlines()[2] == "  [7] INFO 'step 7'"
    assert message.endswith("  and 35 more")


def test_one_and_none_show_the_entries_that_are_too_many() -> None:
    assert failure(lambda: LOGS.one(order_id="o-2")).splitlines() == [
        "2 log entries have order_id='o-2', not one:",
        "  WARN 'slow payment'  order_id='o-2'  seconds=3.5",
        "  ERROR 'payment failed'  order_id='o-2'  exception=CardRefused: no funds",
    ]
    assert failure(lambda: LOGS.assert_none(level="ERROR")).startswith(
        "1 log entry has level='ERROR', and none should:"
    )
    assert failure(lambda: Logs().one(level="INFO")) == "no log entry has level='INFO': nothing was logged"


def written() -> MetricValues:
    metrics = Metrics(namespace="Shop", service="orders")

    @handler(metrics)
    def place(event: object, context: object) -> None:
        metrics.metadata(order="o-1")
        metrics.add("OrdersPlaced", 1, dimensions={"tenant": "a"})
        metrics.add("OrdersPlaced", 2, dimensions={"tenant": "b"})
        metrics.add("Value", [9.5, 0.25], "None")

    return invoke(place).metrics


def test_a_metric_is_checked_by_value_total_unit_and_dimensions() -> None:
    metrics = written()
    assert metrics == {"Value": [9.5, 0.25], "OrdersPlaced": [1, 2]}
    assert metrics.assert_metric("OrdersPlaced", 1, tenant="a", service="orders") == [1]
    metrics.assert_metric("OrdersPlaced", [1, 2], total=3, unit="Count", namespace="Shop")
    metrics.assert_metric("Value", pytest.approx([9.5, 0.25]))
    metrics.assert_metric("OrdersPlaced", pytest.approx(2.0), tenant="b")
    metrics.assert_no_metric("OrdersPlaced", tenant="c")


def test_a_metric_that_differs_is_told_with_what_was_written_the_closest_first() -> None:
    metrics = written()
    assert failure(lambda: metrics.assert_metric("OrdersPlaced", 1, tenant="c", order="o-1")).splitlines()[:5] == [
        "the metric OrdersPlaced with dimension tenant 'c', dimension order 'o-1' was not written",
        "written:",
        "  OrdersPlaced 1 Count  service='orders'  tenant='a'  in Shop",
        "      the dimension tenant is 'a', not 'c'",
        "      order is metadata of the line, not a dimension",
    ]
    assert failure(lambda: metrics.assert_metric("OrderPlaced")).startswith(
        "the metric OrderPlaced was not written; did you mean 'OrdersPlaced'?\nwritten:\n  OrdersPlaced 1 Count"
    )
    assert failure(lambda: metrics.assert_metric("OrdersPlaced", 3)).startswith(
        "OrdersPlaced has the values [1, 2], not 3\npass a list for several values, or total=3 for their sum\n"
    )
    assert failure(lambda: metrics.assert_metric("OrdersPlaced", 2, tenant="a")).startswith(
        "OrdersPlaced with dimension tenant 'a' is 1, not 2\n"
    )
    assert failure(lambda: metrics.assert_metric("Value", total=9)).startswith("the total of Value is 9.75, not 9\n")
    assert "the unit is 'Count', not 'Bytes'" in failure(lambda: metrics.assert_metric("OrdersPlaced", unit="Bytes"))
    assert "it has no dimension 'tennant'; did you mean 'tenant'?" in failure(
        lambda: metrics.assert_metric("OrdersPlaced", tennant="a")
    )
    assert failure(lambda: metrics.assert_no_metric("Value")) == (
        "Value was written, and should not be:\n  Value [9.5, 0.25]  service='orders'  in Shop"
    )
    assert failure(lambda: MetricValues().assert_metric("Value")).endswith(": no metrics were written")


def traced() -> Spans:
    tracer = Tracer()

    @handler(tracer)
    def place(event: object, context: object) -> None:
        with tracer.span("load"):
            pass
        with tracer.span("charge") as span, tracer.span("card"):
            span.annotate(order="o-1")

    return invoke(place).spans


def test_trees_of_spans_are_compared_by_name_and_dots_stand_for_others() -> None:
    spans = traced()
    spans.assert_spans(("place", "load", ("charge", "card")))
    spans.assert_spans(("place", ..., ("charge", ...)))
    spans.assert_spans(("place", "load", ...))
    spans.assert_spans(...)
    assert spans.find("charge", order="o-1").names() == ("charge", "card")
    assert spans.find_all("charge", order="o-2") == []
    assert spans.names() == (("place", "load", ("charge", "card")),)


def test_trees_that_differ_are_shown_line_by_line() -> None:
    spans = traced()
    message = failure(lambda: spans.assert_spans(("place", ("charge", "card"), "mail")))
    assert message.startswith(
        "the spans differ (- expected, + recorded)\n"
        "    place\n"
        "  +   load\n"
        "      charge\n"
        "        card\n"
        "  -   mail\n"
        "recorded:\n  place  "
    )
    assert failure(lambda: spans.find("chrage")).startswith(
        "no span has the name 'chrage'; did you mean 'charge'?\nrecorded:\n  place "
    )
    assert failure(lambda: spans.find("charge", order="o-2")) == (
        "no span has the name 'charge' and the annotations order='o-2'; their annotations:\n  charge  order='o-1'"
    )


def test_a_test_without_spans_is_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_KIT_TRACER", "none")
    assert failure(lambda: traced().assert_spans("place")) == (
        "no spans were recorded: LAMBDA_KIT_TRACER='none' in the environment sends them elsewhere\nexpected:\n  place"
    )


def test_a_message_ends_with_the_error_of_the_handler() -> None:
    @handler
    def place(event: dict[str, str], context: object) -> str:
        return event["id"]

    result = invoke(place)
    for call in (
        lambda: result.logs.find(level="INFO"),
        lambda: result.assert_metric("Orders"),
        lambda: result.assert_spans("place"),
        lambda: assert_metric("Orders"),
    ):
        assert failure(call).endswith("\nthe handler raised KeyError: 'id'")


def test_the_functions_are_about_the_open_recording_else_about_the_last_invocation() -> None:
    log, metrics, tracer = Logger(), Metrics(namespace="Shop", service="s"), Tracer()

    @handler(log, metrics, tracer)
    def place(event: dict[str, str], context: object) -> None:
        log.info("placed", order_id=event["id"])
        metrics.add("Orders", 1)

    invoke(place, {"id": "o-1"})
    invoke(place, {"id": "o-2"})
    assert assert_logged(message="placed")["order_id"] == "o-2"
    assert_metric("Orders", 1)
    assert_spans("place")
    with recorded() as seen:
        invoke(place, {"id": "o-3"}, cold=True)
        place({"id": "o-4"}, None)
        logging.getLogger("shop").warning("done")
        assert_metric("Orders", total=2)
        assert_spans("place", "place")
    assert seen.logs.messages == ["placed", "placed", "done"]
    assert assert_logged(message="placed")["order_id"] == "o-3"
    reset()
    with pytest.raises(ConfigurationError, match="nothing was recorded: call invoke"):
        assert_metric("Orders")


def test_other_threads_may_log_while_a_recording_opens_or_ends() -> None:
    def record(_: None) -> None:
        with recorded():
            pass

    def log(_: None) -> None:
        logging.getLogger("shop").warning("done")

    def check(_: None, __: str) -> None: ...

    assert visit_each_step(record, log, prepare=lambda: None, check=check) > 5


def test_what_a_recording_sees_is_still_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with recorded() as seen:
        print("plain")
        Logger().info("placed")
    printed = capsys.readouterr().out.splitlines()
    assert (printed[0], len(printed), seen.logs.messages) == ("plain", 2, ["placed"])


def test_entries_are_read_from_the_text_of_a_process() -> None:
    assert Logs.parse('START\n{"level": "INFO", "message": "a"}\n{not json}\n{"message": "b"}').messages == ["a", "b"]


SCRIPT = """
import unittest
from lambda_kit import Logger, Metrics, handler
from lambda_kit.testing import assert_metric, freeze_clock, invoke

log, metrics = Logger(service="shop"), Metrics(namespace="Shop", service="shop")

@handler(log, metrics)
def place(event, context):
    log.info("placed", order_id=event["id"])
    metrics.add("Orders", 1)

class Orders(unittest.TestCase):
    def setUp(self):
        self.clock = self.enterContext(freeze_clock("2026-01-02T03:04:05Z"))

    def test_placed(self):
        result = invoke(place, {"id": "o-1"}, cold=True)
        self.assertEqual(result.logs.one(order_id="o-1")["timestamp"], "2026-01-02T03:04:05.000Z")
        assert_metric("Orders", 1, service="shop")

    def test_missing(self):
        with self.assertRaisesRegex(AssertionError, "the closest|the only entry"):
            invoke(place, {"id": "o-1"}).logs.one(order_id="o-2")

unittest.main(exit=False)
import sys
assert not [name for name in sys.modules if name.partition(".")[0] in ("pytest", "_pytest")]
"""


def test_all_of_it_works_under_unittest_without_pytest() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "OK"), done.stderr
