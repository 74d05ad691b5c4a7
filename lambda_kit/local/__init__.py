"""The function on this machine, under the runtime client that AWS ships, without containers.

`lambda-kit invoke` is the command. `Environment` is one execution environment for programs and tests, and `RuntimeApi`
the server that it talks to.
"""

from __future__ import annotations

from lambda_kit.local._cli import main
from lambda_kit.local._environment import Environment
from lambda_kit.local._outcome import FunctionError, Outcome
from lambda_kit.local._runtime_api import RuntimeApi
from lambda_kit.local._settings import RuntimeClientMissing

__all__ = ["Environment", "FunctionError", "Outcome", "RuntimeApi", "RuntimeClientMissing", "main"]
