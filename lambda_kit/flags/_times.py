"""The conditions about the time: times of day, ranges of dates, days of the week, each in a time zone."""

from __future__ import annotations

from datetime import datetime

from lambda_kit._kernel import callables, type_of
from lambda_kit.flags._problems import kind_of, shown, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.flags._model import Clock, Context, Test
    from lambda_kit.flags._problems import Problems

DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


def time_test(problems: Problems, action: str, value: Any, path: str) -> Test | None:
    """Return the test of a condition about the time; None if its value is wrong, which is noted.

    Args:
        problems: takes what is wrong.
        action: one of the actions `SCHEDULE_BETWEEN_…`.
        value: the value of the condition.
        path: the path of the value.
    """
    if type_of(value) is not dict:
        problems.add(path, f"must be an object, not {kind_of(value)}")
        return None
    problems.check_keys(value, "time", path)
    name: Any = value.get("TIMEZONE", "UTC")
    if not problems.check_string(name, within(path, "TIMEZONE")):
        return None
    try:
        zone = zone_of(name)
    except ValueError:
        hint = "" if problems.is_full else _closest_zone(name)  # it takes some milliseconds
        problems.add(within(path, "TIMEZONE"), f"names a time zone {shown(name)} that is unknown here{hint}")
        return None
    if action == "SCHEDULE_BETWEEN_DAYS_OF_WEEK":
        return _days_test(problems, value.get("DAYS"), zone, within(path, "DAYS"))
    read = _minute_of_day if action == "SCHEDULE_BETWEEN_TIME_RANGE" else _moment
    ends: list[Any] = []
    for end in ("START", "END"):
        given: Any = value.get(end)
        try:
            ends.append(read(given))
        except (TypeError, ValueError, AttributeError):
            example = "2026-11-23T08:00:00"
            wanted = "a time HH:MM" if read is _minute_of_day else f"a date and time without an offset, as {example}"
            problems.add(within(path, end), f"must be {wanted}, not {shown(given)}")
    if len(ends) < 2:
        return None
    return (_between_minutes if read is _minute_of_day else _between_moments)(ends[0], ends[1], zone)


def zone_of(name: str) -> Any:
    """Return the time zone with this name.

    Raises:
        ValueError: there is no such time zone, or this system has no time zones.
    """
    if name == "UTC":
        from datetime import timezone

        return timezone.utc  # noqa: UP017  # loaded already
    try:
        from zoneinfo import ZoneInfo

        return ZoneInfo(name)
    except Exception as error:
        raise ValueError(name) from error


def _days_test(problems: Problems, days: Any, zone: Any, path: str) -> Test | None:
    if type_of(days) is not list:
        problems.add(path, f"must be a list of days, not {kind_of(days)}")
        return None
    for i, day in enumerate(days):
        if day not in DAYS:
            hint = callables.closest(day.upper(), DAYS) if type_of(day) is str else ""
            problems.add(f"{path}[{i}]", f"names an unknown day {shown(day)}{hint}")
            return None
    wanted = frozenset(DAYS.index(day) for day in days)
    read = datetime.fromtimestamp
    return lambda context, now: read(now(), zone).weekday() in wanted


def _between_minutes(first: int, last: int, zone: Any) -> Test:
    """Return a test of the time of day: from one minute to another, both included, also across midnight."""
    read = datetime.fromtimestamp

    def test(context: Context, now: Clock) -> bool:
        moment = read(now(), zone)
        minute = moment.hour * 60 + moment.minute
        return first <= minute <= last if first <= last else minute >= first or minute <= last

    return test


def _between_moments(start: datetime, end: datetime, zone: Any) -> Test:
    """Return a test of date and time: between two moments on the clocks of the zone, both included."""
    first, last = start.replace(tzinfo=zone).timestamp(), end.replace(tzinfo=zone).timestamp()
    return lambda context, now: first <= now() <= last


def _minute_of_day(given: Any) -> int:
    hour, minute = (
        int(part) if len(part) == 2 and part.isascii() and part.isdigit() else -1 for part in given.split(":")
    )
    if not (0 <= hour < 24 and 0 <= minute < 60):
        raise ValueError(given)
    return hour * 60 + minute


def _moment(given: Any) -> datetime:
    moment = datetime.fromisoformat(given)
    if moment.tzinfo is not None:
        raise ValueError(given)
    return moment


def _closest_zone(name: str) -> str:
    try:
        from zoneinfo import available_timezones

        return callables.closest(name, available_timezones())
    except Exception:
        return ""
