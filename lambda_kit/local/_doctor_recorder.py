"""The recorder of `lambda-kit doctor`: it runs inside the function's process, before the runtime client.

It is a script, and it uses the standard library alone, because the function's interpreter may not have the kit:

    python _doctor_recorder.py RECORDS CONTROL ROOT FOREIGN DEFER CLIENT HANDLER

Each thing that happens is one line of RECORDS, the `repr` of a tuple, written at once, so that nothing is lost if the
process dies: `("import", ...)`, `("resolve", ...)` and `("call", ...)`. Each byte that is written to the pipe CONTROL
is answered by one line `("state", ...)`. Times are those of `time.perf_counter`, which is one clock for all processes.
"""

from __future__ import annotations

import os
import sys
from _thread import _local, allocate_lock, start_new_thread
from time import perf_counter, process_time, thread_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

_PAGE = os.sysconf("SC_PAGE_SIZE")
_FOLDERS = ("site-packages", "dist-packages")


class Recorder:
    """Writes what happens in this process to a file.

    Args:
        path: the file.
        root: the folder of the function.
        foreign: the names of packages in `root` that are not the function's own.
    """

    def __init__(self, path: str, root: str, foreign: frozenset[str]) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND)
        self._root = os.path.join(os.path.abspath(root), "")  # noqa: PTH100, PTH118  # pathlib is not loaded
        self._foreign = foreign
        try:
            self._statm = os.open("/proc/self/statm", os.O_RDONLY)
        except OSError:
            self._statm = -1
        self._stacks = _local()
        self._lock = allocate_lock()
        self._count = 0

    def write(self, *entry: object) -> None:
        """Write one entry."""
        os.write(self._fd, (repr(entry) + "\n").encode("utf-8", "backslashreplace"))

    def memory(self) -> int:
        """Return the resident memory of this process in bytes; -1 where the system does not tell."""
        return -1 if self._statm < 0 else int(os.pread(self._statm, 100, 0).split()[1]) * _PAGE

    @property
    def stack(self) -> list[int]:
        """The numbers of the imports that this thread is in."""
        found: list[int] | None = getattr(self._stacks, "stack", None)
        if found is None:
            found = self._stacks.stack = []
        return found

    def number(self) -> int:
        """Return a new number for an import."""
        with self._lock:
            self._count += 1
            return self._count

    def is_own(self, file: str | None) -> bool:
        """Return True for a file that the user wrote: see `is_own`."""
        return file is not None and is_own(file, self._root, self._foreign)


def is_own(file: str, root: str, foreign: frozenset[str]) -> bool:
    """Return True for a file that the user wrote: it lies in the function's folder, and in no package there.

    Args:
        file: its path.
        root: the folder of the function, with a slash at the end.
        foreign: the names of packages in `root` that are not the function's own.
    """
    if not file.startswith(root):
        return False
    parts = file[len(root) :].split("/")
    if parts[0].removesuffix(".py") in foreign:
        return False
    return not any(one in _FOLDERS or one.startswith(".") for one in parts)


class Imports:
    """The first finder of `sys.meta_path`: it lets the others find a module, and measures its execution.

    Args:
        recorder: takes the entries.
        deferral: executes the function's own modules with some imports deferred; None to execute them as they are.
    """

    def __init__(self, recorder: Recorder, deferral: Deferral | None) -> None:
        self._recorder = recorder
        self._deferral = deferral

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return the spec that the other finders find, with a loader that is measured."""
        recorder = self._recorder
        memory = recorder.memory()
        started, processor = perf_counter(), thread_time()
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec = None if find is None else find(name, path, target)
            if spec is not None:
                break
        else:
            return None
        stack = recorder.stack
        parent = stack[-1] if stack else 0
        number = recorder.number()
        file, line = _importer(sys._getframe(1))
        origin = spec.origin if spec.has_location else None
        # A file of bytecode that is out of date is taken for a good one.
        compiled = _is_source(spec) and not os.path.exists(spec.cached)  # noqa: PTH110  # pathlib is not loaded

        def done(*, succeeded: bool) -> None:
            ended = perf_counter()
            spent = thread_time() - processor
            recorder.write(
                *("import", number, parent, name, started, ended, memory, recorder.memory(), origin, file, line),
                *(succeeded, spent, compiled),
            )

        loader: Any = spec.loader
        execute = getattr(loader, "exec_module", None)
        if execute is None or isinstance(loader, type):
            done(succeeded=True)  # it is a part of the interpreter, or a folder without code
            return spec

        def exec_module(module: Any) -> None:
            stack.append(number)
            succeeded = False
            try:
                if self._deferral is not None and recorder.is_own(origin):
                    self._deferral.execute(module, loader, execute)
                else:
                    execute(module)
                succeeded = True
            finally:
                stack.pop()
                done(succeeded=succeeded)
            if name in _WATCHED:
                _watch(module, recorder)

        try:
            loader.exec_module = exec_module
        except AttributeError:
            done(succeeded=True)
        return spec


def _is_source(spec: Any) -> bool:
    """Return True for a module of Python's source, whose bytecode may be kept."""
    return bool(spec.has_location and spec.cached and spec.origin.endswith(".py"))


def _importer(frame: FrameType | None) -> tuple[str, int]:
    """Return the file and the line that an import stands on."""
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith("<frozen importlib") and not file.endswith(("importlib/__init__.py", __file__)):
            return file, frame.f_lineno
        frame = frame.f_back
    return "", 0


class Deferral:
    """Executes modules without some of their top-level imports. Each of these runs at the first use of its names.

    A name that is not in the globals of a module is looked up in its builtins, so a mapping in their place knows when
    the function uses a name for the first time.

    Args:
        recorder: takes an entry for each import that runs after all.
        chosen: the file and the line of each import to defer; None for all that can be.
    """

    def __init__(self, recorder: Recorder, chosen: frozenset[tuple[str, int]] | None) -> None:
        self._recorder = recorder
        self._chosen = chosen

    def execute(self, module: Any, loader: Any, execute: Callable[[Any], None]) -> None:
        """Execute a module, from its source where there is one."""
        import ast

        path = module.__spec__.origin
        try:
            tree = ast.parse(loader.get_data(path), path)
        except (OSError, AttributeError, SyntaxError, ValueError):
            execute(module)  # it fails as it would
            return
        pending: dict[str, Any] = {}
        body: list[ast.stmt] = []
        for node in tree.body:
            names = deferrable(node)
            if names and (self._chosen is None or (path, node.lineno) in self._chosen):
                pending |= dict.fromkeys(names, node)
                node = ast.copy_location(ast.Pass(), node)  # noqa: PLW2901
            body.append(node)
        tree.body = body
        if pending:
            names_of_module: dict[str, Any] = module.__dict__
            resolve = self._resolver(path, names_of_module, pending)
            names_of_module["__builtins__"] = _Builtins(resolve)
            names_of_module["__getattr__"] = _attribute_of(module.__name__, resolve)
        exec(compile(tree, path, "exec", dont_inherit=True), module.__dict__)  # noqa: S102  # the module's own code

    def _resolver(self, path: str, names: dict[str, Any], pending: dict[str, Any]) -> Callable[[str], Any]:
        import ast

        def resolve(name: str) -> Any:
            node = pending.get(name)
            if node is None:
                raise KeyError(name)
            started = perf_counter()
            keep = ("__name__", "__package__", "__spec__", "__path__", "__file__")
            scope = {one: names[one] for one in keep if one in names}
            statement = ast.Module(body=[node], type_ignores=[])
            exec(compile(statement, path, "exec", dont_inherit=True), scope)  # noqa: S102  # the user's own import
            for other in [key for key, one in pending.items() if one is node]:
                del pending[other]
                names.setdefault(other, scope[other])
            self._recorder.write("resolve", path, node.lineno, name, started, perf_counter())
            return names[name]

        return resolve


# `dataclass` looks for these in the globals of a module, past its builtins.
_READ_BY_NAME = frozenset({"typing", "typing_extensions", "dataclasses"})
_MARKERS = frozenset({"ClassVar", "InitVar", "KW_ONLY", "Final"})


def deferrable(node: Any) -> list[str]:
    """Return the names that an import binds, if it can be deferred; else an empty list."""
    kind = type(node).__name__
    if kind not in ("Import", "ImportFrom") or getattr(node, "is_lazy", False):
        return []
    if kind == "ImportFrom" and (node.module == "__future__" or node.names[0].name == "*"):
        return []
    module = node.module if kind == "ImportFrom" else None
    if any((module or one.name) in _READ_BY_NAME and (module is None or one.name in _MARKERS) for one in node.names):
        return []
    names = [one.asname or (one.name.partition(".")[0] if kind == "Import" else one.name) for one in node.names]
    import builtins

    return [] if any(hasattr(builtins, one) for one in names) else names


class _Builtins(dict[str, "Any"]):
    """The builtins of a module, and the names of its deferred imports."""

    def __init__(self, resolve: Callable[[str], Any]) -> None:
        import builtins

        super().__init__(vars(builtins))
        self._resolve = resolve

    def __missing__(self, name: str) -> Any:
        return self._resolve(name)


def _attribute_of(module: str, resolve: Callable[[str], Any]) -> Callable[[str], Any]:
    def attribute(name: str) -> Any:
        try:
            return resolve(name)
        except KeyError:
            raise AttributeError(f"module {module!r} has no attribute {name!r}") from None

    return attribute


# The start


def _answer(recorder: Recorder, control: str, handler: str) -> None:
    """Write the state of the process whenever a byte comes."""
    fd = os.open(control, os.O_RDWR)  # also for writing, so that it does not end between two writers
    number = 0
    while os.read(fd, 1):
        number += 1
        recorder.write("state", number, _state(recorder, handler))


def _state(recorder: Recorder, handler: str) -> dict[str, Any]:
    processor, memory, modules = process_time(), recorder.memory(), len(sys.modules)
    found: dict[str, Any] = _sibling("_doctor_state").state(handler)
    return {"processor": processor, "memory": memory, "modules": modules, **found}


def _watch(module: Any, recorder: Recorder) -> None:
    _sibling("_doctor_calls").WATCHERS[module.__name__](module, recorder)


def _sibling(name: str) -> Any:
    """Load a file beside this one, without the package that it is in."""
    from importlib.util import module_from_spec, spec_from_file_location

    path = os.path.join(os.path.dirname(__file__), f"{name}.py")  # noqa: PTH118, PTH120  # pathlib is not loaded
    spec = spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # noqa: PT018, S101  # it is a file of Python
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_WATCHED = ("botocore.client", "botocore.signers", "aiobotocore.client", "lambda_kit.aws._client")


def main(arguments: list[str]) -> None:
    """Record, and run the runtime client."""
    records, control, root, foreign, defer, client, handler = arguments
    recorder = Recorder(records, root, frozenset(foreign.split(",")))
    deferral = None
    if defer:
        with open(defer, encoding="utf-8") as file:  # noqa: PTH123  # pathlib is not loaded
            text = file.read()
        chosen = [line.rpartition(":") for line in text.splitlines() if line]
        found = frozenset((path, int(line)) for path, _, line in chosen)
        deferral = Deferral(recorder, None if (("*", 0) in found) else found)
    start_new_thread(_answer, (recorder, control, handler))
    finder: Any = Imports(recorder, deferral)
    sys.meta_path.insert(0, finder)
    sys.path[0] = os.getcwd()  # noqa: PTH109  # as `python -m` sets it
    sys.argv[:] = [client, handler]
    import runpy

    runpy.run_module(client, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
