"""The arguments of `lambda-kit bench`."""

from __future__ import annotations

import argparse

from lambda_kit.local._settings import LEAST_MEMORY, MOST_MEMORY, RUNTIMES
from lambda_kit.local._values import whole_number

METHODS = ("auto", "cgroup", "stop", "none")
INIT = ("boost", "share")
SIZES = (128, 256, 512, 1024, 1769, 3008)
"""MB that are measured if `--memory` is left out."""

EPILOG = """\
Each round starts every function with every memory size anew; then all of them, alive at once, take turns.

examples:
  lambda-kit bench app.handler --event order.json
  lambda-kit bench app.handler --memory 256,1024 --cold 10 --warm 500 --svg app.svg
  lambda-kit bench app.handler --compare other.handler --memory 1769
  lambda-kit bench app.handler --compare-python .venv-new/bin/python
  lambda-kit bench --check-emulation
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command; those that describe the function are there already."""
    option = parser.add_argument
    option(
        "--event",
        "-e",
        metavar="FILE|-|SAMPLE|JSON",
        help="the event of all invocations: a file, - for standard input, a sample, or JSON; {} if left out",
    )
    option("--cold", type=whole_number, default=5, metavar="N", help="rounds, each with a cold start of every side (5)")
    option(
        "--warm",
        type=whole_number,
        default=50,
        metavar="N",
        help="warm invocations of every side, over all rounds (50)",
    )
    option("--seconds", type=_positive, default=60.0, metavar="S", help="begin no invocation after S seconds (60)")
    option(
        "--compare",
        action="append",
        default=[],
        metavar="MODULE.FUNCTION",
        help="another function to measure beside it; may be repeated",
    )
    option("--compare-python", metavar="PATH", help="the interpreter of the other side (that of the first)")
    option("--compare-runtime", metavar="CLIENT", help=f"its runtime client, {' or '.join(RUNTIMES)} (likewise)")
    option("--cpu", default="auto", metavar="HOW", help=f"how the processor share is held: {', '.join(METHODS)} (auto)")
    option(
        "--init-cpu",
        default="boost",
        metavar="HOW",
        help="boost: the initialization has all processors, as on Lambda; share: it has the share, too (boost)",
    )
    option("--region", metavar="REGION", help="the region whose prices count (AWS_REGION, or us-east-1)")
    option("--prices", metavar="FILE", help="another table of prices")
    option("--cold-percent", type=_percent, default=1.0, metavar="P", help="cold starts in 100 invocations (1)")
    option("--ephemeral-storage", type=_storage, default=512, metavar="MB", help="of the function, for its cost (512)")
    option("--svg", metavar="FILE", help="write a chart as SVG")
    option("--png", metavar="FILE", help="write the chart as PNG; needs Pillow")
    option("--json", action="store_true", help="write one JSON document to standard output instead of tables")
    option(
        "--check-emulation",
        action="store_true",
        help="run a load of known processor time under each memory size, and no function",
    )


def sizes(text: str) -> tuple[int, ...]:
    """Return the memory sizes of `--memory`, in order."""
    found: set[int] = set()
    for part in text.split(","):
        if not part.strip().isdecimal() or not LEAST_MEMORY <= int(part) <= MOST_MEMORY:
            raise argparse.ArgumentTypeError(
                f"{part.strip()!r} is not a number of MB from {LEAST_MEMORY} to {MOST_MEMORY}; "
                "sizes are separated by commas"
            )
        found.add(int(part))
    return tuple(sorted(found))


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds") from None
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value


def _percent(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 100")
    return value


def _storage(text: str) -> int:
    if not text.isdecimal() or not 512 <= int(text) <= 10_240:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of MB from 512 to 10240")
    return int(text)
