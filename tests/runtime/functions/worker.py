"""A function that tells of its process."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Any


def handler(event: Any, context: Any) -> Any:
    match event.get("do"):
        case "state":
            status = Path("/proc/self/status").read_text()
            words = dict(line.split(":", 1) for line in status.splitlines())
            return {
                "kB": int(words["VmRSS"].split()[0]),
                "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
                "descriptors": len(list(Path("/proc/self/fd").iterdir())),
                "threads": int(words["Threads"]),
                "trace": os.environ.get("_X_AMZN_TRACE_ID"),
            }
        case "fail":
            raise ValueError(event)
        case "stream":
            return iter(["a", "b"])
        case _:
            return event
