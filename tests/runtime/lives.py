"""Whole lives of a client, from its start to its end: initialisation, exits, signals, SnapStart, Managed Instances."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.patience import PATIENCE
from tests.runtime.differential import Client, Observed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_OK = "def handler(event, context):\n    return event\n"


@dataclass(frozen=True)
class Life:
    """One life.

    Attributes:
        source: the text of `app.py`; None for no such file.
        handler: `MODULE.FUNCTION`.
        events: the events, one after another.
        env: further variables.
        framed: whether there is a descriptor for records.
        signal: a signal that is sent after the last event.
        restores: whether the environment is restored from a snapshot.
        difference: a key of `differences.DIFFERENCES`; "" for none.
        also: further ones.
    """

    source: str | None
    handler: str = "app.handler"
    events: tuple[bytes, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    framed: bool = False
    signal: int = 0
    restores: bool = False
    difference: str = ""
    also: tuple[str, ...] = ()


def _failing(source: str | None, handler: str = "app.handler", *also: str, **settings: Any) -> Life:
    return Life(source, handler, difference="warning-of-an-init-error", also=also, **settings)


def _handling(body: str, *events: bytes, difference: str = "", head: str = "", **settings: Any) -> Life:
    source = f"import os, signal, sys\n{head}\ndef handler(event, context):\n    {body}\n"
    return Life(source, events=events or (b"{}",), difference=difference, **settings)


_JSON = {"AWS_LAMBDA_LOG_FORMAT": "JSON"}
_SNAP = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}
_HOOKS = "from snapshot_restore_py import register_before_snapshot as before, register_after_restore as after\n"
_SAY = "def say(*words):\n    print(*words)\n"
LIVES: dict[str, Life] = {
    "import-error": _failing("import nowhere_to_be_found"),
    "exit-of-the-handler": _handling("sys.exit(5)"),
    "too-large": _handling("return 'x' * (event['size'])", b'{"size": 6291555}', difference="lost-connection"),
    "snap-start": Life(
        _HOOKS + _SAY + "before(say, 1)\nbefore(say, 2)\nafter(say, 3)\nafter(say, 4)\n" + _OK,
        events=(b"1",),
        env=_SNAP,
        restores=True,
    ),
    "terminated": _handling("return 1", signal=signal.SIGTERM),
    "import-error-json": _failing("import nowhere_to_be_found", env=_JSON),
    "import-error-framed": _failing("import nowhere_to_be_found", framed=True),
    "import-error-below": _failing("import json.nowhere"),
    "import-error-of-the-module": _failing(None),
    "import-error-of-a-package": _failing(None, "a.b.c.handler"),
    "import-error-with-slashes": _failing(None, "a/b.handler"),
    "syntax": _failing("x = 1\ndef handler(:\n"),
    "indentation": _failing("  x = 1\ny"),
    "missing-handler": _failing(_OK, "app.missing"),
    "malformed-handler": _failing(_OK, "handler"),
    "built-in-module": _failing(_OK, "sys.exit"),
    "empty-module": _failing(_OK, ".handler", "frames-of-the-client"),
    "exception-at-import": _failing("raise KeyError('TABLE')", "app.handler", "frames-of-imports"),
    "exception-at-import-json": _failing("raise ValueError('x')", "app.handler", "frames-of-imports", env=_JSON),
    "exception-in-a-function": _failing(
        "def set_up():\n    1 / 0\nset_up()\n", "app.handler", "frames-of-imports", framed=True
    ),
    "exit-at-import": Life("import sys\nsys.exit(3)"),
    "exit-with-text-at-import": Life("import sys\nsys.exit('stop')"),
    "hard-exit-at-import": Life("import os\nos._exit(4)"),
    "kill-at-import": Life("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"),
    "print-at-import": Life("print('at import', flush=True)\n" + _OK, events=(b"1",)),
    "log-at-import": Life("import logging\nlogging.warning('at import')\n" + _OK, events=(b"1",)),
    "log-at-import-json": Life("import logging\nlogging.warning('x')\n" + _OK, events=(b"1",), env=_JSON),
    "path-at-import": Life("import sys\nprint(sys.argv[1:], __name__)\n" + _OK, events=(b"1",)),
    "handler-that-is-no-function": Life("handler = 1", events=(b"1",), difference="frames-of-the-client"),
    "handler-of-one-argument": Life("def handler(event): pass", events=(b"1",), difference="frames-of-the-client"),
    "handler-that-is-an-object": Life(
        "class Handler:\n    def __call__(self, event, context):\n        return [event]\nhandler = Handler()",
        events=(b"1",),
    ),
    "handler-of-a-class": Life("class handler:\n    def __new__(cls, event, context): return 2", events=(b"1",)),
    "exit-0-of-the-handler": _handling("sys.exit(0)"),
    "exit-with-text-of-the-handler": _handling("sys.exit('stop')"),
    "hard-exit-of-the-handler": _handling("print('last words'); os._exit(6)"),
    "kill-of-the-handler": _handling("os.kill(os.getpid(), signal.SIGKILL)"),
    "abort-of-the-handler": _handling("os.abort()"),
    "at-exit": _handling("sys.exit(1)", head="import atexit\natexit.register(print, 'at exit')"),
    "terminated-with-a-handler": _handling(
        "return 1",
        signal=signal.SIGTERM,
        head="def stop(*_):\n    print('stopped')\n    os._exit(7)\nsignal.signal(signal.SIGTERM, stop)",
    ),
    "snap-start-without-hooks": Life(_OK, events=(b"1",), env=_SNAP, restores=True),
    "snap-start-that-fails-before": Life(
        _HOOKS + "before(lambda: 1 / 0)\n" + _OK, env=_SNAP, difference="frames-of-the-client"
    ),
    "snap-start-that-exits-before": Life(
        _HOOKS + "import sys\nbefore(sys.exit, 1)\n" + _OK, env=_SNAP, difference="frames-of-the-client"
    ),
    "snap-start-that-fails-after": Life(
        _HOOKS + "after(lambda: 1 / 0)\n" + _OK, env=_SNAP, restores=True, difference="frames-of-the-client"
    ),
    "snap-start-that-fails-after-json": Life(
        _HOOKS + "after(lambda: 1 / 0)\n" + _OK,
        env={**_SNAP, **_JSON},
        restores=True,
        difference="frames-of-the-client",
    ),
    "many-events": Life(_OK, events=(b"1", b'{"a": [1]}', b"null", b'"x"')),
}


def lived(name: str, life: Life, root: Path) -> Observed:
    """Run a life under a client, and return all that it did."""
    if life.source is not None:
        (root / "app.py").write_text(life.source, "utf-8")
    with Client(name, life.handler, life.env, root=root, framed=life.framed) as client:
        whole: list[Observed] = []
        if life.restores:
            whole.append(client.until_snapshot())
            client.api.restore()
        for number, event in enumerate(life.events):
            whole.append(client.invoke(event, number=number))
            if whole[-1].status is not None:
                break
        if life.signal:
            client.until_ready()
            client.process.send_signal(life.signal)
        if life.signal or not life.events:
            client.process.wait(PATIENCE)
            whole.append(client.observed())
    return Observed(
        tuple(request for one in whole for request in one.requests),
        "".join(one.output for one in whole),
        "".join(one.errors for one in whole),
        tuple(frame for one in whole for frame in one.frames),
        whole[-1].status,
    )
