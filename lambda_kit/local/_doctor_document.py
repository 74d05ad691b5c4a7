"""A template of CloudFormation as a value: JSON, or YAML with the short forms of intrinsic functions.

A template may come from anywhere. It is bounded in size, in depth, and in the number of values that aliases make of
it, and every wrong part is a `ConfigurationError` that says where it is.
"""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from lambda_kit._kernel import extras
from lambda_kit.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES = 1_000_000
"""CloudFormation's limit for a template."""
_MOST_VALUES = 200_000
_MOST_DEPTH = 100
_MOST_BITS = 64  # of a number; Python does not write very large ones
# Short forms whose long form does not begin with `Fn::`.
_PLAIN = {"Ref", "Condition"}


def load(path: str) -> dict[str, Any]:
    """Return the template in a file.

    Raises:
        ConfigurationError: it cannot be read, is too large or too deep, or is not JSON or YAML of an object.
        MissingExtra: it is YAML, and PyYAML is not installed.
    """
    try:
        data = Path(path).read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the template {path} cannot be read: {error}") from None
    if len(data) > MOST_BYTES:
        raise ConfigurationError(
            f"the template {path} has {len(data)} bytes; CloudFormation takes at most {MOST_BYTES}"
        )
    is_json = path.endswith(".json") and text.lstrip().startswith("{")
    try:
        document = _json(text, path) if is_json else _yaml(text, path)
    except RecursionError:
        raise ConfigurationError(f"the template {path} is nested too deep") from None
    if not is_object(document):
        raise ConfigurationError(f"the template {path} is not an object with Resources")
    _check(document, path)
    return document


def _json(text: str, path: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ConfigurationError(f"the template {path} is not JSON: {error}") from None


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Return True for an object of JSON."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Return True for a list of JSON."""
    return isinstance(value, list)


def _check(document: object, path: str) -> None:
    """Refuse a document that is too deep, or that aliases make too large."""
    count = 0
    todo: list[tuple[object, int]] = [(document, 0)]
    while todo:
        value, depth = todo.pop()
        count += 1
        if count > _MOST_VALUES:
            raise ConfigurationError(
                f"the template {path} has more than {_MOST_VALUES} values when its aliases are followed"
            )
        if depth > _MOST_DEPTH:
            raise ConfigurationError(f"the template {path} is nested more than {_MOST_DEPTH} deep")
        if isinstance(value, int) and value.bit_length() > _MOST_BITS:
            raise ConfigurationError(f"the template {path} has a number of {value.bit_length()} bits")
        if isinstance(value, dict):
            todo += [(one, depth + 1) for one in cast("dict[object, object]", value).values()]
        elif isinstance(value, list):
            todo += [(one, depth + 1) for one in cast("list[object]", value)]


def _yaml(text: str, path: str) -> Any:
    try:
        yaml: Any = import_module("yaml")
    except ImportError as error:
        raise extras.missing("doctor --template with YAML", "PyYAML", "yaml") from error

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        """Reads the short forms of intrinsic functions, too."""

    def intrinsic(loader: Any, suffix: str, node: Any) -> Any:
        name = suffix if suffix in _PLAIN else f"Fn::{suffix}"
        if isinstance(node, yaml.ScalarNode):
            value: Any = loader.construct_scalar(node)
            if suffix == "GetAtt":
                value = value.split(".", 1)
        elif isinstance(node, yaml.SequenceNode):
            value = loader.construct_sequence(node, deep=True)
        else:
            value = loader.construct_mapping(node, deep=True)
        return {name: value}

    Loader.add_multi_constructor("!", intrinsic)
    try:
        return yaml.load(text, Loader)  # a safe loader
    except yaml.YAMLError as error:
        raise ConfigurationError(f"the template {path} is not YAML: {error}") from None
    except (ValueError, TypeError, AttributeError) as error:  # a date that is none, a key that is a list
        raise ConfigurationError(f"the template {path} is not YAML that can be read: {error}") from None


class Unknown:
    """A value that only a deployment knows.

    Attributes:
        text: how the template writes it.
        resource: the logical id of the resource that it comes from; empty if it is none.
    """

    def __init__(self, text: str, resource: str = "") -> None:
        self.text = text
        self.resource = resource


_PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}


class Resolver:
    """Evaluates intrinsic functions, as far as the template tells their values.

    Args:
        document: the template.
        parameters: values of its parameters, over their defaults.
        path: the file, for messages.

    Raises:
        ConfigurationError: a parameter is given that the template does not have.
    """

    def __init__(self, document: Mapping[str, Any], parameters: Mapping[str, str], path: str) -> None:
        self._path = path
        self._document = document
        declared: dict[Any, Any] = section(document, "Parameters", path)
        for name in parameters:
            if name not in declared:
                raise ConfigurationError(f"--parameter {name}: the template {path} has no such parameter")
        self._parameters: dict[str, Any] = {
            str(name): one["Default"] for name, one in declared.items() if isinstance(one, dict) and "Default" in one
        }
        self._parameters.update(parameters)
        self._declared = set(map(str, declared))
        self._mappings = section(document, "Mappings", path)

    def value(self, given: Any) -> Any:
        """Return a value with its intrinsic functions evaluated; an `Unknown` in place of what is not known."""
        if is_list(given):
            return [self.value(one) for one in given]
        if not is_object(given):
            return given
        if len(given) == 1:
            (name, argument), *_ = given.items()
            if str(name) == "Ref" or str(name).startswith("Fn::"):  # a key of YAML may be a number
                return self._call(str(name), argument)
        return {str(key): self.value(one) for key, one in given.items()}

    def _call(self, name: str, argument: Any) -> Any:
        if name == "Ref":
            return self._ref(str(argument))
        if name == "Fn::GetAtt":
            parts = list(map(str, argument)) if is_list(argument) else str(argument).split(".", 1)
            return Unknown(".".join(parts), parts[0] if parts else "")
        if name == "Fn::Sub":
            return self._sub(argument)
        values = self.value(argument)
        if name == "Fn::Join" and is_list(values) and len(values) == 2 and is_list(values[1]):
            between, joined = values
            if not any(isinstance(one, Unknown | dict) for one in joined):
                return str(between).join(map(str, joined))
        if name == "Fn::FindInMap" and is_list(values):
            return self._mapped(values)
        return Unknown(name)

    def _mapped(self, keys: list[Any]) -> Any:
        found: Any = self._mappings
        for key in keys:
            found = found.get(key) if is_object(found) and isinstance(key, str) else None
        return Unknown("Fn::FindInMap") if found is None else found

    def _ref(self, name: str) -> Any:
        if name in self._parameters:
            return self._parameters[name]
        if name in _PSEUDO:
            return _PSEUDO[name]
        return Unknown(name, "" if name in self._declared or name.startswith("AWS::") else name)

    def _sub(self, argument: Any) -> Any:
        own: dict[str, Any] = {}
        if is_list(argument) and len(argument) == 2 and is_object(argument[1]):
            argument, table = argument
            own = {str(key): self.value(one) for key, one in table.items()}
        if not isinstance(argument, str):
            return Unknown("Fn::Sub")
        import re

        unknown: list[Unknown] = []

        def one(found: re.Match[str]) -> str:
            name = found[1].strip()
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            value = (
                own[name] if name in own else self._ref(name) if "." not in name else Unknown(name, name.split(".")[0])
            )
            if isinstance(value, Unknown):
                unknown.append(value)
            return str(getattr(value, "text", value))

        text = re.sub(r"\$\{([^}]*)\}", one, argument)
        if unknown:
            return Unknown(text, unknown[0].resource if argument.strip() == f"${{{unknown[0].text}}}" else "")
        return text


def section(document: Mapping[str, Any], name: str, path: str) -> dict[str, Any]:
    """Return a section of a template; an empty one if it is missing.

    Raises:
        ConfigurationError: it is not an object.
    """
    found = document.get(name)
    if found is None:
        return {}
    if not is_object(found):
        raise ConfigurationError(f"the template {path}: {name} is a {type(found).__name__}, and not an object")
    return found
