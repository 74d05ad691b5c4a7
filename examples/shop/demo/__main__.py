"""`python -m shop.demo`: run the shop, and print an account of what happened."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

from shop.demo import account, processes, scenario


def main() -> int:
    """Run the demo, and return 0 if nothing went wrong that must not."""
    parser = argparse.ArgumentParser(prog="python -m shop.demo", description="Run the shop on this machine.")
    parser.add_argument("--orders", type=int, default=8, help="ordinary orders, beside those of the story; default 8")
    parser.add_argument("--no-faults", action="store_true", help="do not disturb the way to AWS's services")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts into a file, for programs")
    options = parser.parse_args()
    ministack, microburst = processes.found("ministack"), processes.found("microburst")
    if ministack is None:
        sys.stderr.write(
            "ministack, which has the services of AWS, is not installed: run make demo, which installs it\n"
        )
        return 2
    if microburst is None and not options.no_faults:
        _say("microburst is not installed: AWS neither throttles nor loses replies this time")
    result = scenario.run(ministack, None if options.no_faults else microburst, _say, orders=options.orders)
    sys.stdout.write(account.text(result))
    if options.json is not None:
        options.json.write_text(json.dumps(_counts(result), indent=2), "utf-8")
    return 1 if account.mistakes(result) else 0


def _say(what: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {what}\n")
    sys.stdout.flush()


def _counts(result: scenario.Result) -> dict[str, object]:
    names = Counter[str]()
    for one in result.invocations:
        names.update(one.metrics)
    metrics: Counter[str] = Counter()
    for one in result.invocations:
        for name, value in one.metrics.items():
            metrics[name] += round(value)
    return {
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
