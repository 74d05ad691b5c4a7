"""The cost of a record of a batch, against the peer: processor time, records that wait side by side, memory.

Both sides get the same events and have to give the same responses. Log records are formatted and discarded. The kit
always logs failures; the peer logs each one with its traceback if it was given a logger.
"""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import os
import subprocess
import time
import tracemalloc
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks._calls import calls_of
from benchmarks._lambda import Context
from benchmarks._model import Case, Figure, Row, Topic
from benchmarks._worker import Loop

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from benchmarks._model import Measure, Options, Side

_ROOT = Path(__file__).parent.parent
_SIZES = (10, 1_000, 10_000)
_WAITING = (1, 10, 100)  # records at a time
_WAIT = 0.01  # seconds for each record
_FAILING = 100  # one of so many


def _message(number: int) -> dict[str, Any]:
    return {
        "messageId": f"059f36b4-87a3-44ab-83d2-{number:012}",
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
        "body": json.dumps({"order": f"o-{number}", "amount": number, "currency": "CHF"}),
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1545082649183",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1545082649185",
        },
        "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:my-queue",
        "awsRegion": "us-east-2",
    }


def _sqs(count: int) -> dict[str, Any]:
    return {"Records": [_message(number) for number in range(count)]}


def _kinesis(count: int) -> dict[str, Any]:
    return {
        "Records": [
            {
                "eventSource": "aws:kinesis",
                "eventID": f"shardId-000000000006:{number}",
                "eventSourceARN": "arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream",
                "kinesis": {
                    "partitionKey": "1",
                    "sequenceNumber": str(number),
                    "data": base64.b64encode(_message(number)["body"].encode()).decode(),
                    "approximateArrivalTimestamp": 1545084650.987,
                },
            }
            for number in range(count)
        ]
    }


def _event(kind: str, count: int) -> dict[str, Any]:
    return _kinesis(count) if kind == "kinesis" else _sqs(count)


def _checked(call: Callable[[Any, Any], Any], kind: str, count: int) -> Loop:
    """Return the loop over a handler, after a check that its response is right."""
    event, context = _event(kind, count), Context()
    answer = call(event, context)
    failed = [{"itemIdentifier": _message(number)["messageId"]} for number in range(0, count, _FAILING)]
    assert answer == {"batchItemFailures": failed if kind in ("failing", "logged") else []}, answer
    return Loop("fn(event, context)", {"fn": call, "event": event, "context": context}, calls=count)


def _order() -> Any:
    import pydantic

    return pydantic.create_model("Order", order=(str, ...), amount=(int, ...), currency=(str, ...))


def _is_failing(message_id: str) -> bool:
    return int(message_id[-6:]) % _FAILING == 0


def _logged(name: str) -> logging.Logger:
    """Return a logger that formats its records and discards them."""
    log = logging.getLogger(name)
    log.propagate = False
    log.handlers = [logging.StreamHandler(open(os.devnull, "w"))]  # noqa: SIM115, PTH123  # for the life of the process
    return log


def kit(kind: str, count: int) -> Loop:
    """Process a batch under the kit's handler, with its deadline."""
    from lambda_kit import handler
    from lambda_kit.batch import batch

    _logged("lambda_kit")

    def plain(record: Any) -> str:
        return str(record.body)

    def parsed(record: Any) -> Any:
        return record.json

    def modelled(order: Any) -> Any:
        return order.amount

    def failing(record: Any) -> str:
        if _is_failing(record.id):
            raise ValueError(record.id)
        return str(record.body)

    functions: dict[str, Any] = {
        "plain": plain,
        "json": parsed,
        "model": modelled,
        "failing": failing,
        "kinesis": parsed,
    }
    options: dict[str, Any] = {"model": _order()} if kind == "model" else {}
    decorate: Any = batch(**options)
    handle: Any = handler
    return _checked(handle(decorate(functions[kind])), kind, count)


def peer(kind: str, count: int) -> Loop:
    """Process a batch with the peer's processor."""
    module: Any = import_module("aws_lambda_powertools.utilities.batch")
    processor = module.BatchProcessor(
        event_type=module.EventType.KinesisDataStreams if kind == "kinesis" else module.EventType.SQS,
        model=_peer_model() if kind == "model" else None,
        logger=_logged("peer") if kind == "logged" else None,
    )
    of_body: Any = _order().model_validate_json if kind == "by hand" else None

    def plain(record: Any) -> str:
        return str(record.body)

    def parsed(record: Any) -> Any:
        return record.json_body

    def modelled(record: Any) -> Any:
        return record.body.amount

    def by_hand(record: Any) -> Any:
        return of_body(record.body).amount

    def failing(record: Any) -> str:
        if _is_failing(record.message_id):
            raise ValueError(record.message_id)
        return str(record.body)

    def decoded(record: Any) -> Any:
        return record.kinesis.data_as_json()

    functions: dict[str, Any] = {
        "plain": plain,
        "json": parsed,
        "model": modelled,
        "by hand": by_hand,
        "failing": failing,
        "logged": failing,
        "kinesis": decoded,
    }
    function, run = functions[kind], module.process_partial_response

    def handle(event: Any, context: Any) -> Any:
        return run(event=event, record_handler=function, processor=processor, context=context)

    return _checked(handle, kind, count)


def _peer_model() -> Any:
    import pydantic

    models: Any = import_module("aws_lambda_powertools.utilities.parser.models")
    in_json: Any = pydantic.Json
    fields: dict[str, Any] = {"body": (in_json[_order()], ...)}
    return pydantic.create_model("OrderRecord", __base__=models.SqsRecordModel, **fields)


# Cases that need a process of their own


def waiting(side: str, count: int, concurrency: int) -> dict[str, float]:
    """Process a batch whose records each wait 10 ms: the milliseconds of it, and a record's processor time.

    The kit runs so many records at a time; the peer has no bound and starts all of them at once.
    """
    import asyncio

    async def wait(record: Any) -> None:
        await asyncio.sleep(_WAIT)

    if side == "kit":
        from lambda_kit.batch import process_batch_async

        def run(event: Any) -> Any:
            return asyncio.run(process_batch_async(event, wait, concurrency=concurrency)).response
    else:
        module: Any = import_module("aws_lambda_powertools.utilities.batch")
        processor = module.AsyncBatchProcessor(event_type=module.EventType.SQS)

        def run(event: Any) -> Any:
            return module.async_process_partial_response(event=event, record_handler=wait, processor=processor)

    run(_sqs(concurrency))  # loads what is loaded at first use
    event = _sqs(count)
    began, used = time.perf_counter(), time.process_time()
    response = run(event)
    took, used = time.perf_counter() - began, time.process_time() - used
    assert response == {"batchItemFailures": []}
    return {"wall": took * 1000, "processor": used / count * 1e9}


def memory(side: str) -> dict[str, float]:
    """Process 10,000 records: the peak of what that allocates beside the event, in kB."""
    loop = kit("plain", 10) if side == "kit" else peer("plain", 10)
    event = _sqs(10_000)
    loop.names["fn"](event, loop.names["context"])
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    loop.names["fn"](event, loop.names["context"])
    _, peak = tracemalloc.get_traced_memory()
    return {"peak": (peak - before) / 1024}


@contextlib.contextmanager
def _opened(options: Options, cases: Sequence[Case]) -> Generator[Measure]:
    alone = {case.name for case in cases if case.setup in ("waiting", "memory")}
    with calls_of("benchmarks.batch")(options, [case for case in cases if case.name not in alone]) as measure:
        yield lambda case: _apart(options, case) if case.name in alone else measure(case)


def _apart(options: Options, case: Case) -> dict[str, float]:
    code = f"import json; from benchmarks import batch; print(json.dumps(batch.{case.setup}(*{case.args!r})))"
    done = subprocess.run(
        [options.python(case.side), "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
    )
    return {f"{case.name} {what}": figure for what, figure in json.loads(done.stdout).items()}


_SIDES: tuple[Side, ...] = ("kit", "peer")
_GOAL = 2 / 3
# Of 1,000 records: what is compared, the kit's case and the peer's, and the goal.
_COMPARED = (
    ("their JSON", "json", "json", _GOAL),
    ("with a model", "model", "model", _GOAL),
    ("with a model, the peer's by hand", "model", "by hand", None),
    ("1 % failing", "failing", "failing", _GOAL),
    ("1 % failing, both logged", "failing", "logged", _GOAL),
    ("of Kinesis, their JSON", "kinesis", "kinesis", _GOAL),
)
_MANY = 1_000  # records that wait all at once

TOPIC = Topic(
    name="batch",
    about="The cost of a record of a batch. The goal: at most 2/3 of the peer's, also for 10,000 records.",
    cases=(
        *(Case(f"{side} plain {size}", side, side, ("plain", size)) for side in _SIDES for size in _SIZES),
        *(Case(f"kit {kind}", "kit", "kit", (kind, 1_000)) for kind in dict.fromkeys(one[1] for one in _COMPARED)),
        *(Case(f"peer {kind}", "peer", "peer", (kind, 1_000)) for _, _, kind, _ in _COMPARED),
        *(Case(f"kit waiting {some}", "kit", "waiting", ("kit", 100, some)) for some in _WAITING),
        Case("peer waiting", "peer", "waiting", ("peer", 100, 100)),
        *(Case(f"{side} waiting many", side, "waiting", (side, _MANY, _MANY)) for side in _SIDES),
        *(Case(f"{side} memory", side, "memory", (side,)) for side in _SIDES),
    ),
    rows=(
        *(
            Row(
                f"{size:,} records, their text",
                Figure(f"kit plain {size}"),
                Figure(f"peer plain {size}"),
                "Powertools",
                goal=_GOAL,
            )
            for size in _SIZES
        ),
        Row("10,000 records", Figure("kit plain 10000"), Figure("kit plain 1000"), "1,000 of ours", goal=1.1),
        *(
            Row(f"1,000 records, {what}", Figure(f"kit {ours}"), Figure(f"peer {theirs}"), "Powertools", goal=goal)
            for what, ours, theirs, goal in _COMPARED
        ),
        *(
            Row(
                f"100 that wait 10 ms, {some} at a time",
                Figure(f"kit waiting {some} wall"),
                Figure("peer waiting wall"),
                "all at once",
                "ms",
            )
            for some in _WAITING
        ),
        Row(
            "1,000 that wait 10 ms, all at once",
            Figure("kit waiting many processor"),
            Figure("peer waiting many processor"),
            "Powertools",
            goal=_GOAL,
        ),
        Row(
            "memory for 10,000 records",
            Figure("kit memory peak"),
            Figure("peer memory peak"),
            "Powertools",
            "kB",
            _GOAL,
        ),
    ),
    open=_opened,
    rounds=(16, 3),
)
