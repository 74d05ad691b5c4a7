"""Where a JSON text has what is refused though Python's parser takes it: a key twice, or a number that is none."""

from __future__ import annotations

import json
import re

_TOKEN = re.compile(r'(?P<text>"(?:[^"\\]|\\.)*")(?P<colon>\s*:)?|[{}]|NaN|-?Infinity', re.DOTALL)


def first_refused(text: str | bytes) -> json.JSONDecodeError:
    """Return an error about the first place, with its line and column.

    Args:
        text: of which all is JSON up to that place, which there is.
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
            return json.JSONDecodeError(f"{found} is no number that JSON has", text, token.start())
        elif token["colon"]:
            key = json.loads(token["text"])
            if key in objects[-1]:
                return json.JSONDecodeError(f"an object has the key {key!r} twice", text, token.start())
            objects[-1].add(key)
    raise AssertionError("there is no such place")
