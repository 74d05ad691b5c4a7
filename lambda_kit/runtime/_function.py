"""The function: its module is imported, and its handler found."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any


def load(handler: str) -> Callable[[Any, Any], Any]:
    """Import the module of a handler, and return the function.

    Args:
        handler: `MODULE.FUNCTION`; slashes separate packages, too.

    Raises:
        Fault: there is no such module or function.
    """
    try:
        module_name, name = handler.rsplit(".", 1)
    except ValueError as error:
        raise _fault("Runtime.MalformedHandlerName", f"Bad handler '{handler}': {error}") from error
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise _fault("Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module")
    try:
        module = _import(module_name.replace("/", "."))
    except ImportError as error:
        raise _fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        where = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        message = f"Syntax error in module '{module_name}': {error}"
        raise _fault("Runtime.UserCodeSyntaxError", message, [where]) from error
    try:
        return getattr(module, name)  # type: ignore[no-any-return]
    except AttributeError as error:
        message = f"Handler '{name}' missing on module '{module_name}'"
        raise _fault("Runtime.HandlerNotFound", message) from error


def _import(name: str) -> ModuleType:
    if name.startswith("."):
        import importlib

        return importlib.import_module(name)
    __import__(name)
    return sys.modules[name]


def _fault(kind: str, message: str, trace: list[str] | None = None) -> Exception:
    from lambda_kit.runtime._errors import Fault

    return Fault(kind, message, trace)


def watch_imports() -> None:
    """Set up for Lambda what functions may import, when they import it."""
    hooks: dict[str, Callable[[], object]] = {
        "logging": _set_up_logging,
        "subprocess": _set_up_subprocess,
        "multiprocessing.util": _set_up_multiprocessing,
        "lambda_kit._kernel.streaming": _set_up_streaming,
    }
    watcher = _Watcher(hooks)
    for name in list(hooks):
        if name in sys.modules:
            hooks.pop(name)()
    if hooks:
        sys.meta_path.insert(0, watcher)


class _Watcher:
    """A finder that calls a function after a module was imported. It leaves the import path after the last one."""

    def __init__(self, hooks: dict[str, Callable[[], object]]) -> None:
        self._hooks = hooks

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        hook = self._hooks.pop(name, None)
        if hook is None:
            return None
        if not self._hooks:
            sys.meta_path.remove(self)
        for finder in sys.meta_path:
            if finder is not self:
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    if spec.loader is not None:
                        loader: Any = _Loader(spec.loader, hook)
                        spec.loader = loader
                    return spec
        return None


class _Loader:
    """Loads a module as its own loader does, and then calls the function."""

    def __init__(self, loader: Any, hook: Callable[[], object]) -> None:
        self._loader = loader
        self._hook = hook

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)  # type: ignore[no-any-return]

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._hook()


def _set_up_logging() -> None:
    from lambda_kit.runtime._logging import set_up

    set_up()


def _set_up_subprocess() -> None:
    from lambda_kit.runtime import _trace

    _trace.wrap_subprocess(sys.modules["subprocess"])


def _set_up_multiprocessing() -> None:
    from lambda_kit.runtime import _trace

    _trace.wrap_multiprocessing(sys.modules["multiprocessing.util"])


def _set_up_streaming() -> None:
    from lambda_kit._kernel import streaming
    from lambda_kit.runtime._stream import sender

    streaming.client = sender
