"""The place in a JSON text of what Python's parser takes and JSON does not have: a key twice, `NaN`, `Infinity`."""

from __future__ import annotations

import json
import re

_TOKEN = re.compile(r'(?P<text>"(?:[^"\\]|\\.)*")(?P<colon>\s*:)?|[{}]|NaN|-?Infinity', re.DOTALL)


def first_refused(text: str | bytes) -> json.JSONDecodeError:
    """Return an error about the first place, with its line and column.

    Args:
        text: a text that has such a place, and is valid JSON up to it.
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text), "surrogatepass")
    objects: list[set[str]] = []  # the keys so far of those that are open
    for token in _TOKEN.finditer(text):
        found = token[0]
        if found == "{":
            objects.append(set())
        elif found == "}":
            objects.pop()
        elif token["text"] is None:
            return json.JSONDecodeError(f"{found} is not a JSON number", text, token.start())
        elif token["colon"]:
            key = json.loads(token["text"])
            if key in objects[-1]:
                return json.JSONDecodeError(f"the key {key!r} comes twice in an object", text, token.start())
            objects[-1].add(key)
    raise AssertionError("there is no such place")
