"""The lines that values become: one, unless there are more values than one line holds."""

from __future__ import annotations

import time

from lambda_kit.metrics import _rules as rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lambda_kit.metrics._head import Head
    from lambda_kit.metrics._record import Definition, Series

# The format allows 1 MB since 2025; 256 KiB, 26 bytes of which are the log event's own, pass everywhere.
_LEVEL_LIMIT = 100  # bytes of a level with its timestamp, and of the mark of a replay
LIMIT = 256 * 1024 - 26 - _LEVEL_LIMIT


def lines_of(head: Head, series: Series, milliseconds: int) -> Sequence[str]:
    """Take all values and return their lines: one, unless there are too many for it."""
    waiting = list(series.values())
    if head.level:
        seconds, rest = divmod(milliseconds, 1000)
        stamp = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest:03d}Z"
        start = f'{{"level":"{head.level}","timestamp":"{stamp}",'
        return [start + line[1:] for line in _lines(head, waiting, milliseconds)]
    if len(waiting) == 1 and len(waiting[0][1]) == 1:  # as in most invocations
        one, texts = waiting[0]
        try:
            text = texts.pop()
        except IndexError:  # it was written by flush(), perhaps just now, by another thread
            return ()
        return (f'{{"_aws":{{"Timestamp":{milliseconds}{head.middle}{one.text}]}}]}}{one.member}{text}{head.tail}',)
    return _lines(head, waiting, milliseconds)


def replayed_line(line: str) -> str:
    """Return a line with the mark of a replay. CloudWatch reads `_aws` at the root alone, so it counts none."""
    before, _, rest = line.partition('"_aws":')
    return f'{before}"replayed":true,"metrics":{{"_aws":{rest[:-1]}}}\n'


def _lines(head: Head, waiting: list[tuple[Definition, list[str]]], milliseconds: int) -> Sequence[str]:
    definitions: list[str] = []
    members: list[str] = []
    further: list[tuple[Definition, list[str]]] = []
    for definition, texts in waiting:
        try:
            text = texts.pop()
        except IndexError:
            continue
        if texts:
            taken = _rest(texts)
            taken.append(text)
            if len(taken) > rules.MAX_VALUES:
                further.append((definition, taken[rules.MAX_VALUES :]))
                del taken[rules.MAX_VALUES :]
            text = f"[{','.join(taken)}]"
        members.append(definition.member + text)
        definitions.append(definition.text)
    if not definitions:
        return ()
    if not further and len(definitions) <= rules.MAX_METRICS:
        line = _line(head, definitions, members, milliseconds)
        if rules.size_of(line) <= LIMIT:
            return (line,)
    return list(_several_lines(head, definitions, members, further, milliseconds))


def _rest(texts: list[str]) -> list[str]:
    """Take all values but one that was taken from the end; return them in their order."""
    taken: list[str] = []
    pop, keep = texts.pop, taken.append
    try:
        for _ in range(len(texts)):
            keep(pop())
    except IndexError:
        pass
    taken.reverse()
    return taken


def _several_lines(
    head: Head,
    definitions: list[str],
    members: list[str],
    further: list[tuple[Definition, list[str]]],
    milliseconds: int,
) -> Iterator[str]:
    room = LIMIT - rules.size_of(_line(head, [], [], milliseconds))
    while definitions:
        start, size = 0, 0
        for i, (definition, member) in enumerate(zip(definitions, members, strict=True)):
            length = len(definition) + len(member)
            if i - start == rules.MAX_METRICS or size + length > room:
                yield _line(head, definitions[start:i], members[start:i], milliseconds)
                start, size = i, 0
            size += length + 1  # with the comma before the next definition
        yield _line(head, definitions[start:], members[start:], milliseconds)
        most = rules.MAX_VALUES
        definitions = [definition.text for definition, _ in further]
        members = [f"{definition.member}[{','.join(texts[:most])}]" for definition, texts in further]
        further = [(definition, texts[most:]) for definition, texts in further if len(texts) > most]


def _line(head: Head, definitions: list[str], members: list[str], milliseconds: int) -> str:
    texts = ",".join(definitions)
    return f'{{"_aws":{{"Timestamp":{milliseconds}{head.middle}{texts}]}}]}}{"".join(members)}{head.tail}'
