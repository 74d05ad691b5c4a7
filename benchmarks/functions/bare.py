"""A handler and nothing else."""

from __future__ import annotations

from benchmarks.functions.usage import initialized, usage


def handle(event: object, context: object) -> dict[str, float]:
    return usage()


initialized()
