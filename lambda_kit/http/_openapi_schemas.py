"""The schemas of an OpenAPI document, made together, so that the names of components are unique."""

from __future__ import annotations

import json
import sys

from lambda_kit.errors import ConfigurationError
from lambda_kit.http import _models

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PLACE = "#/components/schemas/"
_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details, RFC 9457.",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("detail", "in", "name", "pointer")},
                "required": ["detail"],
            },
        },
    },
    "required": ["type", "title", "status"],
}


class Schemas:
    """The schemas of all types of a document.

    Attributes:
        problem: the reference to the schema of problem details. Its target is known when all schemas are.
    """

    def __init__(self) -> None:
        self.problem: dict[str, Any] = {}
        self._types: list[tuple[Any, str, str]] = []
        self._places: list[tuple[dict[str, Any], str, int]] = []

    def put(self, into: dict[str, Any], name: str, annotation: Any, mode: str, what: str) -> None:
        """Let `into[name]` be the schema of a type, once all are known, with the members that it has already.

        Args:
            into: the dict that holds the schema.
            name: the key.
            annotation: the type.
            mode: `"validation"` for what comes in, `"serialization"` for what goes out.
            what: the function that the type belongs to, for messages.
        """
        self._places.append((into, name, len(self._types)))
        self._types.append((annotation, mode, what))

    def fill(self) -> dict[str, Any]:
        """Put all schemas where they belong, and return the components by their names.

        Raises:
            ConfigurationError: a type that comes in has no schema.
            MissingExtra: pydantic is not installed.
        """
        found, components = self._by_pydantic()
        structs, more = self._by_msgspec(set(components))
        found.update(structs)
        components.update(more)
        name = "Problem"
        while name in components:
            name += "Details"
        components[name] = _PROBLEM
        self.problem["$ref"] = _PLACE + name
        for into, key, number in self._places:
            into[key] = {**found[number], **into.get(key, {})}
        return {one: components[one] for one in sorted(components)}

    def _by_pydantic(self) -> tuple[dict[int, Any], dict[str, Any]]:
        inputs: list[Any] = []
        found: dict[int, Any] = {}
        for number, (annotation, mode, what) in enumerate(self._types):
            if _models.has_struct(annotation):
                continue
            try:
                one = _models.adapter(annotation, what)
                one.json_schema(mode=mode)
            except Exception as error:
                if mode == "validation":
                    if isinstance(error, ConfigurationError):
                        raise
                    raise ConfigurationError(f"{what} has a type that has no JSON schema: {error}") from error
                found[
                    number
                ] = {}  # the kit sends values that pydantic does not know, such as objects of other libraries
            else:
                inputs.append((number, mode, one))
        if not inputs:
            return found, {}
        from pydantic import TypeAdapter

        made: Any = TypeAdapter
        by_key, definitions = made.json_schemas(inputs, ref_template=_PLACE + "{model}")
        found.update({number: schema for (number, _), schema in by_key.items()})
        return found, definitions.get("$defs", {})

    def _by_msgspec(self, taken: set[str]) -> tuple[dict[int, Any], dict[str, Any]]:
        numbers = [i for i, (one, _, _) in enumerate(self._types) if _models.has_struct(one)]
        if not numbers:
            return {}, {}
        schemas, components = sys.modules["msgspec"].json.schema_components(
            [self._types[i][0] for i in numbers], ref_template=_PLACE + "{name}"
        )
        text = json.dumps([list(schemas), components])
        for name in sorted(taken & components.keys()):
            other = f"{name}Struct"
            while other in taken or other in components:
                other += "_"
            text = text.replace(f'"{_PLACE}{name}"', f'"{_PLACE}{other}"')
            components = {other if one == name else one: None for one in components}
        made, filled = json.loads(text)
        return dict(zip(numbers, made, strict=True)), dict(zip(components, filled.values(), strict=True))
