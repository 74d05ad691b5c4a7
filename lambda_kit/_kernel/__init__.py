"""What every room of the package stands on. A module each, and three names that almost every module needs."""

from __future__ import annotations

import logging
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep  # noqa: PTH120  # pathlib costs a cold start
"""The folder of the package, with a separator at its end: a frame whose file begins with it is one of the kit's own."""

log = logging.getLogger("lambda_kit")
"""The standard logger of the kit, for what must not reach the handler. The runtime client shows its records."""

type_of: Any = type
"""`type`, for checks like `type_of(x) is dict`: type checkers narrow `x` after a check of `type(x)`, often wrongly."""
