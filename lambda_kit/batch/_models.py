"""Records as pydantic models, or as any type that pydantic can validate."""

from __future__ import annotations

from lambda_kit.errors import ConfigurationError, EventError, InvalidRecord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_MAX_PROBLEMS = 20


def parser(model: Any, source: str) -> Callable[[Any], Any]:
    """Return a function that makes a model of a record of this source.

    The model is validated from the JSON text of the body or the data; for DynamoDB streams from the new image, or from
    the old image of a removed item; for S3 Batch Operations from the task. A tombstone of Kafka is null.

    Raises:
        MissingExtra: pydantic is not installed.
        ConfigurationError: pydantic cannot validate this type.
        InvalidRecord: when called, the record does not fit the model.
        EventError: when called, the record cannot be read.
    """
    from lambda_kit._kernel import extras

    try:
        import pydantic
    except ImportError as error:
        raise extras.missing("batch(model=...)", "pydantic", "pydantic") from error
    try:
        adapter: Any = pydantic.TypeAdapter(model)
    except pydantic.PydanticUserError as error:
        raise ConfigurationError(f"batch(model={_title(model)}): pydantic cannot validate it: {error}") from error
    validate_json, validate_python = adapter.validate_json, adapter.validate_python
    value_of = _VALUES.get(source)
    validation_error = pydantic.ValidationError

    def parse(record: Any) -> Any:
        try:
            if value_of is not None:
                return validate_python(value_of(record))
            if source == "sqs":
                return validate_json(record.body)
            return validate_json(b"null" if source == "kafka" and record.is_tombstone else record.data)
        except validation_error as error:
            problems = _problems(error)
        # Raised outside of the `except`, so that pydantic's error, which holds the payload, is not its context.
        more = len(problems) - _MAX_PROBLEMS
        listed = "; ".join(f"{path}: {problem}" for path, problem in problems[:_MAX_PROBLEMS])
        rest = f"; and {more} more" if more > 0 else ""
        raise InvalidRecord(f"the record does not fit {_title(model)}: {listed}{rest}", problems=problems)

    return parse


def _problems(error: Any) -> list[tuple[str, str]]:
    found: list[dict[str, Any]] = error.errors(include_url=False, include_context=False, include_input=False)
    return [(".".join(map(str, one["loc"])) or "$", one["msg"]) for one in found]


def _image(record: Any) -> Any:
    found = record.new_image if record.new_image is not None else record.old_image
    if found is None:
        raise EventError(
            "the record of dynamodb has no image; set the view type of the stream to NEW_IMAGE or NEW_AND_OLD_IMAGES"
        )
    return found


_VALUES: dict[str, Callable[[Any], Any]] = {"dynamodb": _image, "s3_batch": lambda record: record.raw}


def _title(model: Any) -> str:
    return getattr(model, "__name__", None) or repr(model)
