"""The time of a line, and its limit: it never exceeds what CloudWatch takes, says how much is missing, and parses."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_kit import Logger
from lambda_kit.logger import _line
from lambda_kit.logger._line import LIMIT, join, place, timestamp
from tests.effort import scaled

if TYPE_CHECKING:
    from collections.abc import Callable

PIECES = ["a", '"', "\\", "\n", "\x01", "é", "€", "😀", "\\u", "\\\\u00", "\ud800", "[", "{}"]
MISSING = re.compile(r"… \[cut: (\d+) more characters\]$")


def size(line: str) -> int:
    return len(line.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1_000_000_000.9996, "2001-09-09T01:46:40.999Z"),
        (math.nextafter(2_000_000_000.0, 0), "2033-05-18T03:33:19.999Z"),
        (1_999_999_999.25, "2033-05-18T03:33:19.250Z"),
    ],
)
def test_the_time_is_cut_to_milliseconds_also_when_the_clock_goes_back(now: float, text: str) -> None:
    assert timestamp(now) == text


def test_each_second_begins_with_its_own_text() -> None:
    assert [timestamp(now)[17:] for now in (60.0, 60.5, 61.0, 61.999, 61.0, 60.999)] == [
        *("00.000Z", "00.500Z", "01.000Z", "01.999Z", "01.000Z", "00.999Z")
    ]


def test_a_place_without_code_or_module_is_a_question_mark() -> None:
    assert place(100_000) == '"?"'
    made: dict[str, Any] = {"place": place}
    exec("found = place(0)", made)
    assert made["found"] == '"?.<module>:1"'


def test_places_of_code_that_is_made_at_run_time_do_not_fill_the_memory() -> None:
    kept: list[int] = []
    for _ in range(2_010):
        exec("place(0)", {"place": place})
        kept.append(len(_line._places))
    assert max(kept) == 2_000


def test_a_line_and_what_cloudwatch_adds_to_it_are_256_kib_at_most() -> None:
    assert LIMIT + 26 == 262_144


def as_text(length: int) -> str:
    """Return the JSON text of a text, `length` bytes long with its quotes."""
    return f'"{"x" * (length - 2)}"'


def test_a_line_of_exactly_the_limit_is_whole_and_one_of_a_byte_more_is_cut() -> None:
    room = LIMIT - len('{"a":}\n')
    assert join({'"a"': as_text(room)}) == f'{{"a":{as_text(room)}}}\n'
    cut = join({'"a"': as_text(room + 1)})
    assert len(cut) <= LIMIT
    assert MISSING.search(json.loads(cut)["a"])


def test_a_line_is_cut_no_further_than_the_limit() -> None:
    short = {f'"{number:03d}"': as_text(992) for number in range(261)}  # each takes 1,000 bytes, and is not cut
    lines = [join({**short, '"long"': as_text(3_000), '"other"': as_text(other)}) for other in range(280, 350)]
    assert max(map(size, lines)) == LIMIT
    whole = [line for line in lines if "cut" not in json.loads(line)]
    assert max(map(size, whole)) == LIMIT


def test_as_many_values_are_cut_as_need_be() -> None:
    line = join({f'"{number:03d}"': as_text(5_000) for number in range(100)})
    assert LIMIT - 4_000 < len(line) <= LIMIT
    values = list(json.loads(line).values())
    assert len(values) == 100
    assert all(len(value) == 4_998 or MISSING.search(value) for value in values)
    assert min(len(value.partition("… [cut")[0]) for value in values) == 999  # a thousand bytes with the quote


def test_values_that_are_short_are_kept_whole_or_not_at_all() -> None:
    line = join({f'"{number:03d}"': as_text(1_060) for number in range(300)})
    entry = json.loads(line)
    left = 300 - (len(entry) - 1)
    assert entry.pop("cut") == f"{left} more fields"
    assert set(entry.values()) == {"x" * 1_058}
    assert len(line) > LIMIT - 1_200


def test_if_cutting_all_values_is_not_enough_as_many_of_the_cut_ones_are_kept_as_fit() -> None:
    line = join({f'"{number:03d}"': as_text(2_000) for number in range(400)})
    assert LIMIT - 1_200 < len(line) <= LIMIT
    entry = json.loads(line)
    assert entry.pop("cut") == f"{400 - len(entry)} more fields"
    assert all(MISSING.search(value) for value in entry.values())


def test_of_thousands_of_members_as_many_are_kept_as_fit() -> None:
    line = join({'"cut"': '"mine"', **{f'"{number:05d}"': as_text(number % 9 + 2) for number in range(30_000)}})
    assert LIMIT - 150 < len(line) <= LIMIT
    entry = json.loads(line)
    assert entry["cut"] == "mine"
    assert entry["cut_"] == f"{30_001 - (len(entry) - 1)} more fields"


@pytest.mark.parametrize(
    ("unit", "longest"),
    [(r"\u0001", 6), (r"\n", 2), (r"\\", 2), (r"\\u0001", 2), ("é", 2), ("\ud800", 3)],
    ids=["control character", "line break", "backslash", "backslash and text", "two bytes", "lone surrogate"],
)
def test_a_text_is_cut_only_before_a_character_that_does_not_fit(unit: str, longest: int) -> None:
    text = f'"{unit * 600}"'
    for size_of_start in range(1_000, 1_020):
        start = json.loads(_line._cut(text, size_of_start)).partition("… [cut")[0]
        assert json.loads(text).startswith(start)
        assert 0 <= size_of_start - 1 - (size(json.dumps(start, ensure_ascii=False)) - 2) < longest


def test_a_line_of_any_length_fits_and_parses(writes: list[str]) -> None:
    @settings(max_examples=scaled(40))
    @given(
        pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=7),
        over=st.integers(-2_000, 400_000),
        place=st.sampled_from(["message", "field", "nested", "key", "bound", "many"]),
    )
    def check(pieces: list[str], over: int, place: str) -> None:
        writes.clear()
        unit = "".join(pieces)
        each = size(json.dumps(unit, ensure_ascii=False)) - 2
        text = unit * ((LIMIT + over) // each + 1)
        log_it(place, text, unit)
        (line,) = writes
        assert size(line) <= LIMIT
        entry = json.loads(line)
        assert entry["level"] == "INFO"
        if over > 0 and place in ("message", "field"):
            found = entry["message"] if place == "message" else entry["text"]
            missing = MISSING.search(found)
            assert missing is not None
            assert text.replace("\ud800", "\ufffd").startswith(found[: missing.start()])
            assert size(line) > LIMIT - 200, "no more is cut than must be"

    check()


def log_it(place: str, text: str, unit: str) -> None:
    log = Logger()
    if place == "message":
        log.info(text)
    elif place == "bound":
        with log.bind(text=text):
            log.info("x")
    else:
        made: dict[str, Any] = {
            "field": {"text": text, "after": 1},
            "nested": {"text": {"a": [text]}, "after": 1},
            "key": {text: 1, "after": 1},
            "many": {f"{i}-{unit}": unit for i in range(len(text) // len(unit) // 10 + 1)},
        }
        log.info("x", **made[place])


@given(
    st.text(st.characters(), min_size=1),
    st.integers(1, 40),
    st.sampled_from(["\\", '"', "\n", "\x01", "é", "\\u0041", "\x7f"]),
)
def test_a_text_is_cut_between_its_escapes(start: str, shift: int, repeated: str) -> None:
    text = start + "x" * shift + repeated * (300_000 // len(repeated))
    line = join({'"message"': json.dumps(text, ensure_ascii=False)})
    assert size(line) <= LIMIT
    message = json.loads(line)["message"]
    kept = MISSING.sub("", message)
    assert text.startswith(kept)


def test_the_marker_counts_what_is_missing(logs: Callable[[], list[dict[str, Any]]]) -> None:
    Logger().info("x", text="a" * 400_000)
    text = logs()[0]["text"]
    missing = MISSING.search(text)
    assert missing is not None
    assert missing.start() + int(missing[1]) == 400_000


def test_several_large_values_are_cut_the_largest_first(logs: Callable[[], list[dict[str, Any]]]) -> None:
    Logger().info("m" * 1_000, large="a" * 300_000, larger="b" * 400_000, small="c" * 900)
    (line,) = logs()
    assert (line["message"], line["small"]) == ("m" * 1_000, "c" * 900)
    assert MISSING.search(line["larger"])
    assert MISSING.search(line["large"])


def test_what_does_not_fit_by_the_number_of_fields_is_counted(logs: Callable[[], list[dict[str, Any]]]) -> None:
    fields = {f"field{i}": "v" * 500 for i in range(1_000)}
    Logger().info("x", **fields)
    (line,) = logs()
    kept = [name for name in line if name.startswith("field")]
    assert line["message"] == "x"
    assert line["cut"] == f"{1_000 - len(kept)} more fields"
    assert kept == list(fields)[: len(kept)]


def test_a_huge_name_goes_and_the_fields_behind_it_stay(logs: Callable[[], list[dict[str, Any]]]) -> None:
    Logger().info("x", **{"n" * 300_000: 1, "a": 2})
    (line,) = logs()
    assert (line["a"], line["cut"]) == (2, "1 more fields")


def test_a_huge_exception_stays_an_exception(logs: Callable[[], list[dict[str, Any]]]) -> None:
    error = ExceptionGroup("all", [ValueError("v" * 100_000) for _ in range(200)])
    error.add_note("n" * 100_000)
    for one in error.exceptions:
        one.__cause__ = KeyError("k" * 100_000)
    Logger().error("x", exc_info=ValueError("v" * 1_000_000))
    Logger().error("y", exc_info=error)
    simple, group = logs()
    assert simple["exception"]["type"] == "ValueError"
    assert MISSING.search(simple["exception"]["message"])
    assert group["level"] == "ERROR"
    assert "exception" in group


@pytest.mark.parametrize("size_of_text", [LIMIT - 400, LIMIT - 100, LIMIT, LIMIT + 1])
def test_at_the_limit_itself_a_line_is_whole_or_marked(size_of_text: int, writes: list[str]) -> None:
    Logger().info("x", text="a" * size_of_text)
    (line,) = writes
    assert len(line) <= LIMIT
    text = json.loads(line)["text"]
    assert text == "a" * size_of_text or MISSING.search(text)
