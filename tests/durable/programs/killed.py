"""Executions whose processes are killed between checkpoints, and resumed in others; what came of each goes to stdout.

Usage: killed.py FOLDER MOST

Each run of the handler has a process of its own, which is forked from one that has imported all. It sends its
checkpoints to this process, where AWS's testing SDK is in place of the service. Each history is killed (SIGKILL) at
another checkpoint: right before the service takes it, or right after. Effects go to a file, and the keys of idempotent
functions to SQLite, so that nothing but these two outlives a run.

The SDK does not wait for all checkpoints, so that a process may be in an effect meanwhile. Nothing can undo the death
of a process between an effect and the record of its result; so the kill waits until the result is stored.
"""

from __future__ import annotations

import fcntl
import functools
import json
import logging
import multiprocessing
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from lambda_kit import Logger, handler, idempotent
from lambda_kit.idempotency import SQLiteStore
from lambda_kit.testing import make_context

sdk: Any = import_module("aws_durable_execution_sdk_python")
config: Any = import_module("aws_durable_execution_sdk_python.config")
execution: Any = import_module("aws_durable_execution_sdk_python.execution")
testing: Any = import_module("aws_durable_execution_sdk_python_testing")
executor: Any = import_module("aws_durable_execution_sdk_python_testing.executor")

PATIENCE = 60
PRELOADED = (sdk, config, execution, testing, executor)  # in the process that is forked for each run
EFFECTS = ("charge", "mail", "label", "receipt")


class Gate:
    """A lock between processes: one is not killed between an effect and the record of its result."""

    def __init__(self, folder: Path, order: str) -> None:
        self._file = (folder / f"gate of {order}").open("a")

    def close(self) -> None:
        """Wait until no other process is between the two."""
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def open(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)


class Store(SQLiteStore):
    """A store that opens the gate once the result of an effect is stored."""

    gate: Gate | None = None

    def complete(self, record: Any, /) -> bool:
        kept = super().complete(record)
        if self.gate is not None:
            self.gate.open()
        return kept


# The function, in a process for each run


def function(folder: Path) -> Any:
    """Return the handler. Each of its effects is within an idempotent function, because a step may run again."""
    store = Store(folder / "keys.db", timeout=30.0)

    def note(kind: str, order: str, name: str) -> str:
        with (folder / kind).open("a") as file:  # one short write, so that lines of processes do not mix
            file.write(f"{order} {name}\n")
        return f"{name} of {order}"

    def step(context: Any, order: str, name: str, protect: Any) -> Any:
        def body(_: object) -> Any:
            note("attempts", order, name)
            return protect(order=order)

        return context.step(body, name=name)

    def protected(name: str) -> Any:
        def effect(order: str) -> str:
            if store.gate is None:
                store.gate = Gate(folder, order)
            store.gate.close()
            return note("effects", order, name)

        return idempotent(store, key="order", name=name)(effect)

    charge, mail, label, receipt = (protected(name) for name in EFFECTS)

    @idempotent(store, key="order")
    def pack(order: str, context: Any) -> Any:
        labelled = step(context, order, "label", label)
        context.wait(config.Duration.from_seconds(1))
        return labelled

    @handler(Logger(level="ERROR"), idempotent(store, key="order"))
    def place(event: Any, context: Any) -> Any:
        order = event["order"]
        charged = step(context, order, "charge", charge)
        mailed = mail(order=order)
        context.wait(config.Duration.from_seconds(1))
        packed = pack(order=order, context=context)
        return [charged, mailed, packed, step(context, order, "receipt", receipt)]

    return sdk.durable_execution(place)


class Remote:
    """The client of a service that is in another process."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def _call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        with self._lock:
            self._connection.send((name, args, kwargs))
            result, error = self._connection.recv()
        if error is not None:
            raise error
        return result

    def __getattr__(self, name: str) -> Any:
        return functools.partial(self._call, name)


def run_once(connection: Any, given: Any, folder: Path) -> None:
    """Be the process of one run."""
    logging.disable(logging.CRITICAL)
    event = execution.DurableExecutionInvocationInputWithClient.from_durable_execution_invocation_input(
        given, Remote(connection)
    )
    answer = function(folder)(event, make_context(timeout=300.0))
    connection.send(("answer", (answer,), {}))


# The service, in this process


Change = tuple[str, str]  # what happened to an operation, and the name of the operation


@dataclass
class History:
    """One execution.

    Attributes:
        order: its key.
        dies_at: the change of an operation at whose checkpoint its process is killed; None for never.
        before: whether it is killed before the service takes the checkpoint.
        changes: those of which its processes have told the service.
    """

    order: str
    dies_at: Change | None = None
    before: bool = False
    changes: list[Change] = field(default_factory=list["Change"])
    deaths: int = 0
    processes: set[int] = field(default_factory=set[int])
    results: list[Any] = field(default_factory=list[Any])

    def kills(self, changes: list[Change], *, before: bool) -> bool:
        """Tell whether the process is killed at this checkpoint."""
        return self.deaths == 0 and self.dies_at in changes and before == self.before


histories: dict[str, History] = {}


def invoke(folder: Path, event: Any, _: Any) -> Any:
    """Run the handler in a new process, which may be killed."""
    given = execution.DurableExecutionInvocationInput(
        event.durable_execution_arn,
        event.checkpoint_token,
        event.initial_execution_state,
        updated_operation_ids=event.updated_operation_ids,
    )
    details = event.initial_execution_state.operations[0].execution_details
    history = histories[json.loads(details.input_payload)["order"]]
    processes: Any = multiprocessing.get_context("forkserver")
    ours, theirs = processes.Pipe()
    process = processes.Process(target=run_once, args=(theirs, given, folder))
    process.start()
    theirs.close()
    history.processes.add(process.pid)

    def killed() -> None:
        history.deaths += 1
        gate = Gate(folder, history.order)
        gate.close()
        process.kill()
        process.join(PATIENCE)
        gate.open()
        raise ConnectionError("the process was killed")

    try:
        while True:
            name, args, kwargs = ours.recv()
            if name == "answer":
                return args[0]
            updates: Any = (kwargs.get("updates") or args[2]) if name == "checkpoint" else []
            changes: list[Change] = [(one.action.value, one.name or one.operation_type.value) for one in updates]
            history.changes += changes
            if history.kills(changes, before=True):
                killed()
            reply: tuple[Any, Any]
            try:
                reply = getattr(event.service_client, name)(*args, **kwargs), None
            except Exception as error:
                reply = None, error
            if history.kills(changes, before=False):
                killed()
            ours.send(reply)
    except EOFError:
        raise ConnectionError("the process has ended") from None
    finally:
        process.join(PATIENCE)
        ours.close()


def execute(runner: Any, history: History) -> History:
    """Start an execution, and after its end another one with the same key."""
    histories[history.order] = history
    for number in range(2):
        arn = runner.run_async(input=json.dumps({"order": history.order}), execution_name=f"{history.order}-{number}")
        result = runner.wait_for_result(arn, timeout=PATIENCE)
        history.results.append([result.status.value, json.loads(result.result) if result.result else str(result.error)])
    return history


def main(folder: Path, most: int) -> None:
    """Run the histories, and print what came of them."""
    logging.disable(logging.CRITICAL)
    executor.Executor.RETRY_BACKOFF_SECONDS = 0.01
    processes: Any = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([*(one.__name__ for one in PRELOADED), "lambda_kit.testing", "sqlite3"])
    with testing.DurableFunctionTestRunner(handler=functools.partial(invoke, folder), poll_interval=0.01) as runner:
        calm = execute(runner, History("calm"))
        points = [(change, before) for before in (True, False) for change in dict.fromkeys(calm.changes)]
        points.sort(key=lambda point: point[0][0] != "SUCCEED")
        killed = [History(f"{'before' if before else 'after'}-{at[0]}-{at[1]}", at, before) for at, before in points]
        with ThreadPoolExecutor(8) as pool:
            done = [calm, *pool.map(functools.partial(execute, runner), killed[:most])]
    effects: dict[str, list[str]] = {history.order: [] for history in done}
    for line in (folder / "effects").read_text().splitlines():
        order, name = line.split()
        effects[order].append(name)
    attempts = len((folder / "attempts").read_text().splitlines())
    found = [
        {
            "order": one.order,
            "deaths": one.deaths,
            "processes": len(one.processes),
            "results": one.results,
            "effects": effects[one.order],
        }
        for one in done
    ]
    print(json.dumps({"changes": len(calm.changes), "attempts": attempts, "histories": found}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.flush()
    os._exit(0)  # the testing SDK leaves an event loop open
