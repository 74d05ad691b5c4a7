"""One log line: its time, its place in the code, and its text within the platform's limit."""

from __future__ import annotations

import sys
import time

from lambda_kit._kernel.json_text import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

# A log event of CloudWatch holds 256 KiB, 26 bytes of which are its own:
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
LIMIT = 256 * 1024 - 26
SAFE = LIMIT // 6  # this many characters always fit: control characters take six bytes
_SHORTEST = 1_000  # bytes that a cut value keeps at least
_MARKER = 60  # bytes that the marker may take
_MAX_PLACES = 2_000

_now = time.time
_frame = sys._getframe
_second: tuple[float, str] = (float("inf"), "")  # the start of the last second, and its text; no time comes after inf
_day: tuple[int, str] = (-1, "")  # the last day, and its text
_two = [f"{number:02d}" for number in range(60)]
_millis: list[str] = [""] * 1000  # texts of milliseconds, made on first use
_places: dict[tuple[int, int], tuple[str, CodeType]] = {}


def timestamp(now: float | None = None) -> str:
    """Return a time, by default the present, in RFC 3339, in UTC with milliseconds: `2026-11-23T06:00:00.000Z`."""
    global _second
    if now is None:
        now = _now()
    start, text = _second  # one read: other threads may replace it
    if not start <= now < start + 1.0:
        seconds = int(now)
        start = float(seconds)
        text = _text_of(seconds)
        _second = (start, text)
    millis = int((now - start) * 1000.0)
    return text + (_millis[millis] or _text_of_millis(millis))


def _text_of_millis(millis: int) -> str:
    text = _millis[millis] = f"{1000 + millis}Z"[1:]  # a format such as 03d takes twice as long
    return text


def _text_of(seconds: int) -> str:
    """Return the text of a second. `strftime` is called once a day: most invocations have a second of their own."""
    global _day
    day, rest = divmod(seconds, 86_400)
    known, date = _day
    if day != known:
        date = time.strftime("%Y-%m-%dT", time.gmtime(seconds))
        _day = day, date
    minutes, second = divmod(rest, 60)
    hour, minute = divmod(minutes, 60)
    return f"{date}{_two[hour]}:{_two[minute]}:{_two[second]}."


def place(depth: int) -> str:
    """Return the JSON text of `module.function:line` of the calling code, `depth` frames up."""
    try:
        frame = _frame(depth + 1)
    except ValueError:  # called by the interpreter itself, as at exit
        return '"?"'
    code = frame.f_code
    key = (id(code), frame.f_lasti)  # the instruction: working out the line costs more than looking it up
    known = _places.get(key)
    if known is None:
        if len(_places) >= _MAX_PLACES:  # code that is made at run time must not fill the memory
            _places.clear()
        module = frame.f_globals.get("__name__", "?")
        # The code object is kept alive, so that no other one gets its id.
        known = _places[key] = escape(f"{module}.{code.co_qualname}:{frame.f_lineno}"), code
    return known[0]


def join(members: dict[str, str]) -> str:
    """Return the line with these members, given as JSON texts. A line that is too long is cut to the limit."""
    line = _object(members)
    excess = size_of(line) - LIMIT
    if excess <= 0:
        return line
    cut = dict(members)
    for name, text in sorted(members.items(), key=lambda member: size_of(member[1]), reverse=True):
        size = size_of(text)
        if size <= _SHORTEST + _MARKER:
            break
        cut[name] = _cut(text, max(size - excess - _MARKER, _SHORTEST))
        excess -= size - size_of(cut[name])
        if excess <= 0:
            return _object(cut)
    return _most_of(cut)


def _object(members: dict[str, str]) -> str:
    return f"{{{','.join([f'{name}:{text}' for name, text in members.items()])}}}\n"


def _most_of(members: dict[str, str]) -> str:
    """Keep as many members as fit, from the first on. For lines with thousands of members, or with a huge name."""
    kept: list[str] = []
    size = 100
    for name, text in members.items():
        own = size_of(name) + size_of(text) + 2
        if size + own <= LIMIT:
            size += own
            kept.append(f"{name}:{text}")
    marker = "cut"
    while escape(marker) in members:
        marker += "_"
    return f'{{{",".join(kept)},"{marker}":"{len(members) - len(kept)} more fields"}}\n'


def _cut(text: str, size: int) -> str:
    """Return the first `size` bytes of a JSON text as a JSON string that says how much is missing."""
    if not text.startswith('"'):
        text = escape(text)
    inner = text[1 : _fitting(text, size)]
    # Remove an escape that was cut in half: a backslash that is not itself escaped, and what follows it.
    for back in range(1, 7):
        head = inner[: len(inner) - back]
        if inner[len(head)] == "\\" and (len(head) - len(head.rstrip("\\"))) % 2 == 0:
            needed = 6 if inner[len(head) + 1 : len(head) + 2] == "u" else 2
            inner = head if back < needed else inner
            break
    return f'"{inner}… [cut: {len(text) - len(inner) - 2} more characters]"'


def _fitting(text: str, size: int) -> int:
    """Return the number of characters at the beginning of `text` that take at most `size` bytes."""
    if text.isascii():
        return size
    low, high = size // 6, min(size, len(text))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if size_of(text[:middle]) <= size else (low, middle - 1)
    return low


def size_of(text: str) -> int:
    """Return the size of `text` in bytes, as it is written."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
