"""SnapStart: the hooks before the snapshot and after the restore.

See <https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html>.
"""

from __future__ import annotations

from lambda_kit.runtime._connection import RuntimeApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from lambda_kit.runtime._connection import Connection


def take_snapshot(connection: Connection) -> None:
    """Run the hooks, and wait between them until the environment is restored.

    Raises:
        SystemExit: 64 if a hook before the snapshot failed, 65 if one after the restore failed.
    """
    try:
        import snapshot_restore_py
    except ImportError:  # then no code can have registered a hook
        connection.get(b"restore/next")
        return
    hooks: Any = snapshot_restore_py
    try:
        before = hooks.get_before_snapshot()
        while before:
            hook, args, kwargs = before.pop()  # the last one first
            hook(*args, **kwargs)
        connection.get(b"restore/next")
    except BaseException as error:
        _end(error, b"init/error", "Runtime.BeforeSnapshotError", 64)
    try:
        for hook, args, kwargs in hooks.get_after_restore():
            hook(*args, **kwargs)
    except BaseException as error:
        _end(error, b"restore/error", "Runtime.AfterRestoreError", 65)


def _end(error: BaseException, path: bytes, kind: str, status: int) -> NoReturn:
    if isinstance(error, RuntimeApiError):
        raise error
    from lambda_kit.runtime._errors import Report, post_failure

    report = Report(error, None)
    report.log()
    post_failure(path, kind, report.body())
    raise SystemExit(status)
