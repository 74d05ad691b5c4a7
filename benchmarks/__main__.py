"""The command: `make bench`, or `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import _page, _runner, _table
from benchmarks._calls import versions
from benchmarks._model import Options, Topic, results_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks._model import Result

TOPICS = (
    "imports",
    "cold_start",
    "lazy_start",
    "ahead",
    "warm",
    "runtime",
    "layers",
    "init_cache",
    "logger",
    "metrics",
    "tracer",
    "aws",
    "parameters",
    "stampede",
    "flags",
    "http",
    "http_warm",
    "http_cold",
    "idempotency",
    "batch",
    "parse",
    "events",
)
PEER = "aws-lambda-powertools"
_DISTRIBUTIONS = ("lambda-kit-sdk", PEER, "awslambdaric", "boto3", "cachetools")
_REMEDY = "make its environment with `make .venvs/peer/.installed`, or leave the peer out with --no-peer"
_RESULTS = Path(__file__).parent / "results"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for, print the tables and write the JSON; a goal that was missed is no failure."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    topics = [_topic(name) for name in chosen.only or TOPICS]
    if chosen.list:
        for topic in topics:
            print(f"{topic.name:<12}{topic.about}")
        return 0
    if chosen.peer_python is None and not chosen.no_peer:
        parser.error(f"name the peer's interpreter with --peer-python; {_REMEDY}")
    options = Options(sys.executable, None if chosen.no_peer else chosen.peer_python, quick=chosen.quick)
    found = {"kit": versions(sys.executable, _DISTRIBUTIONS)}
    if options.peer_python is not None:
        found["peer"] = _check_peer(parser, options.peer_python)
    results: list[Result] = []
    for topic in topics:
        if options.peer_python is None and topic.needs_peer:
            print(f"{topic.name}: left out, it compares with nothing but the peer", file=sys.stderr)
        elif topic.linux_only and sys.platform != "linux":
            print(f"{topic.name}: left out, the runtime client runs on Linux alone", file=sys.stderr)
        elif sys.version_info < topic.oldest_python:
            needed = "{}.{}".format(*topic.oldest_python)
            print(f"{topic.name}: left out, it needs Python {needed} or later", file=sys.stderr)
        else:
            results += _measure(topic, options, chosen.rounds)
    print(_table.verdict(results))
    if chosen.page is not None:
        by_topic = {name: [result for result in results if result.topic == name] for name in TOPICS}
        measured = {name: found for name, found in by_topic.items() if found}
        chosen.page.write_text(_page.update(chosen.page.read_text(), measured))
    path = chosen.json or _RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_table.document(results, found, quick=chosen.quick), indent=1) + "\n")
    print(f"{path}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure lambda_kit beside its peer, interleaved, in one run."
    )
    parser.add_argument("--list", action="store_true", help="list the topics and end")
    parser.add_argument("--only", action="append", choices=TOPICS, metavar="NAME", help="this topic; may be repeated")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: for a look, not for a record")
    parser.add_argument("--rounds", type=_positive, metavar="N", help="so many rounds of each topic")
    parser.add_argument("--page", type=Path, metavar="PATH", help="put the tables into this documentation page too")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures there; by default into results/")
    peer = parser.add_mutually_exclusive_group()
    peer.add_argument("--peer-python", metavar="PATH", help="the interpreter of the peer's environment")
    peer.add_argument("--no-peer", action="store_true", help="leave the peer out")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of rounds, at least 1")
    return int(text)


def _topic(name: str) -> Topic:
    topic = import_module(f"benchmarks.{name}").TOPIC
    assert isinstance(topic, Topic)
    return topic


def _check_peer(parser: argparse.ArgumentParser, python: str) -> dict[str, str]:
    if shutil.which(python) is None:
        parser.error(f"the peer's interpreter {python} does not exist; {_REMEDY}")
    found = versions(python, _DISTRIBUTIONS)
    if PEER not in found:
        parser.error(f"{python} has no {PEER}; {_REMEDY}")
    ours = sys.version.split()[0]
    if found["python"] != ours:
        parser.error(f"{python} is Python {found['python']} and this is {ours}, so nothing compares; {_REMEDY}")
    return found


def _measure(topic: Topic, options: Options, rounds: int | None) -> list[Result]:
    def progress(done: int, total: int) -> None:
        end = "\n" if done == total else ""
        if sys.stderr.isatty():
            print(f"\r{topic.name}: round {done} of {total}", end=end, file=sys.stderr, flush=True)
        elif done == total:
            print(f"{topic.name}: {total} rounds", file=sys.stderr, flush=True)

    results = results_of(topic, _runner.run(topic, options, rounds=rounds, progress=progress))
    print(f"\n{topic.name}: {topic.about}\n\n{_table.table(results)}\n", flush=True)
    return results


if __name__ == "__main__":
    sys.exit(main())
