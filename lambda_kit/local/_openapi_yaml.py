"""The OpenAPI document as YAML, which versions 1.1 and 1.2 read alike."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from lambda_kit._kernel import extras
from lambda_kit.errors import ConfigurationError

# Plain texts that YAML 1.2 takes for numbers (its core schema, section 10.3.2), and YAML 1.1 for texts.
_NUMBER = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?|0o[0-7]+|0x[0-9a-fA-F]+")
_WIDTH = 1_000_000  # a text stays on one line


def _yaml() -> Any:
    try:
        yaml: Any = import_module("yaml")
    except ImportError:
        raise extras.missing("lambda-kit openapi --format yaml", "PyYAML", "yaml") from None
    return yaml


def text_of(document: dict[str, Any]) -> str:
    """Return a document as YAML.

    Raises:
        MissingExtra: PyYAML is not installed.
    """
    yaml = _yaml()

    class Dumper(yaml.SafeDumper):  # type: ignore[misc, name-defined]
        """A dumper of its own: representers are kept by class."""

    def represent(dumper: Any, text: str) -> Any:
        style = None
        if _NUMBER.fullmatch(text):
            style = "'"
        elif not text.isprintable():
            is_plain = all(line.isprintable() and line == line.strip() for line in text.split("\n"))
            style = "|" if is_plain else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, represent)
    found: str = yaml.dump(document, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return found


def value_of(text: str, name: str) -> Any:
    """Return the value of a YAML document.

    Args:
        text: the document.
        name: the name of its file, for messages.

    Raises:
        ConfigurationError: it is not YAML.
        MissingExtra: PyYAML is not installed.
    """
    yaml = _yaml()
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{name} cannot be read as YAML: {error}") from None
