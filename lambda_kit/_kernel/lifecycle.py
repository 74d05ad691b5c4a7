"""What happens to the process as a whole: it is forked, restored from a SnapStart snapshot, or reset between two tests.

Nothing is registered on import. The invocation record, the event loop and the init cache register themselves when they
first hold something.
"""

from __future__ import annotations

import os

from lambda_kit._kernel import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# What a forked child inherited and must not use: objects are kept, not dropped, because the finaliser of a connection
# or of a task would act on what still belongs to the parent.
_inherited: list[object] = []

_restores: list[Callable[[], object]] = []
_resets: list[Callable[[], object]] = []


def abandon(value: object) -> None:
    """Keep `value` alive for the life of the process without ever using it."""
    _inherited.append(value)


def on_fork(callback: Callable[[], object]) -> None:
    """Call `callback` in every child that is forked from now on, before anything else runs there."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=callback)


def on_restore(callback: Callable[[], object], *, base: bool = False) -> None:
    """Call `callback` after a restore from a snapshot, where the function uses SnapStart; else do nothing.

    Callbacks run in the order of their registration; with `base`, before the others, which build on it. An exception in
    a hook would make Lambda throw the environment away, so it is logged and goes no further. See
    <https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html>.
    """
    _restores.insert(0 if base else len(_restores), callback)
    if len(_restores) > 1 or os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "snap-start":
        return
    try:
        from snapshot_restore_py import register_after_restore
    except ImportError:
        log.warning(
            "lambda_kit: AWS_LAMBDA_INITIALIZATION_TYPE is snap-start, but snapshot_restore_py, which the managed "
            "runtimes bundle, is not installed: what was built before the snapshot is used after it as it is"
        )
        return
    register_after_restore(_restored)


def _restored() -> None:
    for callback in _restores:
        try:
            callback()
        except Exception:
            log.exception("lambda_kit: a hook failed after the restore from the snapshot")


def on_reset(callback: Callable[[], object], *, base: bool = False) -> None:
    """Call `callback` when tests ask for the state of a new process.

    The callback registered last comes first; with `base`, after the others, which build on it.
    """
    _resets.insert(0 if base else len(_resets), callback)


def reset() -> None:
    """Bring the process back to the state before its first invocation, closing what was built."""
    for callback in reversed(_resets):
        callback()
