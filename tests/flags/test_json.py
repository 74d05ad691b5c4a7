"""JSON text of flags: what is refused, where it stands, and that nothing makes reading it slow or deep."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambda_kit.errors import FlagSchemaError
from lambda_kit.flags._schema import compile_flags, parse_json


def refusal(text: str | bytes) -> str:
    """Return why a text is refused."""
    with pytest.raises(FlagSchemaError) as info:
        parse_json(text)
    ((path, problem),) = info.value.problems
    assert path == "$"
    return problem


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Expecting value: line 1 column 1 (char 0)"),
        ('{"a": tru}', "Expecting value: line 1 column 7 (char 6)"),
        ('{"a": 1, "a": 2}', "an object has the key 'a' twice: line 1 column 10 (char 9)"),
        ('{"b": {"a": 1,\n "c": 0,\n  "a": 2}}', "an object has the key 'a' twice: line 3 column 3 (char 26)"),
        ('{"b": [{"a": 1}, {"a": 1, "\\u0061" : 2}]}', "an object has the key 'a' twice: line 1 column 27 (char 26)"),
        ('{"a": {"a": {"a": 1}}, "b": "a", "a": 2}', "an object has the key 'a' twice: line 1 column 34 (char 33)"),
        ('{"\\"{": 1, "}": "{\\"a\\": NaN", "}": 2}', "an object has the key '}' twice: line 1 column 32 (char 31)"),
        ('{"a": 1, "a": 2, "b": NaN}', "an object has the key 'a' twice: line 1 column 10 (char 9)"),
        ('{"a": 1, "a": 2}, }', "an object has the key 'a' twice: line 1 column 10 (char 9)"),
        ('{"": 1, "": 2}', "an object has the key '' twice: line 1 column 9 (char 8)"),
        ('{"NaN": 1,\n "a": NaN}', "NaN is no number that JSON has: line 2 column 7 (char 17)"),
        ('{"a": [1, Infinity]}', "Infinity is no number that JSON has: line 1 column 11 (char 10)"),
        ('{"a": -Infinity}', "-Infinity is no number that JSON has: line 1 column 7 (char 6)"),
    ],
)
def test_what_is_no_json_is_told_with_its_line_and_column(text: str, told: str) -> None:
    assert refusal(text) == f"it is no JSON that can be used: {told}"
    for encoding in ("utf-8", "utf-8-sig", "utf-16") if text else ():
        assert told.partition(": line")[0] in refusal(text.encode(encoding))


def test_bytes_that_are_no_text_are_told() -> None:
    assert refusal(b"\xff").startswith("it is no JSON that can be used: ")


def test_the_same_key_in_objects_of_their_own_is_no_problem() -> None:
    text = '[{"a": {"a": ["a", "a"]}}, {"a": {"a": "a"}, "b": {"a": 1}}]'
    assert parse_json(text) == parse_json(text.encode()) == json.loads(text)


def test_a_key_that_comes_twice_among_many_is_found_in_one_walk() -> None:
    keys: list[Any] = [f"k{i}" for i in range(50_000)]  # each compared with all others would take half an hour
    text = "{" + ",".join(f'"{key}":0' for key in [*keys, keys[-1]]) + "}"
    assert "an object has the key 'k49999' twice: line 1 column" in refusal(text)


@pytest.mark.parametrize("depth", [500, 5_000, 100_000])
@pytest.mark.parametrize(
    "text",
    [
        "%s",
        '{"a": %s}',
        '{"a": {"default": %s, "boolean_type": false}}',
        '{"a": {"default": true, "rules": %s}}',
        '{"a": {"default": true, "rules": {"r": {"when_match": true, "conditions": %s}}}}',
        '{"a": {"default": true, "rules": {"r": {"when_match": true, "conditions": [{"action": %s}]}}}}',
        '{"a": {"enabled": true, "x": %s}}',
        '{"$segments": %s}',
    ],
)
def test_however_deep_a_document_is_what_is_wrong_is_told(text: str, depth: int) -> None:
    for opening, closing in (("[", "]"), ('{"any": [', "]}")):
        inner = f"{opening * depth}0{closing * depth}"
        with pytest.raises(FlagSchemaError):
            compile_flags(parse_json(text % inner))


def test_values_too_deep_to_be_compared_do_not_match(caplog: pytest.LogCaptureFixture) -> None:
    deep: list[Any] = []
    other: list[Any] = []
    for _ in range(100_000):
        deep, other = [deep], [other]
    condition = {"action": "EQUALS", "key": "k", "value": deep}
    rule = {"when_match": True, "conditions": [condition]}
    flag = compile_flags({"a": {"default": False, "rules": {"r": rule}}})["a"]
    assert flag.decide({"k": []}, lambda: 0.0).value is False
    assert caplog.records == []
    assert flag.decide({"k": other}, lambda: 0.0).value is False
    assert "EQUALS at $.a.rules.r.conditions[0] cannot compare a list" in caplog.text
