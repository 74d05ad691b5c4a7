"""A process that times calls in the interpreter it was started with: `python -m benchmarks._worker`.

It reads one JSON list a line from standard input, `["load", module, setup, args]` or `["time", case]`, and answers with
one line each. It needs the standard library alone, so that it runs in the peer's environment too.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from dataclasses import dataclass, field
from importlib import import_module
from itertools import repeat
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_UNROLLED = 10
# The names are locals, and the statement stands in the loop itself, as in timeit.
_TEMPLATE = """
{prefix}def batch(loops, clock, {names}):
    began = clock()
    for _ in loops:
        {body}
    return clock() - began
"""


@dataclass
class Loop:
    """A statement to time.

    Attributes:
        statement: it makes `calls` calls; it may await coroutines that do not wait for anything.
        names: what the statement uses.
        calls: by default one, and the statement is then repeated to make the cost of the loop vanish.
    """

    statement: str
    names: dict[str, Any] = field(default_factory=dict[str, Any])
    calls: int = 1

    def compiled(self) -> tuple[Callable[[int], float], int]:
        """Return a function that goes round the loop n times and returns the seconds that one call took.

        Also how many calls there are in one time round.
        """
        times = _UNROLLED if self.calls == 1 else 1
        waits = "await " in self.statement
        source = _TEMPLATE.format(
            prefix="async " if waits else "",
            names=", ".join(self.names),
            body="\n        ".join([self.statement] * times),
        )
        scope: dict[str, Any] = {}
        exec(compile(source, "<benchmark>", "exec"), scope)
        batch, calls = scope["batch"], times * self.calls

        def seconds(loops: int) -> float:
            # Processor time: what other programs do on the machine is not in it.
            took = batch(repeat(None, loops), time.process_time, **self.names)
            return float(_result(took) if waits else took) / (loops * calls)

        return seconds, calls


def _result(coroutine: Any) -> Any:
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise RuntimeError("the statement waited for something")


class Worker:
    """The cases that were loaded, and how often each runs in a batch."""

    def __init__(self, batch: float, batches: int) -> None:
        self._batch = batch
        self._batches = batches
        self._cases: list[tuple[Callable[[int], float], int]] = []

    def load(self, module: str, setup: str, args: list[Any]) -> int:
        """Make a case and find how often it has to run for a batch of the length wanted; return its number."""
        loop: Loop = getattr(import_module(module), setup)(*args)
        seconds, calls = loop.compiled()
        seconds(20)  # lets the interpreter specialise the code
        loops = max(1, round(self._batch / (seconds(20) * calls)))
        self._cases.append((seconds, loops))
        return len(self._cases) - 1

    def time(self, case: int) -> float:
        """Return the nanoseconds of one call: of several batches the quickest."""
        seconds, loops = self._cases[case]
        gc.collect()
        gc.disable()
        try:
            return min(seconds(loops) for _ in range(self._batches)) * 1e9
        finally:
            gc.enable()

    def versions(self, names: list[str]) -> dict[str, str]:
        """Return the versions of those distributions that are installed, and of Python."""
        from importlib.metadata import PackageNotFoundError, version

        found = {"python": sys.version.split()[0]}
        for name in names:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                continue
        return found


def main() -> None:
    """Answer until standard input ends."""
    worker = Worker(float(sys.argv[1]), int(sys.argv[2]))
    answers, sys.stdout = sys.stdout, sys.stderr  # what the code under test prints is no answer
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        print(json.dumps(getattr(worker, command)(*arguments)), file=answers, flush=True)


if __name__ == "__main__":
    main()
