"""`python -m shop.demo`: run the shop, and print an account of what happened."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

from shop.demo import account, in_process, processes, record, report, scenario


def main() -> int:
    """Run the demo, and return 0 if nothing went wrong that must not."""
    parser = argparse.ArgumentParser(prog="python -m shop.demo", description="Run the shop on this machine.")
    parser.add_argument("--orders", type=int, default=8, help="ordinary orders, beside those of the story; default 8")
    parser.add_argument("--no-faults", action="store_true", help="do not disturb the way to AWS's services")
    parser.add_argument("--runtime", choices=["awslambdaric", "kit"], default="awslambdaric", help="the runtime client")
    parser.add_argument("--in-process", action="store_true", help="over memory, as without ministack")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts into a file, for programs")
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        default=processes.ROOT / "demo" / "report.html",
        help="where the page goes; default demo/report.html",
    )
    options = parser.parse_args()
    ministack = processes.found("ministack")
    if ministack is None or options.in_process or sys.platform != "linux":  # for which the runtime client has wheels
        _say(
            "all runs in this process, over memory: no runtime client, no network to AWS, nothing to disturb or to kill"
        )
        result = in_process.run(_say, orders=options.orders)
    else:
        result = scenario.run(
            ministack, _say, orders=options.orders, disturb=not options.no_faults, runtime=options.runtime
        )
    options.report.parent.mkdir(parents=True, exist_ok=True)
    options.report.write_text(report.page(result), "utf-8")
    sys.stdout.write(f"{account.text(result)}\nThe same as a page, with all lines and a timeline: {options.report}\n")
    if options.json is not None:
        options.json.write_text(json.dumps(_counts(result), indent=2), "utf-8")
    return 1 if account.mistakes(result) else 0


def _say(what: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {what}\n")
    sys.stdout.flush()


def _counts(result: record.Result) -> dict[str, object]:
    metrics: Counter[str] = Counter()
    for one in result.invocations:
        for name, value in one.metrics.items():
            metrics[name] += round(value)
    return {
        "calls": sorted(result.calls),
        "charges": result.charges,
        "faults": result.faults,
        "killed": result.killed,
        "letters": result.letters,
        "metrics": metrics,
        "mistakes": account.mistakes(result),
        "orders": {one["id"]: one["status"] for one in result.orders},
        "recognised": result.recognised,
        "redrive": result.redrive,
        "refused_keys": result.refused_keys,
        "requests": [[one.customer, one.key, one.status, one.body] for one in result.requests],
        "functions": [node.name for node in account.traced(result)[1]],
    }


if __name__ == "__main__":
    sys.exit(main())
