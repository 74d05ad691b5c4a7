"""Callbacks for events of the whole process: a fork, a restore from a SnapStart snapshot, a reset between two tests.

Nothing is registered at import. The invocation record, the event loop and the init cache register their callbacks when
they first hold state.
"""

from __future__ import annotations

import os

from lambda_kit._kernel import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# Objects that a forked child inherited and must not use. They are kept alive, because the finaliser of a connection or
# of a task would act on resources that belong to the parent.
_inherited: list[object] = []

_restores: list[Callable[[], object]] = []
_resets: list[Callable[[], object]] = []


def abandon(value: object) -> None:
    """Keep `value` alive until the process ends, so that its finaliser does not run."""
    _inherited.append(value)


def on_fork(callback: Callable[[], object]) -> None:
    """Call `callback` in each child process that is forked later, before other code runs there."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=callback)


def on_restore(callback: Callable[[], object], *, base: bool = False) -> None:
    """Call `callback` after a restore from a snapshot. Does nothing unless the function uses SnapStart.

    Callbacks run in the order of registration; those with `base=True` run before the others. An exception in a callback
    is logged and not raised, because Lambda ends an environment whose hook raises. See
    <https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html>.
    """
    _restores.insert(0 if base else len(_restores), callback)
    if len(_restores) > 1 or os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "snap-start":
        return
    try:
        from snapshot_restore_py import register_after_restore
    except ImportError:
        log.warning(
            "lambda_kit: AWS_LAMBDA_INITIALIZATION_TYPE is snap-start, but the package snapshot_restore_py is not "
            "installed (the managed runtimes bundle it): resources built before the snapshot are not rebuilt after it"
        )
        return
    register_after_restore(_restored)


def _restored() -> None:
    for callback in _restores:
        try:
            callback()
        except Exception:
            log.exception("lambda_kit: a callback failed after the restore from the snapshot")


def on_reset(callback: Callable[[], object], *, base: bool = False) -> None:
    """Call `callback` when a test asks for the state of a new process.

    Callbacks run in reverse order of registration; those with `base=True` run after the others.
    """
    _resets.insert(0 if base else len(_resets), callback)


def reset() -> None:
    """Close what was built, and bring the process back to the state before its first invocation."""
    for callback in reversed(_resets):
        callback()
