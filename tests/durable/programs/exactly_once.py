"""Durable executions with idempotent functions, run by AWS's testing SDK; what came of each goes to standard output.

It is a program of its own, because the testing SDK leaves an event loop open. Its scenarios run side by side: most of
their time is waiting.
"""

from __future__ import annotations

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lambda_kit import handler, idempotent, layer
from lambda_kit.batch import batch
from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambda_kit.idempotency._layer import Decorate

sdk: Any = import_module("aws_durable_execution_sdk_python")
config: Any = import_module("aws_durable_execution_sdk_python.config")
exceptions: Any = import_module("aws_durable_execution_sdk_python.exceptions")
testing: Any = import_module("aws_durable_execution_sdk_python_testing")

logging.getLogger("aws_durable_execution_sdk_python").setLevel(logging.CRITICAL)
logging.getLogger("aws_durable_execution_sdk_python_testing").setLevel(logging.CRITICAL)


def seconds(count: int) -> Any:
    """Return a duration."""
    return config.Duration.from_seconds(count)


class DeclinedError(Exception):
    """The card was declined."""


class Shop:
    """One scenario: a store, the effects that happened, and the runs of the handler."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.effects: list[str] = []
        self.runs = 0

    def effect(self, name: str) -> str:
        """Do something that must not be done twice."""
        self.effects.append(name)
        return f"{name} {self.effects.count(name)}"

    def step(self, name: str) -> Callable[[object], str]:
        """Return the function of a step that has this effect."""
        return lambda _: self.effect(name)

    def protect(self, name: str, **options: Any) -> Decorate:
        """Return the decorator of an idempotent function."""
        return idempotent(self.store, key="id", name=name, cache=0, **options)

    def execute(self, fn: Any, event: dict[str, Any] | None = None) -> Any:
        """Run an execution to its end."""
        durable = sdk.durable_execution(fn)
        with testing.DurableFunctionTestRunner(handler=durable, poll_interval=0.01) as runner:
            return told(runner.run(input=json.dumps(event or {"id": "o-1"})))


def told(result: Any) -> list[Any]:
    """Return status, and result or error, of an execution."""
    value = json.loads(result.result) if result.result else None
    error = None if result.error is None else (result.error.type or "").rpartition(".")[2]
    return [result.status.value, value if error is None else error]


def names(shop: Shop) -> dict[str, Any]:
    """Return what a scenario tells."""
    return {"effects": sorted(shop.effects), "runs": shop.runs}


def nested_with_context() -> dict[str, Any]:
    """A function that uses the durable context, called from the handler, and operations after it."""
    shop = Shop()

    @shop.protect("charge")
    def charge(id: str, context: Any) -> str:
        receipt: str = context.step(shop.step("charge"), name="pay")
        context.wait(seconds(1))
        return receipt

    @handler
    def place(event: Any, context: Any) -> Any:
        shop.runs += 1
        receipt = charge(event["id"], context)
        context.wait(seconds(1))
        context.step(shop.step("mail"), name="mail")
        context.wait(seconds(1))
        return receipt

    return {"first": shop.execute(place), "second": shop.execute(place), **names(shop)}


def nested_without_context() -> dict[str, Any]:
    """A function with an effect of its own, outside of all steps, whose record expires while the execution waits."""
    shop = Shop()

    @shop.protect("mail", ttl=1.0, clock=lambda: 1000.0 * shop.runs)
    def mail(id: str) -> tuple[str, int]:
        return shop.effect("mail"), 1

    @handler
    def place(event: Any, context: Any) -> Any:
        shop.runs += 1
        sent = mail(event["id"])
        context.wait(seconds(1))
        assert mail("other") == ("mail 2", 1)
        context.wait(seconds(1))
        return [sent, repr(sent)]

    return {"first": shop.execute(place), **names(shop)}


def nested_error() -> dict[str, Any]:
    """A function that raises an error of the user, which the handler catches, the same in each replay."""
    shop = Shop()
    caught: list[str] = []

    @shop.protect("charge")
    def charge(id: str) -> None:
        shop.effect("attempt")
        raise DeclinedError("no credit", 3)

    @handler
    def place(event: Any, context: Any) -> Any:
        shop.runs += 1
        try:
            charge(event["id"])
        except DeclinedError as error:
            caught.append(repr(error))
        context.wait(seconds(1))
        return context.step(shop.step("cancel"), name="cancel")

    return {"first": shop.execute(place), "caught": caught, "keys": len(shop.store.records), **names(shop)}


def nested_through_closure() -> dict[str, Any]:
    """A function that uses the context of the handler without getting it as an argument."""
    shop = Shop()

    @handler
    def place(event: Any, context: Any) -> Any:
        @shop.protect("charge")
        def charge(id: str) -> Any:
            return context.step(shop.step("charge"), name="pay")

        try:
            return charge(event["id"])
        except ConfigurationError as error:
            return str(error)

    return {"first": shop.execute(place), **names(shop)}


def within_a_step() -> dict[str, Any]:
    """A function that a step calls, which is tried again after it has run: its result was not kept by the SDK."""
    shop = Shop()
    attempts: list[int] = []

    @shop.protect("charge")
    def charge(id: str) -> str:
        return shop.effect("charge")

    def pay(_: Any) -> str:
        receipt = charge("o-1")
        attempts.append(1)
        if len(attempts) < 3:
            raise ConnectionError("the reply was lost")
        return receipt

    @handler
    def place(event: Any, context: Any) -> Any:
        shop.runs += 1
        return context.step(pay, name="pay")

    return {"first": shop.execute(place), **names(shop)}


def branches_with_one_key() -> dict[str, Any]:
    """Two branches with the same key, the first of which waits inside the function."""
    shop = Shop()

    @shop.protect("charge")
    def charge(id: str, context: Any) -> str:
        receipt: str = context.step(shop.step("charge"), name="pay")
        context.wait(seconds(1))
        return receipt

    def branch(context: Any, item: str, index: int, items: Any) -> str:
        return charge("o-1", context)

    @handler
    def place(event: Any, context: Any) -> Any:
        shop.runs += 1
        tolerant = config.CompletionConfig(tolerated_failure_count=1)
        done = context.map(["a", "b"], branch, config=config.MapConfig(completion_config=tolerant))
        context.wait(seconds(1))
        return [done.get_results(), [error.type for error in done.get_errors()]]

    return {"first": shop.execute(place), **names(shop)}


def records_of_a_batch() -> dict[str, Any]:
    """The records of a batch, each with a key; the second one waits."""
    shop = Shop()

    @handler
    @batch(source="sqs", idempotency=idempotent(shop.store, key="messageId", cache=0))
    def place(record: Any, context: Any) -> None:
        context.step(shop.step(f"charge {record.id}"), name=f"charge {record.id}")
        if record.id == "m1":
            context.wait(seconds(1))

    message: dict[str, Any] = {"receiptHandle": "h", "body": "{}", "attributes": {}, "eventSource": "aws:sqs"}
    event: dict[str, Any] = {"Records": [{"messageId": f"m{i}", **message} for i in range(3)]}
    return {"first": shop.execute(place, event), "second": shop.execute(place, event), **names(shop)}


def coroutine() -> dict[str, Any]:
    """An async handler with its key, and an async function within it."""
    shop = Shop()

    @shop.protect("mail", ttl=1.0)
    async def mail(id: str) -> str:
        return shop.effect("mail")

    @handler(shop.protect("place"))
    async def place(event: Any, context: Any) -> Any:
        shop.runs += 1
        receipt = context.step(shop.step("charge"), name="pay")
        await mail(event["id"])
        context.wait(seconds(1))
        return receipt

    kept = shop.execute(place)
    return {"first": kept, "second": shop.execute(place), **names(shop)}


def answering_layer() -> dict[str, Any]:
    """A layer that would answer every exception, and one that is a plain decorator."""
    shop = Shop()
    seen: list[str] = []

    @layer
    def guard(event: Any, context: Any) -> Any:
        try:
            yield
            seen.append("returned")
        except BaseException as error:
            seen.append(type(error).__name__)
            return "answered"
        finally:
            seen.append("left")

    @handler(guard, shop.protect("place"))
    def place(event: Any, context: Any) -> Any:
        shop.runs += 1
        context.wait(seconds(1))
        return context.step(shop.step("charge"), name="pay")

    return {"first": shop.execute(place), "seen": seen, **names(shop)}


def stopped() -> dict[str, Any]:
    """An execution that is stopped while it waits keeps its key."""
    shop = Shop()
    waiting = threading.Event()

    @handler(shop.protect("place"))
    def place(event: Any, context: Any) -> Any:
        shop.runs += 1
        context.step(shop.step("charge"), name="pay")
        waiting.set()
        context.create_callback(name="approval").result()

    durable = sdk.durable_execution(place)
    with testing.DurableFunctionTestRunner(handler=durable, poll_interval=0.01) as runner:
        arn = runner.run_async(input='{"id": "o-1"}')
        runner.wait_for_callback(arn, name="approval")
        runner._executor.stop_execution(arn)
        stopped = told(runner.wait_for_result(arn))[0]
    states = [record.status for record in shop.store.records.values()]
    return {"first": stopped, "states": states, "second": shop.execute(place), **names(shop)}


def timed_out() -> dict[str, Any]:
    """An execution that runs out of time while it waits keeps its key."""
    shop = Shop()

    @handler(shop.protect("place"))
    def place(event: Any, context: Any) -> Any:
        shop.runs += 1
        context.step(shop.step("charge"), name="pay")
        context.create_callback(name="approval").result()

    durable = sdk.durable_execution(place)
    with testing.DurableFunctionTestRunner(handler=durable, poll_interval=0.01, skip_time=False) as runner:
        arn = runner.run_async(input='{"id": "o-1"}', execution_timeout=1)
        first = runner.wait_for_result(arn).error.message
    states = [record.status for record in shop.store.records.values()]
    return {"first": first, "states": states, "second": shop.execute(place), **names(shop)}


def waiting_for_another() -> dict[str, Any]:
    """Of two executions with one key, the second waits for the result of the first one, through its suspension."""
    shop = Shop()

    @handler(shop.protect("place", on_in_progress="wait"))
    def place(event: Any, context: Any) -> Any:
        shop.runs += 1
        receipt = context.step(shop.step("charge"), name="pay")
        callback = context.create_callback(name="approval")
        callback.result()
        return receipt

    durable = sdk.durable_execution(place)
    with testing.DurableFunctionTestRunner(handler=durable, poll_interval=0.01) as runner:
        first = runner.run_async(input='{"id": "o-1"}', execution_name="first")
        callback = runner.wait_for_callback(first, name="approval")
        second = runner.run_async(input='{"id": "o-1"}', execution_name="second")
        waiting = threading.Timer(0.3, runner.send_callback_success, [callback, b'"yes"'])
        waiting.start()
        results = [told(runner.wait_for_result(arn)) for arn in (first, second)]
    return {"first": results[0], "second": results[1], **names(shop)}


SCENARIOS = (
    nested_with_context,
    nested_without_context,
    nested_error,
    nested_through_closure,
    within_a_step,
    branches_with_one_key,
    records_of_a_batch,
    coroutine,
    answering_layer,
    stopped,
    timed_out,
    waiting_for_another,
)

if __name__ == "__main__":
    with ThreadPoolExecutor(len(SCENARIOS)) as pool:
        running = {scenario.__name__: pool.submit(scenario) for scenario in SCENARIOS}
        print(json.dumps({name: future.result() for name, future in running.items()}))
