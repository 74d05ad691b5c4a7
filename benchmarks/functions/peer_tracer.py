"""A tracer of Powertools, with aws-xray-sdk behind it."""

# The peer is not in the environment of the type checkers.
# pyright: reportMissingImports=false, reportUnknownVariableType=false
from __future__ import annotations

from aws_lambda_powertools import Tracer

from benchmarks.functions.usage import initialized, usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _built() -> Any:
    return Tracer(service="shop")


_tracer = _built()


def _handle(event: object, context: object) -> dict[str, float]:
    with _tracer.provider.in_subsegment("## card"):
        return usage()


handle: Any = _tracer.capture_lambda_handler(_handle)


initialized()
