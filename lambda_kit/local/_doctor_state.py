"""The state of the function's process, for `lambda-kit doctor`. It is loaded there, after the invocation.

It uses the standard library alone, and reads only: of the kit, what the function has loaded.
"""

from __future__ import annotations

import os
import sys
from typing import Any

_MOST = 20_000  # objects that are looked at
_ESTABLISHED = "01"


def state(handler: str) -> dict[str, Any]:
    """Return the connections that are open, the resources of the init cache, and the layers of the handler."""
    found: dict[str, Any] = {"connections": connections(), "failed": []}
    for name, part in (("resources", resources), ("layers", lambda: layers(handler))):
        try:
            found[name] = part()
        except Exception as error:  # the report says what is missing, and why
            found[name] = []
            found["failed"].append(f"{name}: {error!r}")
    return found


def connections() -> list[str]:
    """Return the address of each TCP connection that is open, but for that to the Runtime API."""
    own = os.environ.get("AWS_LAMBDA_RUNTIME_API", "")
    inodes: set[str] = set()
    lines: list[str] = []
    try:
        for fd in os.listdir("/proc/self/fd"):  # noqa: PTH208  # pathlib may not be loaded
            try:
                inodes.add(os.readlink(f"/proc/self/fd/{fd}"))  # noqa: PTH115
            except OSError:
                continue
        for table in ("tcp", "tcp6"):
            with open(f"/proc/self/net/{table}") as file:  # noqa: PTH123
                lines += file.readlines()[1:]
    except OSError:
        return []
    found = [
        address(fields[2])
        for fields in map(str.split, lines)
        if fields[3] == _ESTABLISHED and f"socket:[{fields[9]}]" in inodes
    ]
    return sorted(one for one in found if one != own)


def address(text: str) -> str:
    """Return an address of `/proc/net/tcp` as `host:port`."""
    host, port = text.split(":")
    step = -1 if sys.byteorder == "little" else 1
    words = [bytes.fromhex(host[at : at + 8])[::step] for at in range(0, len(host), 8)]
    is_v4 = len(words) == 1 or words[:3] == [bytes(4), bytes(4), b"\0\0\xff\xff"]
    shown = ".".join(map(str, words[-1])) if is_v4 else f"[{b''.join(words).hex(':', 2)}]"
    return f"{shown}:{int(port, 16)}"


def resources() -> list[dict[str, Any]]:
    """Return what each resource of the kit's init cache has cost."""
    module = sys.modules.get("lambda_kit.init_cache")
    return [
        {
            "name": info.name,
            "builds": info.builds,
            "hits": info.hits,
            "seconds": info.build_time,
            "eager": info._entry.eager,
            "kept": info._entry.state._keep,
            "failed": None if info.last_error is None else type(info.last_error).__name__,
        }
        for info in (() if module is None else module.init.report())
    ]


def layers(handler: str) -> list[dict[str, Any]]:
    """Return the layers of the kit that stand around a handler, with the settings that count.

    They are found through the closures of functions, and the attributes of the kit's objects.
    """
    name, _, attribute = handler.rpartition(".")
    module = sys.modules.get(name.replace("/", "."))
    found: list[dict[str, Any]] = []
    todo: list[Any] = [getattr(module, attribute, None)]
    seen: dict[int, Any] = {}  # objects too, so that no id comes twice
    while todo and len(seen) < _MOST:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen[id(one)] = one
        kind = _type_of(one)
        if kind.__name__ in ("function", "method"):
            cells = _cells(one)
            code = getattr(getattr(one, "__func__", one), "__code__", None)
            path = getattr(code, "co_filename", "").replace(os.sep, "/")
            if path.endswith("lambda_kit/pipeline/_time_limit.py") and "margin" in cells:
                found.append({"layer": "time_limit", "margin": cells["margin"]})
            todo += [*cells.values(), getattr(one, "__self__", None)]
            todo += [getattr(one, inner, None) for inner in ("__wrapped__", "record_function", "__idempotent__")]
        elif kind.__name__ == "partial":
            todo += [one.func, *one.args, *one.keywords.values()]
        elif kind in (tuple, list):
            todo += one
        elif kind is dict:
            todo += one.values()
        elif kind.__module__.startswith("lambda_kit."):
            settings = _SETTINGS.get(f"{kind.__module__}.{kind.__name__}")
            if settings is not None:
                found.append(settings(one))
            slots = {slot for base in kind.__mro__ for slot in getattr(base, "__slots__", ())}
            todo += [getattr(one, slot, None) for slot in slots | set(getattr(one, "__dict__", ()))]
    return found


def _type_of(value: object) -> type[object]:
    return type(value)


def _cells(function: Any) -> dict[str, Any]:
    """Return the variables that a function closes over."""
    plain = getattr(function, "__func__", function)
    found: dict[str, Any] = {}
    for name, cell in zip(plain.__code__.co_freevars, plain.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # it is not set yet
            continue
    return found


def _idempotency(settings: Any) -> dict[str, Any]:
    return {
        "layer": "idempotent",
        "lease": settings.lease,
        "ttl": settings.ttl,
        "store": type(settings.store).__name__,
    }


def _batch(processor: Any) -> dict[str, Any]:
    return {"layer": "batch", "source": processor.source, "margin": processor.margin}


def _logger(settings: Any) -> dict[str, Any]:
    return {
        "layer": "logger",
        "level": settings.level,
        "threshold": settings.threshold,
        "buffer": settings.buffer,
        "sample_rate": settings.sample_rate,
        "log_event": settings.log_event,
    }


def _tracer(_: Any) -> dict[str, Any]:
    return {"layer": "tracer"}


_SETTINGS = {
    "lambda_kit.idempotency._settings.Settings": _idempotency,
    "lambda_kit.batch._processor.Processor": _batch,
    "lambda_kit.logger._settings.Settings": _logger,
    "lambda_kit.tracer._span.Options": _tracer,
}
