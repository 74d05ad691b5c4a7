"""The function on this machine, under the runtime client that AWS ships, without containers.

`lambda-kit` is the command. For programs and tests, `Environment` is one execution environment, `FunctionUrl` several
behind an HTTP server, and `RuntimeApi` the server that an environment talks to.
"""

from __future__ import annotations

# First: it says if another distribution has replaced files of this one.
import lambda_kit._kernel  # noqa: F401  # pyright: ignore[reportUnusedImport]
from lambda_kit import lazy_exports
from lambda_kit.local._cli import main
from lambda_kit.local._environment import Environment
from lambda_kit.local._function_url import FunctionUrl, ServedRequest
from lambda_kit.local._outcome import FunctionError, Outcome
from lambda_kit.local._runtime_api import RuntimeApi
from lambda_kit.local._settings import RuntimeClientMissing
from lambda_kit.local._sqs import ServedBatch, SqsMapping, SqsQueue

TYPE_CHECKING = False
if not TYPE_CHECKING:  # the error for a name that is elsewhere
    __getattr__, __dir__ = lazy_exports(globals(), {})

__all__ = [
    "Environment",
    "FunctionError",
    "FunctionUrl",
    "Outcome",
    "RuntimeApi",
    "RuntimeClientMissing",
    "ServedBatch",
    "ServedRequest",
    "SqsMapping",
    "SqsQueue",
    "main",
]
