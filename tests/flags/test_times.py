"""The actions about the time, to the second: ends, midnight, zones, and the days on which clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lambda_kit.flags._schema import compile_flags

KEYS = {"TIME_RANGE": "CURRENT_TIME", "DATETIME_RANGE": "CURRENT_DATETIME", "DAYS_OF_WEEK": "CURRENT_DAY_OF_WEEK"}


def holds(action: str, value: dict[str, Any], moment: str) -> bool:
    """Tell whether a condition holds at a moment, which is told in UTC."""
    condition = {"action": f"SCHEDULE_BETWEEN_{action}", "key": KEYS[action], "value": value}
    flag = {"default": False, "rules": {"rule": {"when_match": True, "conditions": [condition]}}}
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    return bool(compile_flags({"flag": flag})["flag"].decide({}, lambda: now).value)


@pytest.mark.parametrize(
    ("start", "end", "inside", "outside"),
    [
        ("08:00", "17:30", ["08:00:00", "12:00:00", "17:30:59.999"], ["07:59:59.999", "17:31:00", "00:00:00"]),
        ("22:00", "06:00", ["22:00:00", "23:59:59", "00:00:00", "06:00:59"], ["21:59:59", "06:01:00", "12:00:00"]),
        ("17:30", "17:10", ["17:30:00", "00:00:00", "17:10:59"], ["17:11:00", "17:29:59"]),
        ("12:00", "12:00", ["12:00:00", "12:00:59"], ["11:59:59", "12:01:00"]),
        ("00:00", "23:59", ["00:00:00", "12:00:00", "23:59:59.999"], []),
    ],
)
def test_both_minutes_of_a_range_of_times_are_within_it(
    start: str, end: str, inside: list[str], outside: list[str]
) -> None:
    value = {"START": start, "END": end}
    assert [time for time in inside if not holds("TIME_RANGE", value, f"2026-11-27T{time}")] == []
    assert [time for time in outside if holds("TIME_RANGE", value, f"2026-11-27T{time}")] == []


@pytest.mark.parametrize(
    ("zone", "utc", "within"),
    [
        ("UTC", "2026-11-27T08:30:00", True),
        ("Europe/Zurich", "2026-11-27T07:30:00", True),
        ("Europe/Zurich", "2026-07-27T06:30:00", True),  # an hour earlier in summer
        ("Europe/Zurich", "2026-07-27T07:30:00", False),
        ("Asia/Kolkata", "2026-11-27T03:00:00", True),  # half an hour off
        ("Pacific/Kiritimati", "2026-11-26T18:30:00", True),  # a day ahead
    ],
)
def test_times_are_those_of_the_clocks_of_the_zone(zone: str, utc: str, within: bool) -> None:
    assert holds("TIME_RANGE", {"START": "08:00", "END": "08:59", "TIMEZONE": zone}, utc) is within


def test_an_hour_that_comes_twice_is_within_both_times_and_one_that_is_left_out_never() -> None:
    value = {"START": "02:00", "END": "02:59", "TIMEZONE": "Europe/Zurich"}
    autumn = {
        "2026-10-24T23:59:59": False,
        "2026-10-25T00:00:00": True,
        "2026-10-25T00:59:59": True,
        "2026-10-25T01:00:00": True,  # 02:00 again
        "2026-10-25T01:59:59": True,
        "2026-10-25T02:00:00": False,
    }
    assert {utc: holds("TIME_RANGE", value, utc) for utc in autumn} == autumn
    for minute in range(0, 240, 5):  # 2026-03-29: the clocks go from 01:59 to 03:00
        assert not holds("TIME_RANGE", value, f"2026-03-29T{minute // 60:02}:{minute % 60:02}:00")


@pytest.mark.parametrize(
    ("value", "inside", "outside"),
    [
        (
            {"START": "2026-11-27T08:00:00", "END": "2026-11-29T18:00:00"},
            ["2026-11-27T08:00:00", "2026-11-28T00:00:00", "2026-11-29T18:00:00"],
            ["2026-11-27T07:59:59.999", "2026-11-29T18:00:00.001", "2025-11-28T00:00:00"],
        ),
        (
            {"START": "2026-11-27", "END": "2026-11-28"},
            ["2026-11-27T00:00:00", "2026-11-28T00:00:00"],
            ["2026-11-26T23:59:59", "2026-11-28T00:00:01"],
        ),
        (
            {"START": "2026-11-27T08:00:00", "END": "2026-11-27T09:00:00", "TIMEZONE": "America/New_York"},
            ["2026-11-27T13:00:00", "2026-11-27T14:00:00"],
            ["2026-11-27T08:30:00", "2026-11-27T12:59:59", "2026-11-27T14:00:01"],
        ),
        (  # over a night in which the clocks are put back: twenty-five hours
            {"START": "2026-10-24T12:00:00", "END": "2026-10-25T12:00:00", "TIMEZONE": "Europe/Zurich"},
            ["2026-10-24T10:00:00", "2026-10-25T11:00:00"],
            ["2026-10-24T09:59:59", "2026-10-25T11:00:01"],
        ),
        ({"START": "0001-01-01", "END": "9999-12-31T23:59:59", "TIMEZONE": "Asia/Tokyo"}, ["2026-11-27T00:00:00"], []),
        ({"START": "9999-12-31", "END": "0001-01-01", "TIMEZONE": "America/New_York"}, [], ["2026-11-27T00:00:00"]),
    ],
)
def test_both_moments_of_a_range_are_within_it(value: dict[str, Any], inside: list[str], outside: list[str]) -> None:
    assert [moment for moment in inside if not holds("DATETIME_RANGE", value, moment)] == []
    assert [moment for moment in outside if holds("DATETIME_RANGE", value, moment)] == []


DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


@pytest.mark.parametrize(("number", "day"), list(enumerate(DAYS)))
def test_a_day_of_the_week_lasts_from_midnight_to_midnight(number: int, day: str) -> None:
    found = [i for i in range(7) if holds("DAYS_OF_WEEK", {"DAYS": [day]}, f"2026-11-{23 + i}T23:59:59")]
    assert found == [number]  # the 23rd is a Monday
    assert holds("DAYS_OF_WEEK", {"DAYS": [day, day]}, f"2026-11-{23 + number}T00:00:00")
    assert not holds("DAYS_OF_WEEK", {"DAYS": []}, f"2026-11-{23 + number}T00:00:00")


def test_a_day_of_the_week_is_that_of_the_zone() -> None:
    value = {"DAYS": ["SATURDAY"], "TIMEZONE": "Asia/Tokyo"}
    assert holds("DAYS_OF_WEEK", value, "2026-11-27T15:00:00")
    assert not holds("DAYS_OF_WEEK", value, "2026-11-28T15:00:00")


def test_a_context_cannot_say_what_the_time_is() -> None:
    condition = {
        "action": "SCHEDULE_BETWEEN_TIME_RANGE",
        "key": "CURRENT_TIME",
        "value": {"START": "08:00", "END": "09:00"},
    }
    flag = {"default": False, "rules": {"rule": {"when_match": True, "conditions": [condition]}}}
    decide = compile_flags({"flag": flag})["flag"].decide
    assert decide({"CURRENT_TIME": "08:30"}, lambda: 0.0).value is False
