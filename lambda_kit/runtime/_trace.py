"""The variable with the trace header, `_X_AMZN_TRACE_ID`, which is another one in each invocation.

`os.environ[...] = value` also calls `setenv` of the C library, which never frees an older value: 144 bytes would be
lost in each invocation. So the value is put into `os.environ` alone, and into the environment of the process when a
child is about to be started, because children inherit the environment of the process.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

NAME = "_X_AMZN_TRACE_ID"
_KEY = NAME.encode()

_in_process: bytes | None = os.environb.get(_KEY)  # the value that the environment of the process has


def set_header(value: bytes | None) -> None:
    """Set the variable to the header of the invocation, or remove it."""
    environ: Any = os.environ
    data: Any = getattr(environ, "_data", None)
    if data.__class__ is not dict:  # code has put something else in its place
        if value is not None:
            environ[NAME] = value.decode("latin-1")
        else:
            environ.pop(NAME, None)
    elif value is not None:
        data[_KEY] = value
    else:
        data.pop(_KEY, None)


def pass_on() -> None:
    """Put the value into the environment of the process, which children inherit."""
    global _in_process
    value = os.environb.get(_KEY)
    if value == _in_process:
        return
    _in_process = value
    if value is None:
        os.unsetenv(_KEY)
    else:
        os.putenv(_KEY, value)


def wrap_subprocess(subprocess: ModuleType) -> None:
    """Pass the variable on to the children of `subprocess`."""
    popen: Any = vars(subprocess)["Popen"]
    popen._execute_child = _passing_on(popen._execute_child)


def wrap_multiprocessing(util: ModuleType) -> None:
    """Pass the variable on to the processes that `multiprocessing` starts by `exec`."""
    own: Any = util
    own.spawnv_passfds = _passing_on(own.spawnv_passfds)


def _passing_on(start: Callable[..., Any]) -> Callable[..., Any]:
    def starting(*args: Any, **kwargs: Any) -> Any:
        pass_on()
        return start(*args, **kwargs)

    return starting


def watch_children() -> None:
    """Pass the variable on to children that are started without `subprocess`, and to what replaces this process."""
    own: Any = os
    own.system = _passing_on(own.system)
    own.execv = _passing_on(own.execv)  # the other functions without an environment call it
    os.register_at_fork(after_in_child=pass_on)
