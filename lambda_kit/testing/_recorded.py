"""The spans and metrics of a handler that `invoke` runs: spans without a daemon, metrics from the lines on stdout."""

from __future__ import annotations

import contextlib
import os
import sys
import time

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from typing import Any

    from lambda_kit.invocation import Invocation
    from lambda_kit.testing._xray_tree import SpanNode

_SWITCHES = ("AWS_XRAY_DAEMON_ADDRESS", "LAMBDA_KIT_TRACER")


@contextlib.contextmanager
def recorded_spans(spans: list[SpanNode]) -> Generator[None]:
    """Make X-Ray tracers record as in a sampled invocation, and append the outermost spans to `spans` at the end.

    Does nothing if the environment configures a backend, or if no tracer was made.
    """
    tracer = sys.modules.get("lambda_kit.tracer._tracer")
    if tracer is None or any(os.environ.get(name) for name in _SWITCHES):
        yield
        return
    from lambda_kit.tracer._header import Root, root_of_environment
    from lambda_kit.tracer._xray import XRay

    class Trace(Root):
        __slots__ = ()

        def is_in_environment(self) -> bool:
            return True

    documents: list[bytes] = []
    trace = Trace(f"1-{int(time.time()):08x}-{os.urandom(12).hex()}", os.urandom(8).hex(), sampled=True)

    def root(invocation: Invocation | None) -> Root:
        return root_of_environment(invocation) or trace

    recorder = XRay(documents.append, lambda: None, root, root)
    backends: dict[str, Any] = tracer._backends
    replaced = {name: backends.get(name) for name in ("auto", "xray")}
    try:
        backends.update(dict.fromkeys(replaced, recorder))
        yield
    finally:
        for name, backend in replaced.items():
            if backend is None:
                backends.pop(name, None)
            else:
                backends[name] = backend
        spans += _trees(documents)


def _trees(documents: Iterable[bytes]) -> list[SpanNode]:
    import json

    from lambda_kit.testing import _xray_tree

    numbered = list(enumerate(json.loads(text) for text in documents))
    return _xray_tree.build_trees(numbered, {}, complete=False)[0]


def metrics_in(lines: Iterable[dict[str, Any]]) -> dict[str, list[float]]:
    """Return the values of each metric, by name, from the lines that have CloudWatch's embedded metric format."""
    found: dict[str, list[float]] = {}
    for line in lines:
        if "_aws" not in line:
            continue
        directives: list[dict[str, Any]] = line["_aws"]["CloudWatchMetrics"]
        names: dict[str, None] = {metric["Name"]: None for directive in directives for metric in directive["Metrics"]}
        for name in names:
            value: Any = line[name]
            values: list[float] = value if type_of(value) is list else [value]
            found.setdefault(name, []).extend(values)
    return found
