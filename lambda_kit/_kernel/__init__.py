"""What every room of the package stands on. A module each, and three names that almost every module needs."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from typing import Any

PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep  # noqa: PTH120  # pathlib costs a cold start
"""The folder of the package, with a separator at its end: a frame whose file begins with it is one of the kit's own."""

if TYPE_CHECKING:
    log: logging.Logger
else:

    class _Log:
        """Loads `logging` with the first record: outside the runtime client it costs more than the pipeline."""

        def __getattr__(self, name):
            import logging

            return getattr(logging.getLogger("lambda_kit"), name)

    log = _Log()
"""The standard logger `lambda_kit`, for what must not reach the handler. The runtime client shows its records."""

type_of: Any = type
"""`type`, for checks like `type_of(x) is dict`: type checkers narrow `x` after a check of `type(x)`, often wrongly."""
