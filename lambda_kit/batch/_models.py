"""Records as pydantic models, as structs of msgspec, or as any type that pydantic can validate."""

from __future__ import annotations

from lambda_kit.errors import InvalidRecord
from lambda_kit.events._models import compiled, title

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def parser(model: Any) -> Callable[[Any], Any]:
    """Return a function that makes a model of a record.

    The model is validated from the JSON text of the body or the data; for DynamoDB streams from the new image, or from
    the old image of a removed item; for S3 Batch Operations from the task. A tombstone of Kafka is null.

    Raises:
        MissingExtra: pydantic is not installed.
        ConfigurationError: pydantic cannot validate this type.
        InvalidRecord: when called, the record does not fit the model.
        EventError: when called, the record cannot be read.
    """
    known = compiled(model, f"batch(model={title(model)})")

    def parse(record: Any) -> Any:
        return known.validated(record._content()[0], (), "record", InvalidRecord)

    return parse
