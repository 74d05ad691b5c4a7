"""A parameter from SSM through Powertools."""

# The peer is not in the environment of the type checkers.
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
from __future__ import annotations

from aws_lambda_powertools.utilities import parameters

from benchmarks.functions.usage import initialized, usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def handle(event: object, context: object) -> dict[str, float]:
    host: Any = parameters.get_parameter("/app/db/host")
    assert host.endswith(".example.com")
    return usage()


initialized()
