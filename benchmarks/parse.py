"""The cost of parsing the bodies of 1,000 records of SQS, against pydantic alone and against the peer's envelope.

All sides get the same event and have to return the same orders.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from benchmarks._calls import calls_of
from benchmarks._lambda import Context
from benchmarks._model import Case, Figure, Row, Topic
from benchmarks._worker import Loop
from benchmarks.batch import _order, _sqs

if TYPE_CHECKING:
    from collections.abc import Callable

_COUNT = 1_000


def _checked(call: Callable[[Any], Any], event: Any) -> Loop:
    """Return the loop over a call, after a check that it returns the orders."""
    found = call(event)
    assert [one.amount for one in found] == list(range(_COUNT)), found[:3]
    return Loop("fn(event)", {"fn": call, "event": event}, calls=_COUNT)


def layer() -> Loop:
    """Parse through the kit's layer, under its handler."""
    from lambda_kit import handler
    from lambda_kit.events import parse

    def orders(found: Any, context: Any) -> Any:
        return found

    decorate: Any = handler(parse(_order(), many=True))
    handle, context = decorate(orders), Context()
    return _checked(lambda event: handle(event, context), _sqs(_COUNT))


def views() -> Loop:
    """Parse through typed views, record by record."""
    from lambda_kit.events import SqsEvent

    typed: Any = SqsEvent[_order()]  # type: ignore[misc]
    return _checked(lambda event: [record.parsed for record in typed(event)], _sqs(_COUNT))


def structs() -> Loop:
    """Parse structs of msgspec through the kit's layer."""
    msgspec: Any = import_module("msgspec")
    from lambda_kit.events import parse

    model = msgspec.defstruct("Order", [("order", str), ("amount", int), ("currency", str)])

    def orders(found: Any, context: Any) -> Any:
        return found

    handle: Any = parse(model, many=True)(orders)
    return _checked(lambda event: handle(event, None), _sqs(_COUNT))


def bare() -> Loop:
    """Validate the bodies with pydantic alone."""
    import pydantic

    validate: Any = pydantic.TypeAdapter(_order()).validate_json
    return _checked(lambda event: [validate(record["body"]) for record in event["Records"]], _sqs(_COUNT))


def peer() -> Loop:
    """Parse with the peer's parser and its envelope of SQS."""
    module: Any = import_module("aws_lambda_powertools.utilities.parser")
    envelopes: Any = import_module("aws_lambda_powertools.utilities.parser.envelopes")
    run, order, envelope = module.parse, _order(), envelopes.SqsEnvelope
    return _checked(lambda event: run(event=event, model=order, envelope=envelope), _sqs(_COUNT))


_KIT = ("layer", "views", "structs", "bare")
TOPIC = Topic(
    name="parse",
    about="The cost of parsing a record of SQS. The goal: at most 1.3 times pydantic's `validate_json` alone.",
    cases=(*(Case(name, "kit", name) for name in _KIT), Case("peer", "peer", "peer")),
    rows=(
        Row("a layer, many=True", Figure("layer"), Figure("bare"), "validate_json", goal=1.3),
        Row("typed views", Figure("views"), Figure("bare"), "validate_json"),
        Row("a layer, many=True", Figure("layer"), Figure("peer"), "Powertools", goal=1.0),
        Row("typed views", Figure("views"), Figure("peer"), "Powertools", goal=1.0),
        Row("a layer, structs of msgspec", Figure("structs"), Figure("bare"), "validate_json"),
    ),
    open=calls_of("benchmarks.parse"),
    rounds=(20, 5),
)
