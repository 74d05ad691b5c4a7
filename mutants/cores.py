"""The cores: which files of the kit are mutated, and which tests have to notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Core:
    """One core.

    Attributes:
        files: of `lambda_kit/`.
        tests: of `tests/`.
    """

    files: tuple[str, ...]
    tests: tuple[str, ...]


CORES = {
    "signing": Core(("aws/_signing.py",), ("aws/test_signing.py", "aws/test_s3.py")),
    "retries": Core(("aws/_retries.py",), ("aws/test_retries.py", "aws/test_interrupts.py")),
    "batch": Core(
        (
            "batch/_report.py",
            "batch/_responses.py",
            "batch/_firehose.py",
            "batch/_source.py",
            "batch/_sources.py",
        ),
        (
            "batch/test_responses.py",
            "batch/test_batch.py",
            "batch/test_samples.py",
            "batch/test_order.py",
            "batch/test_permanent.py",
            "batch/test_log.py",
        ),
    ),
    "batch run": Core(
        ("batch/_run.py", "batch/_progress.py", "batch/_serial.py", "batch/_threads.py", "batch/_tasks.py"),
        (
            "batch/test_order.py",
            "batch/test_permanent.py",
            "batch/test_batch.py",
            "batch/test_log.py",
            "batch/test_ways.py",
            "batch/test_trace.py",
            "batch/test_deadline.py",
            "batch/test_margin.py",
            "batch/test_late.py",
        ),
    ),
    "flags": Core(
        ("flags/_rollout.py", "flags/_conditions.py", "flags/_splits.py"),
        (
            "flags/test_actions.py",
            "flags/test_schema.py",
            "flags/test_limits.py",
            "flags/test_explain.py",
            "flags/test_rollout.py",
        ),
    ),
    "metrics": Core(
        ("metrics/_record.py", "metrics/_lines.py"),
        tuple(
            f"metrics/test_{name}.py"
            for name in ("lines", "record", "model", "refused", "dimensions", "pending", "replays", "layer")
        ),
    ),
    "routing": Core(("http/_router.py", "http/_tree.py"), ("http/test_routing.py", "http/test_websocket.py")),
    "idempotency": Core(
        tuple(f"idempotency/{name}.py" for name in ("_record", "_claim", "_completion", "_cache", "_memory")),
        tuple(
            f"idempotency/test_{name}.py"
            for name in (
                *("decide", "claim", "completion", "attempts", "waiting", "late", "replay", "replayed_errors"),
                *("results", "key", "cache", "memory", "coroutines", "durable"),
            )
        ),
    ),
    "log line": Core(
        ("logger/_line.py",),
        tuple(f"logger/test_{name}.py" for name in ("line", "lines")),
    ),
    "pipeline": Core(
        (
            "pipeline/__init__.py",
            "pipeline/_generator.py",
            "pipeline/_layer.py",
            "pipeline/_provide.py",
        ),
        (
            "pipeline/test_making.py",
            "pipeline/test_yield.py",
            "pipeline/test_layer.py",
            "pipeline/test_provide.py",
            "pipeline/test_handler.py",
            "pipeline/test_streams.py",
        ),
    ),
    "init cache": Core(
        ("init_cache/_entry.py", "init_cache/_build.py", "init_cache/_hit.py"),
        (
            "init_cache/test_build.py",
            "init_cache/test_calling.py",
            "init_cache/test_ttl.py",
            "init_cache/test_single_flight.py",
            "init_cache/test_cycles.py",
            "init_cache/test_bad_input.py",
            "init_cache/test_discard.py",
            "init_cache/test_together.py",
            "init_cache/test_cancellation.py",
            "init_cache/test_warm.py",
            "init_cache/test_background.py",
            "init_cache/test_lifecycle.py",
        ),
    ),
}
