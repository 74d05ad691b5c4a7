"""Streams of output: what is printed and what is logged comes in lines, however it is cut on its way."""

from __future__ import annotations

import struct
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.local._stream import Stream

LINES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\u00a0"), max_size=20)


def frame(message: str, at: float | None = None) -> bytes:
    encoded = message.encode()
    microseconds = int((time.time() if at is None else at) * 1e6)
    return struct.pack(">4sIQ", b"\xa5\x5a\x00\x13", len(encoded), microseconds) + encoded


def lines_of(data: bytes, cuts: list[int]) -> list[str]:
    """Return the lines of data that comes in parts."""
    found: list[str] = []
    stream = Stream(0, 7, lambda worker, line: found.append(line))
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in pairwise(places):
        stream.feed(data[start:end])
    stream.flush(final=True)
    return found


@given(st.lists(st.tuples(st.booleans(), LINES)), st.lists(st.integers(0)))
def test_lines_and_records_come_in_their_order_however_they_are_cut(
    parts: list[tuple[bool, str]], cuts: list[int]
) -> None:
    data = b"".join(frame(text) if framed else f"{text}\n".encode() for framed, text in parts)
    assert lines_of(data, cuts) == [f"{text}\n" for _, text in parts]


@given(st.binary(), st.lists(st.integers(0)))
def test_bytes_of_any_kind_come_out_as_text(data: bytes, cuts: list[int]) -> None:
    assert "".join(lines_of(data, cuts)) == "".join(lines_of(data, []))


def test_an_unfinished_line_is_not_mixed_with_a_record() -> None:
    assert lines_of(b"half " + frame("a record\n") + b"a line\n", []) == ["a record\n", "half a line\n"]


def test_a_record_of_several_lines_is_indented_by_spaces() -> None:
    assert lines_of(frame("[ERROR] ValueError\n\u00a0\u00a0File"), []) == ["[ERROR] ValueError\n", "  File\n"]


def test_a_record_that_is_cut_off_by_the_end_is_shown() -> None:
    assert lines_of(frame("a long record")[:-7], []) == ["a long\n"]


@pytest.mark.parametrize("at", [0.0, 4e9])
def test_bytes_that_only_begin_like_a_record_are_text(at: float) -> None:
    assert lines_of(frame("x\n", at) + b"next\n", [])[-1] == "next\n"
