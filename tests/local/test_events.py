from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from lambda_kit.errors import ConfigurationError
from lambda_kit.local import _events


def test_every_sample_is_json_under_a_name_in_kebab_case() -> None:
    names = _events.sample_names()
    assert {"sqs", "s3", "sns", "dynamodb-stream", "api-gateway-proxy-v2", "kinesis-stream"} <= set(names)
    for name in names:
        assert name == name.lower().replace("_", "-").replace(" ", "-")
        assert isinstance(_events.load(name), list if name.startswith("pipes-") or name == "appsync-batch" else dict)


def test_no_event_is_an_empty_object() -> None:
    assert _events.load(None) == {}


def test_a_file_wins_over_a_sample_of_the_same_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "Records" in _events.load("sqs")
    Path("sqs").write_text('{"mine": true}')
    assert _events.load("sqs") == {"mine": True}


def test_a_directory_does_not_hide_a_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sqs").mkdir()
    assert "Records" in _events.load("sqs")
    Path("other").mkdir()
    with pytest.raises(ConfigurationError, match="the event other is a directory"):
        _events.load("other")


def test_standard_input_is_read_for_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"id": 7}'))
    assert _events.load("-") == {"id": 7}


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"a": "ä"}).encode())
    assert _events.load(str(path)) == {"a": "ä"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1,\n b}', "line 2, column 2\n     b}\n     ^"),
        ('{"a": 1', "line 1, column 8"),
        ("", "is empty"),
        ("  \n", "is empty"),
        ('{"a": NaN}', "it has NaN"),
        ("x" * 200, "line 1, column 1\n    " + "x" * 21 + "\n    ^"),
    ],
)
def test_a_file_that_is_not_json_is_refused_with_the_place(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "event.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        _events.load(str(path))
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        _events.load(str(path))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("sqss", "did you mean 'sqs'"),
        ("s3Event", "did you mean 's3"),
        ("dynamo-stream", "did you mean 'dynamodb-stream'"),
        ("order.json", "did you mean 'orders.json'"),
        ("zzzz", "is neither a file nor a sample; `lambda-kit events` lists the samples"),
    ],
)
def test_an_unknown_event_is_refused_with_the_closest_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("orders.json").write_text("{}")
    with pytest.raises(ConfigurationError) as caught:
        _events.load(source)
    assert message in str(caught.value)
