"""An account of a run, for somebody who sees the shop for the first time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from shop.demo.scenario import TRACED
from shop.demo.trace import tree_of

if TYPE_CHECKING:
    from shop.demo.record import Result
    from shop.demo.trace import Node


@dataclass(frozen=True, slots=True)
class Fact:
    """A count, and what it means.

    Attributes:
        count: how many.
        what: of what.
        then: what became of them.
    """

    count: int
    what: str
    then: str


@dataclass(frozen=True, slots=True)
class Timing:
    """Durations of the invocations of a function, in milliseconds.

    Attributes:
        function: its name.
        invocations: how many there were.
        init: the median of its cold starts, or None.
        cold: the median of the first invocations after them, or None.
        warm: the median of the others, or None.
        memory: the most memory that one of its processes had, in MB; None if the system does not tell.
    """

    function: str
    invocations: int
    init: float | None
    cold: float | None
    warm: float | None
    memory: int | None


def headline(result: Result) -> str:
    """Say in one sentence how it ended."""
    statuses = Counter(one["status"] for one in result.orders)
    ends = ", ".join(f"{count} {status}" for status, count in statuses.most_common())
    wrong = mistakes(result)
    verdict = "Each paid order was charged exactly once." if not wrong else f"WRONG: {'; '.join(wrong)}."
    return f"{len(result.orders)} orders: {ends}. {verdict}"


def mistakes(result: Result) -> list[str]:
    """Return what must not have happened."""
    found: list[str] = []
    paid = {one["id"] for one in result.orders if one["status"] == "paid"}
    found += [f"order {order} was charged {count} times" for order, count in result.charges.items() if count != 1]
    found += [f"order {order} is paid and was not charged" for order in sorted(paid - set(result.charges))]
    found += [f"order {order} was charged and is not paid" for order in sorted(set(result.charges) - paid)]
    wanted = Counter(customer for customer, _ in {(one.customer, one.key) for one in result.requests})
    placed = Counter(one["customer"] for one in result.orders)
    for customer in sorted(wanted | placed):
        if wanted[customer] != placed[customer]:
            found.append(f"{customer} has {placed[customer]} orders, and wanted {wanted[customer]}")
    return found


def came_in(result: Result) -> list[Fact]:
    """Return what the functions were given."""
    wanted = {(one.customer, one.key) for one in result.requests}
    invocations = Counter(one.function for one in result.invocations)
    messages = result.stream_records + result.sent_again + result.poison
    return [
        _fact(len(result.requests), "request|s to place an order", f"for {len(wanted)} orders"),
        _fact(result.stream_records, "new order|s in the stream of the table", "each becomes a message for the worker"),
        _fact(messages, "message|s in the queue", "and some more, where a reply of SQS was lost"),
        _fact(result.executions, "approval|s", "each waits for a person in a durable execution"),
        _fact(
            sum(invocations.values()), "invocation|s", ", ".join(f"{n} {who}" for who, n in invocations.most_common())
        ),
    ]


def prevented(result: Result) -> list[Fact]:
    """Return what went wrong, and what the shop made of it."""
    twice = len(result.requests) - len({(one.customer, one.key) for one in result.requests})
    again = result.stream_deliveries - result.stream_records
    asked = result.execution_starts - result.executions
    letters = f"put aside: the queue of letters has {result.letters}"
    facts = [
        _fact(twice, "request|s sent again", "got the answer of the first, and placed nothing"),
        _fact(result.sent_again, "message|s delivered again", "charged nobody a second time"),
        _fact(again, "record|s of the stream delivered again", "after a failure, in their order"),
        _fact(int(result.killed), "worker|s killed between a charge and its note", "the next one finished the order"),
        _fact(result.recognised, "charge|s asked for again", "recognised by the key that goes along"),
        _fact(result.poison, "message|s without an order", letters),
        _fact(result.refused_keys, "charge|s with a key from before the rotation", "made again with the new one"),
        _fact(asked, "approval|s asked for again", "found the execution of the first"),
        _fact(result.faults.get("throttled", 0), "request|s throttled by AWS", "sent again"),
        _fact(result.faults.get("lost", 0), "repl|ies of AWS lost", "sent again; what was done twice was recognised"),
    ]
    return [fact for fact in facts if fact.count]


def _fact(count: int, what: str, then: str) -> Fact:
    """Return a fact; what stands between `|` and the next space is the ending of the plural."""
    stem, _, rest = what.partition("|")
    ending, space, rest = rest.partition(" ")
    one = "y" if ending == "ies" else ""
    return Fact(count, stem + (one if count == 1 else ending) + space + rest, then)


def timings(result: Result) -> list[Timing]:
    """Return the timings of each function."""
    found: list[Timing] = []
    for name in dict.fromkeys(one.function for one in result.invocations):
        outcomes = [one.outcome for one in result.invocations if one.function == name]
        colds = [one for one in outcomes if one.init_ms is not None]
        warm = [one.duration_ms for one in outcomes if one.init_ms is None and one.status == "success"]
        memory = [one.max_memory_mb for one in outcomes if one.max_memory_mb is not None]
        found.append(
            Timing(
                name,
                len(outcomes),
                median([one.init_ms or 0.0 for one in colds]) if colds else None,
                median([one.duration_ms for one in colds]) if colds else None,
                median(warm) if warm else None,
                max(memory, default=None),
            )
        )
    return found


def traced(result: Result) -> tuple[str, list[Node]]:
    """Return the correlation id of the order that is shown, and its tree."""
    (first,) = {one.correlation_id for one in result.requests if one.customer == TRACED}
    return first, tree_of(result, first)


def text(result: Result) -> str:
    """Return the account as text."""
    correlation_id, tree = traced(result)
    lines = ["", headline(result), "", "What came in"]
    lines += [f"  {fact.count:4}  {fact.what}: {fact.then}" for fact in came_in(result)]
    lines += ["", "What was prevented"]
    lines += [f"  {fact.count:4}  {fact.what}: {fact.then}" for fact in prevented(result)]
    lines += ["", f"One order, found by its correlation id {correlation_id} in all functions"]
    begin = tree[0].start if tree else 0.0
    for root in tree:
        for depth, node in root.walk():
            at, took = node.start - begin, (node.end - node.start) * 1000
            name = f"{'   ' * depth}{node.name}{f' ({node.note})' if node.note else ''}"
            lines.append(f"  {at:7.2f} s  {name:58}{took:8.1f} ms{'  failed' if node.failed else ''}")
    lines += ["", f"  {'timings in ms':14}{'calls':>6}{'init':>8}{'cold':>8}{'warm':>8}{'MB':>6}"]
    for one in timings(result):
        cells = [_number(one.init), _number(one.cold), _number(one.warm)]
        memory = "" if one.memory is None else str(one.memory)
        lines.append(f"  {one.function:14}{one.invocations:6}{''.join(f'{cell:>8}' for cell in cells)}{memory:>6}")
    return "\n".join([*lines, ""])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}" if value < 100 else f"{value:.0f}"
