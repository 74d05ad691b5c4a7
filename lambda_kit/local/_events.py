"""The event of `lambda-kit invoke`: read from a file or standard input, or one of the samples."""

from __future__ import annotations

import difflib
import json
import os
import re
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from lambda_kit.errors import ConfigurationError

# Text on the command line that is JSON and no name: an object, a list, a string, a number or a constant.
_JSON = re.compile(r"""\s*(?:[{\["]|(?:-?[0-9][0-9.eE+-]*|true|false|null)\s*\Z)""")


def sample_names() -> list[str]:
    """Return the names of the sample events, sorted."""
    samples = files("lambda_kit.local").joinpath("samples").iterdir()
    return sorted(one.name.removesuffix(".json") for one in samples if one.name.endswith(".json"))


def sample(name: str) -> str:
    """Return the text of a sample event.

    Raises:
        ConfigurationError: there is no sample of that name.
    """
    if name not in sample_names():
        raise ConfigurationError(f"there is no sample event {name!r}{suggestions(name)}`lambda-kit events` lists them")
    return files("lambda_kit.local").joinpath("samples", f"{name}.json").read_text("utf-8")


def suggestions(name: str) -> str:
    """Return `"; did you mean ...? "` with the files and samples whose names are like `name`, or `"; "`."""
    path = Path(name)
    files_there = [str(one) for one in path.parent.glob("*.json")] if os.path.isdir(path.parent) else []  # noqa: PTH112
    close_files = difflib.get_close_matches(name, files_there, n=1)
    known = sample_names()
    stem = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", path.name.removesuffix(".json")).lower().replace("_", "-")
    stem = stem.removesuffix("-event").removesuffix("-events")
    found = close_files + difflib.get_close_matches(stem, known, n=1)
    if not found:
        found = [one for one in known if stem and stem.split("-")[0] in one.split("-")][:3]
    return f"; did you mean {' or '.join(map(repr, found))}? " if found else "; "


def load(source: str | None) -> Any:
    """Return the event that `--event` gives: a file, `-` for standard input, a sample, or JSON; `{}` for None.

    Raises:
        ConfigurationError: there is no such file or sample, or the text is not JSON.
    """
    if source is None:
        return {}
    if source == "-":
        return parse(standard_input(), "standard input")
    if os.path.isdir(source) and source not in sample_names():  # noqa: PTH112  # a name that no file can have is none
        raise ConfigurationError(f"the event {source} is a directory; name a file in it")
    if os.path.exists(source) and not os.path.isdir(source):  # noqa: PTH110, PTH112
        return parse(text_of(source, "the event file"), source)
    if source in sample_names():
        return json.loads(sample(source))
    if _JSON.match(source):
        return parse(_utf_8(source, "--event"), "--event")
    raise ConfigurationError(
        f"the event {source!r} is neither a file nor a sample{suggestions(source)}`lambda-kit events` lists the samples"
    )


def load_object(source: str, option: str) -> dict[str, Any]:
    """Return the JSON object that an option gives: as text, or by the name of a file.

    Raises:
        ConfigurationError: the text is not JSON, not the name of a file, or not an object.
    """
    if source.lstrip().startswith("{"):
        value = parse(_utf_8(source, option), option)
    elif os.path.isfile(source):  # noqa: PTH113  # a name that no file can have is none
        value = parse(text_of(source, f"the file of {option}"), source)
    else:
        raise ConfigurationError(f"{option} {source!r} is neither a file nor a JSON object")
    if not isinstance(value, dict):
        raise ConfigurationError(f"{option} is a JSON {type(value).__name__}; it is an object")
    return cast("dict[str, Any]", value)


def standard_input() -> str:
    """Return the text on standard input.

    Raises:
        ConfigurationError: it is not UTF-8.
    """
    buffer = getattr(sys.stdin, "buffer", None)
    if buffer is None:
        return sys.stdin.read()
    try:  # the bytes, because Python reads text in the encoding of the locale
        return cast("bytes", buffer.read()).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"standard input is not UTF-8: {error}") from error


def _utf_8(text: str, option: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:  # Python reads other bytes of an argument as halves of surrogate pairs
        raise ConfigurationError(f"{option} is not UTF-8 at character {error.start}") from None
    return text


def text_of(name: str, what: str) -> str:
    """Return the text of a file.

    Raises:
        ConfigurationError: it cannot be read, or is not UTF-8.
    """
    try:
        return Path(name).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{what} {name} cannot be read: {error}") from error


def parse(text: str, source: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        ConfigurationError: it is not JSON; the message says where.
    """
    if not text.strip():
        raise ConfigurationError(f"{source} is empty; an event is a JSON value, at least {{}}")
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        lines = text.splitlines() or [""]
        line = lines[min(error.lineno, len(lines)) - 1]
        start = max(0, error.colno - 60)
        shown = line[start : error.colno + 20]
        raise ConfigurationError(
            f"{source} is not JSON: {error.msg}, line {error.lineno}, column {error.colno}\n"
            f"    {shown}\n    {' ' * (error.colno - 1 - start)}^"
        ) from error
    except RecursionError:
        raise ConfigurationError(f"{source} is nested too deep for Python's JSON decoder") from None
    except ValueError as error:  # a number with more digits than Python converts
        raise ConfigurationError(f"{source} has a number that Python does not read: {error}") from error
    except _NotJsonError as error:
        raise ConfigurationError(
            f"{source} is not JSON: it has {error}, which Python's encoder writes and JSON does not have"
        ) from error


class _NotJsonError(Exception):
    pass


def _refuse(constant: str) -> Any:
    raise _NotJsonError(constant)
