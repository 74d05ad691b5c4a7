"""The timeline of the page: a row for each execution environment, a bar for each invocation, the story below."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shop.demo.functions import Invocation
    from shop.demo.record import Result

_STEPS = (1, 2, 5, 10, 20, 30, 60)  # seconds between two ticks


def timeline(result: Result) -> str:
    """Return the HTML of the timeline."""
    if not result.invocations:
        return '<p class="none">There were no invocations.</p>'
    begin = min(one.started for one in result.invocations)
    end = max(one.ended for one in result.invocations)
    rows = [_legend(result), '<div class="lanes">']
    story = [(max(at, begin), text) for at, text in result.story if at <= end]
    rows.append(f'<span class="who"></span><div class="marks">{_marks(story, begin, end)}</div>')
    for label, function, invocations in _lanes(result):
        bars = "".join(_bars(one, begin, end) for one in invocations)
        rows.append(f'<span class="who">{label}</span><div class="lane {function}">{bars}</div>')
    rows.append(f'<span class="who"></span><div class="axis">{ticks(begin, end)}</div></div>')
    rows.append('<p id="pointed" class="dim" aria-live="polite">Point at a bar, or tap it, to see what it was.</p>')
    rows.append('<ol class="story">')
    rows += [f"<li><b>{number}</b><span>{escape(text)}</span></li>" for number, (_, text) in enumerate(story, 1)]
    return "".join([*rows, "</ol>"])


def bar(start: float, finish: float, begin: float, end: float, classes: Iterable[str], title: str) -> str:
    """Return the bar of something between two times, in a track from `begin` to `end`."""
    names = " ".join(["bar", *classes])
    told = f' title="{escape(title)}"' if title else ""
    width = max(0.0, finish - start) / (end - begin or 1) * 100
    return f'<i class="{names}" style="left:{_percent(start, begin, end)};width:{width:.3f}%"{told}></i>'


def _marks(story: list[tuple[float, str]], begin: float, end: float) -> str:
    """Return the numbers of the story, each at its time; those at nearly the same time stand side by side."""
    parts: list[str] = []
    before, shifts = begin - (end - begin), 0
    for number, (at, _) in enumerate(story, 1):
        shifts = shifts + 1 if at - before < (end - begin) / 40 else 0
        before = before if shifts else at
        place = f"left:{_percent(before, begin, end)};margin-left:{shifts * 1.4:g}rem"
        parts.append(f'<b style="{place}">{number}</b>')
    return "".join(parts)


def _bars(one: Invocation, begin: float, end: float) -> str:
    outcome = one.outcome
    started, parts = one.started, ""
    if outcome.init_ms is not None:
        started += outcome.init_ms / 1000
        title = f"{one.function}: init, {outcome.init_ms:.0f} ms"
        parts = bar(one.started, started, begin, end, ["init"], title)
    end_of_it = "" if outcome.status == "success" else f", {outcome.status}"
    title = f"{one.function}: {outcome.duration_ms:.1f} ms{end_of_it} (request {outcome.request_id[:8]})"
    return parts + bar(started, one.ended, begin, end, ["failed"] if outcome.error else [], title)


def _lanes(result: Result) -> Iterable[tuple[str, str, list[Invocation]]]:
    """Yield a label, the function and the invocations of each environment."""
    for function in dict.fromkeys(one.function for one in result.invocations):
        own = [one for one in result.invocations if one.function == function]
        numbers = sorted({one.environment for one in own})
        for number in numbers:
            label = f"{function} {number}" if len(numbers) > 1 else function
            yield label, function, [one for one in own if one.environment == number]


def _legend(result: Result) -> str:
    functions = dict.fromkeys(one.function for one in result.invocations)
    items = [f'<span><i class="bar {name}"></i>{name}</span>' for name in functions]
    items.append('<span><i class="bar init"></i>init of a cold start</span>')
    if any(one.outcome.error for one in result.invocations):
        items.append('<span><i class="bar failed"></i>killed</span>')
    return f'<div class="legend">{"".join(items)}</div>'


def ticks(begin: float, end: float) -> str:
    """Return the ticks of an axis of seconds."""
    length = end - begin
    step = next((one for one in _STEPS if length / one <= 10), _STEPS[-1])
    seconds = range(0, int(length) + 1, step)
    return "".join(f'<span style="left:{_percent(begin + one, begin, end)}">{one} s</span>' for one in seconds)


def _percent(at: float, begin: float, end: float) -> str:
    return f"{(at - begin) / (end - begin or 1) * 100:.3f}%"
