"""Unit tests of the trace header: reading X-Ray's form and W3C's, whatever they contain."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.tracer import _header as header

TRACE = "1-5759e988-bd862e3fe1be46a994272793"
PARENT = "53995c3f42cd8ad8"
W3C = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
HEX = "0123456789abcdef"


@given(st.text(HEX, min_size=32, max_size=32), st.text(HEX, min_size=16, max_size=16), st.integers(0, 255))
def test_a_traceparent_is_read_as_it_is_written(trace: str, parent: str, flags: int) -> None:
    root = header.parse_traceparent(f" 00-{trace}-{parent}-{flags:02x} ")
    if not trace.strip("0") or not parent.strip("0"):
        assert root is None
    else:
        assert root is not None
        assert root.traceparent(root.parent_id) == f"00-{trace}-{parent}-{flags & 1:02x}"
        assert root.sampled == bool(flags & 1)


@pytest.mark.parametrize(
    "text",
    [
        None, 5, "", "00", W3C.upper(), f"{W3C}-x", W3C.replace("00-", "ff-", 1), W3C.replace("0af", "0AF"), W3C[:-1],
        W3C.replace("b7ad6b7169203331", "0" * 16), W3C.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32), "a-b-c-d",
    ],
)  # fmt: skip
def test_a_traceparent_that_is_malformed_is_as_none(text: Any) -> None:
    assert header.parse_traceparent(text) is None


def test_a_traceparent_of_a_later_version_may_have_more() -> None:
    assert header.parse_traceparent(f"{W3C.replace('00-', '01-', 1)}-More") is not None


@given(st.text())
def test_no_header_makes_the_reading_fail(text: str) -> None:
    header.parse(text)
    header.parse_traceparent(text)


@given(st.integers(0, 73), st.characters(codec="utf-8"))
def test_ids_are_read_only_if_they_are_hexadecimal_whichever_character_is_another(at: int, char: str) -> None:
    usual = f"Root={TRACE};Parent={PARENT};Sampled=1"
    text = f"{usual[:at]}{char}{usual[at + 1 :]}"
    root = header.parse(text)
    if root is not None:
        assert re.fullmatch("1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}", root.trace_id)
        assert re.fullmatch("[0-9a-fA-F]{16}", root.parent_id)
    elif re.fullmatch("Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=1", text):
        pytest.fail(f"{text!r} was not read")


@pytest.mark.parametrize(
    "text",
    [
        f"Root={TRACE};Parent={PARENT};Sampled=1",
        f"Root={TRACE};Parent={PARENT};Sampled=1;Lineage=25:a87bd80c:1",
        f"Self=1-1-1;Sampled=1; Parent={PARENT} ;Root={TRACE}",
        f"Root={TRACE.upper()};Parent={PARENT.upper()};Sampled=1",
    ],
)
def test_a_header_is_read_in_any_order_and_case(text: str) -> None:
    root = header.parse(text)
    assert root is not None
    assert (root.trace_id.lower(), root.parent_id.lower(), root.sampled) == (TRACE, PARENT, True)
