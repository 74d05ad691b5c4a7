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
        ('{"a": 1, "a": 2}', "the key 'a' comes twice in an object: line 1 column 10 (char 9)"),
        ('{"b": {"a": 1,\n "c": 0,\n  "a": 2}}', "the key 'a' comes twice in an object: line 3 column 3 (char 26)"),
        (
            '{"b": [{"a": 1}, {"a": 1, "\\u0061" : 2}]}',
            "the key 'a' comes twice in an object: line 1 column 27 (char 26)",
        ),
        (
            '{"a": {"a": {"a": 1}}, "b": "a", "a": 2}',
            "the key 'a' comes twice in an object: line 1 column 34 (char 33)",
        ),
        (
            '{"\\"{": 1, "}": "{\\"a\\": NaN", "}": 2}',
            "the key '}' comes twice in an object: line 1 column 32 (char 31)",
        ),
        ('{"a": 1, "a": 2, "b": NaN}', "the key 'a' comes twice in an object: line 1 column 10 (char 9)"),
        ('{"a": 1, "a": 2}, }', "the key 'a' comes twice in an object: line 1 column 10 (char 9)"),
        ('{"": 1, "": 2}', "the key '' comes twice in an object: line 1 column 9 (char 8)"),
        ('{"NaN": 1,\n "a": NaN}', "NaN is not a JSON number: line 2 column 7 (char 17)"),
        ('{"a": [1, Infinity]}', "Infinity is not a JSON number: line 1 column 11 (char 10)"),
        ('{"a": -Infinity}', "-Infinity is not a JSON number: line 1 column 7 (char 6)"),
    ],
)
def test_what_is_no_json_is_told_with_its_line_and_column(text: str, told: str) -> None:
    assert refusal(text) == f"is not valid JSON: {told}"
    for encoding in ("utf-8", "utf-8-sig", "utf-16") if text else ():
        assert told.partition(": line")[0] in refusal(text.encode(encoding))


def test_bytes_that_are_no_text_are_told() -> None:
    assert refusal(b"\xff").startswith("is not valid JSON: ")


def test_the_same_key_in_objects_of_their_own_is_no_problem() -> None:
    text = '[{"a": {"a": ["a", "a"]}}, {"a": {"a": "a"}, "b": {"a": 1}}]'
    assert parse_json(text) == parse_json(text.encode()) == json.loads(text)


def test_a_key_that_comes_twice_among_many_is_found_in_one_walk() -> None:
    keys: list[Any] = [f"k{i}" for i in range(50_000)]  # each compared with all others would take half an hour
    text = "{" + ",".join(f'"{key}":0' for key in [*keys, keys[-1]]) + "}"
    assert "the key 'k49999' comes twice in an object: line 1 column" in refusal(text)


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


@pytest.mark.parametrize(("depth", "fits"), [(200, True), (201, False), (100_000, False)])
def test_a_document_is_nested_as_deep_as_our_limit_on_every_python(depth: int, *, fits: bool) -> None:
    """Newer interpreters read deeper texts than older ones; the limit is ours, and the same everywhere."""
    text = "[" * depth + "0" + "]" * depth
    if fits:
        assert json.dumps(parse_json(text)) == text
    else:
        assert refusal(text) == "is nested more than 200 levels deep"


def test_a_condition_has_no_value_so_deep_that_only_some_pythons_could_compare_it() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    rule = {"when_match": True, "conditions": [{"action": "EQUALS", "key": "k", "value": deep}]}
    with pytest.raises(FlagSchemaError, match=r"conditions\[0\]\.value: is nested more than 64 levels deep"):
        compile_flags({"a": {"default": False, "rules": {"r": rule}}})


def test_a_context_however_deep_is_compared_as_deep_as_the_value_of_the_condition(
    caplog: pytest.LogCaptureFixture,
) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for action, value in (("EQUALS", [[1]]), ("IN", [[[1]]]), ("VALUE_IN_KEY", [[1]]), ("ANY_IN_VALUE", [[[1]]])):
        rule = {"when_match": True, "conditions": [{"action": action, "key": "k", "value": value}]}
        flag = compile_flags({"a": {"default": False, "rules": {"r": rule}}})["a"]
        assert flag.decide({"k": deep}, lambda: 0.0).value is False
    assert caplog.records == []
