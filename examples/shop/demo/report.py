"""The account as a page of HTML, which needs no other file."""

from __future__ import annotations

import json
import platform
import time
from collections import Counter
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from shop.demo import account
from shop.demo.timeline import bar, ticks, timeline

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shop.demo.record import Result
    from shop.demo.trace import Node

HERE = Path(__file__).parent
_ICONS = {
    True: '<path d="M4 10.5l4 4 8-9" />',
    False: '<path d="M10 4v8M10 15.5v.5" />',
}
_STATUS = {"paid": "good", "refused": "warn", "declined": "warn"}


def page(result: Result) -> str:
    """Return the page."""
    right = not account.mistakes(result)
    correlation_id, tree = account.traced(result)
    spans = sum(1 for root in tree for _ in root.walk()) - len(tree)
    values = {
        "css": (HERE / "report.css").read_text("utf-8"),
        "js": (HERE / "report.js").read_text("utf-8"),
        "orders": len(result.orders),
        "about": escape(_about(result)),
        "verdict_class": "" if right else "bad",
        "verdict_icon": '<svg width="20" height="20" viewBox="0 0 20 20" fill="none" stroke="currentColor" '
        f'stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{_ICONS[right]}</svg>',
        "verdict": escape(account.headline(result)),
        "tiles": _tiles(result),
        "came_in": _facts(account.came_in(result)),
        "prevented": _facts(account.prevented(result)),
        "timeline": timeline(result),
        "correlation_id": escape(correlation_id),
        "tree_about": f"{len(tree)} invocations of {len({root.name for root in tree})} functions, {spans} spans.",
        "tree": _tree(tree),
        "order_options": _options(result, correlation_id),
        "logs": _logs(result),
        "order_rows": _orders(result),
        "timing_rows": _timings(result),
    }
    return Template((HERE / "report.html").read_text("utf-8")).substitute(values)


def _about(result: Result) -> str:
    when = time.strftime("%d %B %Y, %H:%M", time.localtime(result.began))
    return f"{when} · Python {platform.python_version()} · {result.parts} · {result.seconds:.0f} seconds"


def _tiles(result: Result) -> str:
    faults = sum(fact.count for fact in account.prevented(result))
    tiles = {
        "orders": len(result.orders),
        "charges": sum(result.charges.values()),
        "invocations": len(result.invocations),
        "duplicates and faults": faults,
    }
    return "".join(f'<div class="tile"><b>{count}</b><span>{what}</span></div>' for what, count in tiles.items())


def _facts(facts: Iterable[account.Fact]) -> str:
    return "".join(
        f"<li><b>{one.count}</b><span>{escape(one.what)}<small>{escape(one.then)}</small></span></li>" for one in facts
    )


# The trace


def _tree(tree: list[Node]) -> str:
    if not tree:
        return '<p class="none">There are no spans.</p>'
    begin, end = tree[0].start, max(node.end for node in tree)
    parts = [f'<div class="span scale"><span></span><span class="axis">{ticks(begin, end)}</span><span></span></div>']
    for root in tree:
        rows = [_span(node, depth, root.name, begin, end) for depth, node in root.walk()]
        parts.append(f"<details open><summary>{rows[0]}</summary>{''.join(rows[1:])}</details>")
    return "".join(parts)


def _span(node: Node, depth: int, function: str, begin: float, end: float) -> str:
    tags = f' <span class="tag">{escape(node.note)}</span>' if node.note else ""
    if node.failed:
        tags += ' <span class="tag bad">failed</span>'
    took = (node.end - node.start) * 1000
    kind = ["init"] if node.kind == "init" else []
    track = bar(node.start, node.end, begin, end, [*kind, *(["failed"] if node.failed else [])], "")
    indent = depth + 1 if depth else 0  # the root has a mark before its name
    return (
        f'<div class="span {function}"><span class="name" style="--d:{indent}">{escape(node.name)}{tags}</span>'
        f'<span class="track">{track}</span><span class="ms">{_ms(took)} ms</span></div>'
    )


# The lines


def _options(result: Result, chosen: str) -> str:
    found = dict.fromkeys(one.correlation_id for one in sorted(result.requests, key=lambda one: one.started))
    return "".join(
        f'<option value="{escape(one)}"{" selected" if one == chosen else ""}>{escape(one)}</option>' for one in found
    )


def _logs(result: Result) -> str:
    lines = [(line, one.function) for one in result.invocations for line in one.logs]
    lines.sort(key=lambda found: str(found[0].get("timestamp", "")))
    began = min((one.started for one in result.invocations), default=result.began)  # as on the timeline
    return "".join(_line(line, function, began) for line, function in lines)


def _line(line: dict[str, Any], function: str, began: float) -> str:
    level = {"WARN": "warn", "ERROR": "bad", "FATAL": "bad"}.get(line.get("level", "INFO"), "")
    fields = json.dumps(line, indent=2, ensure_ascii=False)
    return (
        f'<li class="{function}" data-order="{escape(str(line.get("correlationId", "")))}" '
        f'data-level="{escape(str(line.get("level", "INFO")))}"><details><summary>'
        f"<time>{_seconds_of(line.get('timestamp'), began)}</time>"
        f'<span><span class="tag {level}">{escape(str(line.get("level", "INFO")))}</span></span>'
        f'<span class="fn">{function}</span><span class="what">{escape(str(line.get("message", "")))}</span>'
        f"</summary><pre>{escape(fields)}</pre></details></li>"
    )


def _seconds_of(stamp: Any, began: float) -> str:
    if not isinstance(stamp, str):
        return ""
    from datetime import datetime  # noqa: PLC0415  # of this function alone

    return f"{datetime.fromisoformat(stamp).timestamp() - began:.3f} s"


# Tables


def _orders(result: Result) -> str:
    requests = Counter(one.customer for one in result.requests)
    rows: list[str] = []
    for one in sorted(result.orders, key=lambda one: str(one["customer"])):
        status = escape(one["status"])
        rows.append(
            f"<tr><td>{escape(one['customer'])}</td><td><code>{escape(one['id'][:8])}</code></td>"
            f'<td><span class="tag {_STATUS.get(one["status"], "bad")}">{status}</span></td>'
            f'<td class="n">{int(one["total"]) / 100:,.2f}</td><td class="n">{requests[one["customer"]]}</td>'
            f'<td class="n">{result.charges.get(one["id"], 0)}</td></tr>'
        )
    return "".join(rows)


def _timings(result: Result) -> str:
    rows: list[str] = []
    for one in account.timings(result):
        cells = [_ms(value) if value is not None else "" for value in (one.init, one.cold, one.warm)]
        memory = "" if one.memory is None else one.memory
        rows.append(
            f'<tr class="{one.function}"><td><i class="swatch"></i>{one.function}</td>'
            f'<td class="n">{one.invocations}</td>'
            + "".join(f'<td class="n">{cell}</td>' for cell in cells)
            + f'<td class="n">{memory}</td></tr>'
        )
    return "".join(rows)


def _ms(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"
