"""The lowest room: modules that all other rooms build on, and a few names that almost every module needs."""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from typing import Any, TypeAlias

    WriteRecord: TypeAlias = Callable[[int, Any, Any, dict[str, Any], str], None]

if not hasattr(sys.modules["lambda_kit"], "__version__"):
    raise ImportError(
        "the distribution lambda-kit has replaced files of lambda-kit-sdk, because both install a package lambda_kit; "
        "keep one: pip uninstall --yes lambda-kit lambda-kit-sdk, then pip install lambda-kit-sdk"
    )

PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep  # noqa: PTH120  # pathlib costs a cold start
"""The folder of the package, with a separator at its end. A frame whose file starts with it belongs to the kit."""

if TYPE_CHECKING:
    log: logging.Logger
else:

    class _Log:
        """Loads `logging` with the first record: outside the runtime client it costs more than the pipeline."""

        def __getattr__(self, name):
            import logging

            if before_record is not None:
                before_record()
            logger = logging.getLogger("lambda_kit")
            logger.addFilter(_hide_credentials)  # once: it looks whether the filter is there
            return getattr(logger, name)

    log = _Log()

    def _hide_credentials(record):
        """Show records without passwords: those in texts of other libraries' exceptions too."""
        try:
            message = record.getMessage()
        except Exception:  # handlers report it
            return True
        if ("@" in message and "://" in message) or "=" in message or ": " in message:
            from lambda_kit._kernel.messages import shown

            record.msg, record.args = shown(message), ()
        return True


"""The standard logger of the kit, for errors that must not reach the handler. The runtime client writes its records, or
the `Logger` in the pipeline."""

before_record: Callable[[], object] | None = None
"""Called before a record of `log` is made, if a `Logger` is in use, which then takes the records over."""

log_writer: tuple[WriteRecord, int] | None = None
"""The writer of the `Logger` that the last invocation ran under, and its lowest level; None without such a logger."""


def refuse_probe(owner: object, name: str) -> None:
    """Raise the plain error for a missing attribute whose name starts with `_`; do nothing for another name.

    Decorators and `inspect` ask objects for `__wrapped__` and its like. These get no message with hints, which would
    load modules and compare names in each cold start.
    """
    if name.startswith("_"):
        raise AttributeError(f"{type(owner).__name__!r} object has no attribute {name!r}", name=name, obj=owner)


def hint_names(cls: type, names: str) -> None:
    """Let attributes that classes of other libraries have raise an AttributeError which says what to write.

    The class gets a `__getattr__`, which Python calls for missing names alone. So subclasses and mixins may have
    attributes of these names, and `dir` does not list them. On Python 3.11 a `__getattr__` slows down all attributes of
    its class, and these are classes that requests use: there the error is the plain one of Python.

    Args:
        cls: the class. Its room has the messages: `_unknown.attribute_of` gets the name of the class.
        names: the names, with blanks between them.
    """
    if sys.version_info < (3, 12):
        return
    hinted = frozenset(names.split())

    def missing(owner: object, name: str) -> Any:
        behind: Any = getattr(super(cls, owner), "__getattr__", None)  # of a mixin
        try:
            # Look again: the error may come from within a property, and has to stay what it is.
            return behind(name) if behind else object.__getattribute__(owner, name)
        except AttributeError:
            if name not in hinted or hasattr(type(owner), name):
                raise
        from importlib import import_module

        raise import_module(f"{cls.__module__.rpartition('.')[0]}._unknown").attribute_of(owner, name, cls.__name__)

    type.__setattr__(cls, "__getattr__", missing)


def wall_clock() -> float:
    """Return the time in seconds since the epoch. It is looked up at each call: tests freeze it."""
    return time.time()


passing_on: set[type] = set()
"""The classes of layers that call the function with the arguments that they were called with."""

type_of: Any = type
"""`type`, for checks such as `type_of(x) is dict`. Type checkers narrow `x` after `type(x) is dict`, often wrongly."""
