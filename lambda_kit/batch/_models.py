"""Records as the models of pydantic, or as any type that it can validate."""

from __future__ import annotations

from lambda_kit.errors import ConfigurationError, EventError, InvalidRecord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_MAX_PROBLEMS = 20


def reader(model: Any, source: str) -> Callable[[Any], Any]:
    """Return a function that makes a model of a record of this source.

    JSON is validated as it is written, in the body or the data; of DynamoDB's streams the new image, or the old one of
    an item that was removed; of S3 Batch Operations the task.

    Raises:
        ConfigurationError: there is no pydantic, or it cannot validate this.
        InvalidRecord: when called, the record does not fit.
        EventError: when called, the record cannot be read.
    """
    try:
        import pydantic
    except ImportError as error:
        raise ConfigurationError(
            "batch(model=...) needs pydantic, which is not installed: pip install pydantic"
        ) from error
    try:
        adapter: Any = pydantic.TypeAdapter(model)
    except pydantic.PydanticUserError as error:
        raise ConfigurationError(f"batch(model={_title(model)}): pydantic cannot validate it: {error}") from error
    of_json, of_value = adapter.validate_json, adapter.validate_python
    find = _FINDERS.get(source)
    invalid = pydantic.ValidationError

    def read(record: Any) -> Any:
        try:
            if find is not None:
                return of_value(find(record))
            return of_json(record.body if source == "sqs" else record.data)
        except invalid as error:
            problems = _problems(error)
        # Outside of the `except`: pydantic's error holds the payload.
        more = len(problems) - _MAX_PROBLEMS
        told = "; ".join(f"{path}: {problem}" for path, problem in problems[:_MAX_PROBLEMS])
        rest = f"; and {more} more" if more > 0 else ""
        raise InvalidRecord(f"the record does not fit {_title(model)}: {told}{rest}", problems=problems)

    return read


def _problems(error: Any) -> list[tuple[str, str]]:
    found: list[dict[str, Any]] = error.errors(include_url=False, include_context=False, include_input=False)
    return [(".".join(map(str, one["loc"])) or "$", one["msg"]) for one in found]


def _image(record: Any) -> Any:
    found = record.new_image if record.new_image is not None else record.old_image
    if found is None:
        raise EventError("the record of dynamodb has no image; the stream has to have NEW_IMAGE or NEW_AND_OLD_IMAGES")
    return found


_FINDERS: dict[str, Callable[[Any], Any]] = {"dynamodb": _image, "s3_batch": lambda record: record.raw}


def _title(model: Any) -> str:
    return getattr(model, "__name__", None) or repr(model)
