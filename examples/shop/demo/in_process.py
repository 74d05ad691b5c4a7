"""The story without ministack: in this process, over memory. What a process or the network would add is missing."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from shop.demo.functions import Invocation, read_output
from shop.demo.memory import World
from shop.demo.provider import DECLINED
from shop.demo.record import Request, Result
from shop.demo.scenario import NAMES, REFUSED, ROTATED, TRACED

from lambda_kit.local import FunctionError, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lambda_kit.testing import Result as Invoked
    from lambda_kit.testing import SpanNode


class Story:
    """The story, and the record of it.

    Args:
        world: the shop.
        tell: called with what happens, for people.
    """

    def __init__(self, world: World, tell: Callable[[str], None]) -> None:
        self._world = world
        self._tell = tell
        self.result = Result(parts="in one process, over memory: without ministack")

    def play(self, orders: int) -> Result:
        """Play it, and return what happened."""
        world, result = self._world, self.result
        self.tell(f"{TRACED} orders a samovar; the manager is asked, and approves")
        first = self.place(TRACED, "samovar")
        self.deliver()
        self.decide(first, approved=True)
        customers = [NAMES[number % len(NAMES)] + str(number // len(NAMES) or "") for number in range(orders)]
        self.tell(f"{orders + 1} customers order, and send each request twice; the queue delivers each message twice")
        for customer in [*customers, DECLINED]:
            self.place(customer, "coffee")
            self.place(customer, "coffee")
        self.deliver(again=True)
        self.tell("the key of the payment service is rotated, and a message comes that is no order")
        world.rotate()
        world.queue.messages.append(("this is no order", "none"))
        result.poison = 1
        for customer in (ROTATED, REFUSED):
            order_id = self.place(customer, "samovar")
            self.deliver()
            self.decide(order_id, approved=customer == ROTATED)
        result.orders = [{name: next(iter(one[name].values())) for name in one} for one in world.table.items.values()]
        result.charges = dict(world.payments.charges)
        result.recognised = sum(world.payments.repeated.values())
        result.refused_keys = world.payments.refused
        result.letters = len(world.queue.letters)
        result.executions = len(world.functions.starts)
        result.execution_starts = sum(map(len, world.functions.starts.values()))
        result.stream_deliveries = result.stream_records
        result.seconds = time.time() - result.began
        return result

    def tell(self, what: str) -> None:
        """Tell what happens, and keep it for the page."""
        self.result.story.append((time.time(), what))
        self._tell(what)

    def place(self, customer: str, sku: str) -> str:
        """Place an order, and return its id."""
        request = Request(customer, "1", f"c-{customer}-1", time.time())
        answer = self.keep("api", lambda: self._world.place(customer, "1", sku))
        request.status, request.body = answer["statusCode"], json.loads(answer["body"])
        self.result.requests.append(request)
        found: str = request.body["id"]
        return found

    def deliver(self, *, again: bool = False) -> None:
        """Deliver the stream and the queue; with `again`, each message twice."""
        self.result.stream_records += len(self._world.table.added)
        self.keep("publish", self._world.read_stream)
        if again:
            self.result.sent_again += len(self._world.queue.messages)
            self._world.queue.messages *= 2
        self.keep("worker", self._world.work)

    def decide(self, order_id: str, *, approved: bool) -> None:
        """Run an approval to its end."""
        self.keep("approval", lambda: self._world.approve(order_id, approved=approved))

    def keep(self, function: str, run: Callable[[], Invoked[Any] | None]) -> Any:
        """Run a function, record the invocation, and return its answer."""
        started = time.time()
        done = run()
        if done is None:
            return None
        error = None if done.error is None else FunctionError(type(done.error).__name__, str(done.error))
        outcome = Outcome(
            request_id=f"{len(self.result.invocations) + 1:08}",
            status="success" if error is None else "error",
            payload=done.value,
            error=error,
            content_type="application/json",
            output=done.output,
            init_output="",
            duration_ms=done.duration * 1000,
            billed_ms=0,
            init_ms=None,
            restore_ms=None,
            max_memory_mb=None,
            cold=False,
        )
        segment = done.spans[0].parent_id if done.spans else ""
        made = Invocation(function, 1, started, outcome, "", segment)
        read_output(made, done.output)
        self.result.invocations.append(made)
        self.result.spans += documents(done.spans)
        return done.value


def documents(spans: Iterable[SpanNode]) -> list[dict[str, Any]]:
    """Return spans as X-Ray gets them, one after the other."""
    found: list[dict[str, Any]] = []
    for one in spans:
        document = {"id": one.id, "name": one.name, "parent_id": one.parent_id, "start_time": one.start}
        document |= {"end_time": one.end or one.start, "annotations": one.annotations, "aws": one.aws}
        document |= {"namespace": one.namespace or "local", "fault": one.fault}
        found += [document, *documents(one.children)]
    return found


def run(tell: Callable[[str], None], *, orders: int = 8) -> Result:
    """Play the story over memory, and return what happened.

    Args:
        tell: called with what happens, for people.
        orders: how many customers place an ordinary order, beside those that the story names.
    """
    with World() as world:
        return Story(world, tell).play(orders)
