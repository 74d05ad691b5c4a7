"""Unit tests: user and password are removed from URLs, also where they are not escaped, and nothing else is."""

from __future__ import annotations

import traceback
from importlib import import_module
from typing import Any

import pytest
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit._kernel.urls import without_credentials
from lambda_kit.aws import connect
from lambda_kit.aws._credentials import CredentialChain
from lambda_kit.batch import SqsSink
from lambda_kit.errors import ConfigurationError, NoAnswer, NoCredentials


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:hidden@host/path?a=b#c", "https://host/path?a=b#c"),
        ("https://hidden@host:8080", "https://host:8080"),
        ("https://user:hidden@[::1]:80/a", "https://[::1]:80/a"),
        ("//user:hidden@host/a", "//host/a"),
        ("user:hidden@host/a", "host/a"),
        ("https:/user:hidden@host/a", "https:/host/a"),
        ("https://user:hid@den@host/a", "https://host/a"),
        ("https://user:hid/den@host/a", "https://host/a"),
        ("https://user:hid?den@host/a", "https://host/a"),
        ("https://user:hid#den@host/a", "https://host/a"),
        ("postgresql+psycopg://user:hidden@host/db", "postgresql+psycopg://host/db"),
        ("mongodb://user:hidden@one,two:1/db", "mongodb://one,two:1/db"),
    ],
)
def test_user_and_password_are_removed(url: str, shown: str) -> None:
    assert without_credentials(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "https://host",
        "https://host:80/a@b",
        "https://host/?mail=a@b",
        "https://[::1]/a@b",
        "/a@b",
        "//host/a@b",
    ],
)
def test_a_url_without_user_and_password_is_unchanged(url: str) -> None:
    assert without_credentials(url) == url


secrets = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/?#"), min_size=1)


@given(st.sampled_from(["http", "https", "redis", "amqp"]), secrets, st.sampled_from(["", "/a", "/a?b=c#d"]))
def test_no_password_is_left(scheme: str, secret: str, rest: str) -> None:
    assert without_credentials(f"{scheme}://user:{secret}@host:1{rest}") == f"{scheme}://host:1{rest}"


@given(st.text())
def test_any_text_is_accepted_and_never_grows(text: str) -> None:
    assert len(without_credentials(text)) <= len(text)


def test_messages_of_the_lean_client_and_of_sinks_show_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://user:hidden@host")
    with pytest.raises(ConfigurationError) as caught:
        connect("ssm", region="eu-west-1").call("GetParameter", {"Name": "a"})
    assert "hidden" not in str(caught.value)
    assert "hidden" not in repr(SqsSink("https://user:hidden@sqs.example/1/orders"))


def test_messages_of_a_boto3_client_and_their_causes_show_no_password() -> None:
    client: Any = import_module("boto3").client(
        "ssm",
        "eu-west-1",
        endpoint_url="http://user:hidden@127.0.0.1:9",
        config=Config(retries={"total_max_attempts": 1}),
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="example",
    )
    with pytest.raises(NoAnswer) as caught:
        connect("ssm", client).call("GetParameter", {"Name": "a"})
    assert "127.0.0.1:9" in str(caught.value)
    assert "hidden" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("url", ["http://user:hidden@127.0.0.1/x", "http://127.0.0.1:hidden@evil.example/x"])
def test_messages_about_credentials_show_no_password(url: str) -> None:
    with pytest.raises(NoCredentials) as caught:
        CredentialChain({"AWS_CONTAINER_CREDENTIALS_FULL_URI": url}).get()
    assert "hidden" not in "".join(traceback.format_exception(caught.value))
