"""The story of the demo: what customers do, and what goes wrong meanwhile."""

from __future__ import annotations

import json
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
from shop.demo import processes, resources
from shop.demo.durable import DurableService
from shop.demo.faults import Faults
from shop.demo.functions import Functions
from shop.demo.pollers import StreamPoller
from shop.demo.provider import DECLINED, Payments
from shop.demo.record import Request, Result

from lambda_kit.local import SqsMapping, SqsQueue
from lambda_kit.testing import FakeXRayDaemon, events

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Self


TIMEOUT = 4.0  # seconds of the worker; a message that it drops comes back as soon, not after six times as long
TRACED = "ada"  # whose order is shown as a tree
KILLED = "kim"  # whose order the worker is killed in
ROTATED = "grace"  # whose order is charged after the key was rotated, by a function that has the old one
REFUSED = "linus"  # whose order the manager refuses
NAMES = ("bea", "carl", "dora", "emil", "fay", "hugo", "ida", "jon", "lea", "max", "nina", "otto")  # all others
_PATIENCE = 60.0


class Shop:
    """The running shop.

    Args:
        ministack: the program that has the services of AWS.
        tell: called with what happens, for people.
        runtime: the runtime client: `awslambdaric`, or `kit`, the kit's own.
    """

    def __init__(self, ministack: Path, tell: Callable[[str], None], *, runtime: str = "awslambdaric") -> None:
        self._tell = tell
        self._ministack = ministack
        self._runtime = runtime
        self._stack = ExitStack()
        self.result = Result()

    def tell(self, what: str) -> None:
        """Tell what happens, and keep it for the page."""
        self.result.story.append((time.time(), what))
        self._tell(what)

    def __enter__(self) -> Self:
        try:
            self._start(self._stack.enter_context)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self, enter: Callable[[Any], Any]) -> None:
        enter(_environment(resources.CREDENTIALS))
        self._marker = Path(enter(tempfile.TemporaryDirectory())) / "died"
        services = processes.Ministack(self._ministack)
        self.durable: DurableService = enter(DurableService(resources.CREDENTIALS | {"PATH": os.environ["PATH"]}))
        enter(services)
        self.faults: Faults = enter(Faults(services.url))
        self.payments: Payments = enter(Payments("key-1"))
        self.daemon: FakeXRayDaemon = enter(FakeXRayDaemon())
        self.resources = resources.make(services.url, self.payments.url, "key-1", visibility=int(TIMEOUT))
        self.durable.wait()
        environ = {
            **self.resources.environ,
            "AWS_ENDPOINT_URL": self.faults.url,
            "AWS_ENDPOINT_URL_LAMBDA": self.durable.url,
            "AWS_XRAY_DAEMON_ADDRESS": self.daemon.environ["AWS_XRAY_DAEMON_ADDRESS"],
            "APPROVAL_FUNCTION": "approval",
        }
        self.functions: Functions = enter(Functions(environ, self._runtime))
        self.durable.runs_by(self.functions.invoke)
        fatal = {"DIE_ONCE": str(self._marker), "DIE_FOR": KILLED}
        self.functions.add("api", "storefront.handlers.api.handle", count=2)
        self.functions.add("publish", "storefront.handlers.publish.announce_orders")
        self.functions.add("worker", "fatal.fulfil_orders", count=2, timeout=TIMEOUT, environ=fatal)
        self.functions.add("approval", "storefront.handlers.approval.approve_order")

    @contextmanager
    def event_sources(self) -> Generator[None]:
        """Deliver the stream to `publish`, and the queue to `worker`."""
        invoke = self.functions.invoke
        streams = self.resources.client("dynamodbstreams")
        poller = StreamPoller(streams, self.resources.stream, lambda event: invoke("publish", event))
        queue = SqsQueue(self.resources.queue)
        with poller, SqsMapping(queue, TIMEOUT, 2, lambda event: invoke("worker", event)):
            yield
        self.result.stream_deliveries, self.result.stream_records = poller.deliveries, len(poller.seen)

    # What customers do

    def call(self, method: str, path: str, user: str, scope: str = "", **parts: Any) -> tuple[int, Any]:
        """Send a request to the API, and return status and body of the answer."""
        claims = {"sub": user, "scope": scope, "iss": "https://id.example", "aud": "shop", "exp": time.time() + 3_600}
        token = jwt.encode(claims, resources.SIGNING_KEY, "HS256")
        headers = {"authorization": f"Bearer {token}", **parts.pop("headers", {})}
        outcome = self.functions.invoke("api", events.http(method, path, headers=headers, **parts))
        if outcome.error is not None:
            return 500, outcome.error.message
        body = outcome.payload.get("body")
        return outcome.payload["statusCode"], json.loads(body) if body else None

    def place(self, customer: str, key: str, sku: str = "tea", count: int = 1) -> Request:
        """Place an order, as a client that sends its request again if the answer is 409 or 5xx."""
        request = Request(customer, key, f"c-{customer}-{key}", time.time())
        headers = {"idempotency-key": key, "x-correlation-id": request.correlation_id}
        lines = {"lines": [{"sku": sku, "count": count}]}
        for _ in range(5):
            request.status, request.body = self.call("POST", "/orders", customer, headers=headers, json=lines)
            if request.status < 500 and request.status != 409:
                break
            time.sleep(0.2)
        self.result.requests.append(request)
        return request

    def decide(self, order_id: str, *, approved: bool) -> None:
        """Approve or refuse an order, once it waits for that."""

        def decided() -> bool:
            status, _ = self.call(
                "POST", f"/orders/{order_id}/decision", "manager", "orders:approve", json={"approved": approved}
            )
            return status == 202

        self.until("the order waits for a decision", lambda: self._has_callback(order_id))
        self.until("the decision is taken", decided)

    def _has_callback(self, order_id: str) -> bool:
        return any(one["id"] == order_id and "callback" in one for one in self.resources.orders())

    # What goes wrong

    def send_again(self) -> None:
        """Send a copy of a message for each order that there is, as a queue that delivers twice."""
        sqs = self.resources.client("sqs")
        for one in self.resources.orders():
            body = json.dumps({"order_id": one["id"], "customer": one["customer"], "total": int(one["total"])})
            attribute = {"DataType": "String", "StringValue": one["correlationId"]}
            sqs.send_message(
                QueueUrl=self.resources.queue, MessageBody=body, MessageAttributes={"correlationId": attribute}
            )
            self.result.sent_again += 1

    def send_poison(self) -> None:
        """Send a message that is no order."""
        self.resources.client("sqs").send_message(QueueUrl=self.resources.queue, MessageBody="this is no order")
        self.result.poison += 1

    def rotate_secret(self) -> None:
        """Give the payment service another key; functions still have the old one."""
        self.resources.rotate("key-2")
        self.payments.key = "key-2"

    # The end

    def settled(self) -> bool:
        """Tell whether all orders are done, and nothing is on its way."""
        done = all(one["status"] not in ("placed", "waiting") for one in self.resources.orders())
        return done and self.resources.depth(self.resources.queue) == 0

    def until(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait for something.

        Raises:
            TimeoutError: it has not come about.
        """
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"this did not come about: {what}")
            time.sleep(0.05)

    def close_books(self) -> Result:
        """Return what happened."""
        result, own = self.result, self.resources
        result.orders = own.orders()
        result.charges = dict(self.payments.charges)
        result.recognised = sum(self.payments.repeated.values())
        result.refused_keys = self.payments.refused
        result.letters, result.redrive = own.depth(own.letters), own.depth(own.redrive)
        result.executions = len(self.durable.executions)
        result.execution_starts = sum(self.durable.starts.values())
        result.killed = self._marker.exists()
        result.calls = self.faults.calls | self.durable.calls
        result.faults = dict(self.faults.made)
        result.invocations = sorted(self.functions.invocations, key=lambda one: one.started)
        result.spans = self.daemon.documents
        return result


def run(
    ministack: Path,
    tell: Callable[[str], None],
    *,
    orders: int = 8,
    disturb: bool = True,
    runtime: str = "awslambdaric",
) -> Result:
    """Run the story, and return what happened.

    Args:
        ministack: the program that has the services of AWS.
        tell: called with what happens, for people.
        orders: how many customers place an ordinary order, beside those that the story names.
        disturb: whether AWS throttles and loses replies.
        runtime: the runtime client: `awslambdaric`, or `kit`, the kit's own.
    """
    tell("the services of AWS are started; the functions are, when they are first needed")
    with Shop(ministack, tell, runtime=runtime) as shop:
        with shop.event_sources():
            _story(shop, orders, disturb=disturb)
        result = shop.close_books()
    result.seconds = time.time() - result.began
    result.parts = f"{runtime}, ministack"
    return result


def _story(shop: Shop, orders: int, *, disturb: bool) -> None:
    shop.tell(f"{TRACED} orders a samovar; the manager is asked, and approves")
    first = shop.place(TRACED, "1", "samovar")
    shop.decide(first.body["id"], approved=True)
    shop.until("the first order is done", shop.settled)
    if disturb:
        shop.tell("from here on AWS throttles, and replies are lost")
        shop.faults.begin()
    customers = [f"{NAMES[n % len(NAMES)]}{n // len(NAMES) or ''}" for n in range(orders)] + [KILLED, DECLINED]
    shop.tell(f"{len(customers)} customers order, and send each request twice; a worker is killed in the middle")
    with ThreadPoolExecutor(2) as pool:
        for request in [pool.submit(shop.place, one, "1", "coffee") for one in customers for _ in range(2)]:
            request.result()
    shop.until("the orders are done", shop.settled)
    shop.tell("the key of the payment service is rotated; the queue delivers all messages again, and one that is none")
    shop.rotate_secret()
    shop.send_again()
    shop.send_poison()
    shop.tell(f"{ROTATED} and {REFUSED} order samovars; the manager approves one, and refuses one")
    for customer, count in ((ROTATED, 1), (REFUSED, 2)):
        placed = shop.place(customer, "1", "samovar", count)
        shop.decide(placed.body["id"], approved=customer == ROTATED)
    shop.until("all orders are done", shop.settled)


@contextmanager
def _environment(values: dict[str, str]) -> Generator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
