"""Signatures, against those that botocore makes of the same input at the same time."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.aws._credentials import Credentials
from lambda_kit.aws._signing import Signer
from tests.aws.botocores import auth, awsrequest
from tests.aws.botocores import credentials as botocore_credentials

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

NOW = 1_795_420_800.0
HOST = "ssm.eu-west-1.amazonaws.com"
visible = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
unicode = st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")  # line breaks are refused when it is sent
headers = st.dictionaries(
    st.sampled_from(["content-type", "x-amz-target", "x-amz-custom", "x-other", "zeta"]),
    st.text(visible | st.sampled_from("  \t"), max_size=30) | st.text(unicode, max_size=15),
    max_size=4,
)
segments = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="?#%/"), max_size=8)


@st.composite
def queries(draw: DrawFn) -> str:
    from urllib.parse import quote

    names = st.text(min_size=1, max_size=6) | st.sampled_from(["a", "A", "a-", "a/"])  # some come twice
    pairs = draw(st.lists(st.tuples(names, st.text(max_size=6) | st.sampled_from(["", "1", "2"])), max_size=5))
    return "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)


def botocores(
    method: str,
    path: str,
    query: str,
    sent: dict[str, str],
    body: bytes,
    credentials: Credentials,
    now: float,
    scope: tuple[str, str],
) -> dict[str, str]:
    url = f"https://{sent['host']}{path}{f'?{query}' if query else ''}"
    request: Any = awsrequest.AWSRequest(method, url, headers={k: v for k, v in sent.items() if k != "host"}, data=body)
    moment = dt.datetime.fromtimestamp(int(now), dt.UTC)
    theirs = botocore_credentials.Credentials(credentials.access_key, credentials.secret_key, credentials.token)

    def clock(remove_tzinfo: bool = True) -> dt.datetime:
        return moment.replace(tzinfo=None) if remove_tzinfo else moment

    with mock.patch.object(auth, "get_current_datetime", clock):
        auth.SigV4Auth(theirs, *scope).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


def check(mine: dict[str, str], theirs: dict[str, str]) -> None:
    assert mine["authorization"] == theirs["authorization"]
    assert mine["x-amz-date"] == theirs["x-amz-date"]
    assert mine.get("x-amz-security-token") == theirs.get("x-amz-security-token")


@given(
    method=st.sampled_from(["POST", "GET"]),
    parts=st.lists(segments, max_size=4),
    query=queries(),
    extra=headers,
    body=st.binary(max_size=200) | st.just(b"x" * 1_000_000) | st.text(visible).map(str.encode),
    secret=st.text(visible, min_size=1, max_size=60),
    token=st.none() | st.text(visible, min_size=1, max_size=60).map(str.strip).filter(bool),
    now=st.floats(0, 4e9),
    scope=st.tuples(
        st.sampled_from(["ssm", "secretsmanager", "dynamodb", "sqs", "appconfig"]),
        st.sampled_from(["eu-west-1", "us-gov-west-1", "cn-north-1", "us-isob-east-1"]),
    ),
)
def test_a_signature_is_the_one_that_botocore_makes(
    *,
    method: str,
    parts: list[str],
    query: str,
    extra: dict[str, str],
    body: bytes,
    secret: str,
    token: str | None,
    now: float,
    scope: tuple[str, str],
) -> None:
    sent = {"host": HOST, **extra}
    path = f"/{'/'.join(parts)}"
    credentials = Credentials("AKIDEXAMPLE", secret, token)
    mine = Signer(*scope).sign(method, path, query, sent, body, credentials, now)
    check(mine, botocores(method, path, query, sent, body, credentials, now, scope))


@given(st.lists(st.tuples(st.integers(-3, 3), st.sampled_from("abcdefg")), min_size=1, max_size=12))
def test_a_kept_key_is_right_whatever_the_clock_and_the_credentials_do(steps: list[tuple[int, str]]) -> None:
    signer = Signer("dynamodb", "us-gov-west-1")
    for half_days, secret in steps:
        now = NOW + half_days * 43_200
        credentials = Credentials("AKIDEXAMPLE", secret)
        mine = signer.sign("POST", "/", "", {"host": HOST}, b"{}", credentials, now)
        check(mine, botocores("POST", "/", "", {"host": HOST}, b"{}", credentials, now, ("dynamodb", "us-gov-west-1")))
    assert len(signer._keys) <= 4


def test_a_second_before_and_at_midnight_are_different_days() -> None:
    signer = Signer("ssm", "eu-west-1")
    midnight = 1_795_478_400.0
    credentials = Credentials("AKIDEXAMPLE", "secret")
    days = [
        signer.sign("POST", "/", "", {"host": HOST}, b"", credentials, now)["authorization"].split("/")[1]
        for now in (midnight - 0.001, midnight, midnight - 1)
    ]
    assert days == ["20261123", "20261124", "20261123"]


def test_the_headers_that_were_given_are_sent_as_they_were_and_not_changed() -> None:
    given_headers = {"host": HOST, "x-amz-target": "  a   b "}
    sent = Signer("ssm", "eu-west-1").sign("POST", "/", "", given_headers, b"", Credentials("A", "s"), NOW)
    assert sent["x-amz-target"] == "  a   b "
    assert given_headers == {"host": HOST, "x-amz-target": "  a   b "}
    assert "x-amz-security-token" not in sent


# Cases that AWS has published for version 4 (get-vanilla, get-vanilla-query-order-key-case, post-vanilla), with the
# credentials and the time of that suite; the expected signatures are part of it:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-test-suite.html
PUBLISHED = [
    ("GET", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("GET", "Param1=value1&Param2=value2", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    ("GET", "Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    ("POST", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
]


@pytest.mark.parametrize(("method", "query", "signature"), PUBLISHED)
def test_published_cases_come_out_as_published(method: str, query: str, signature: str) -> None:
    credentials = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    moment = dt.datetime(2015, 8, 30, 12, 36, 0, tzinfo=dt.UTC).timestamp()
    sent = {"host": "example.amazonaws.com"}
    signed = Signer("service", "us-east-1").sign(method, "/", query, sent, b"", credentials, moment)
    assert signed["authorization"].endswith(f"SignedHeaders=host;x-amz-date, Signature={signature}")


def test_derived_keys_are_kept_for_the_last_credentials_alone() -> None:
    signer = Signer("ssm", "eu-west-1")
    for number in range(10):
        for _ in range(2):
            signer.sign("GET", "/", "", {"host": HOST}, b"", Credentials("AKID", f"secret{number}"), NOW)
    assert [secret for secret, _ in signer._keys] == ["secret8", "secret9"]


@pytest.mark.parametrize("path", ["/a/../b", "/a/./b", "/../a", "/a//b", "/.", "/a/.."])
def test_dots_and_empty_segments_of_a_path_are_resolved_as_in_botocore(path: str) -> None:
    credentials = Credentials("AKID", "secret")
    mine = Signer("ssm", "eu-west-1").sign("GET", path, "", {"host": HOST}, b"", credentials, NOW)
    check(mine, botocores("GET", path, "", {"host": HOST}, b"", credentials, NOW, ("ssm", "eu-west-1")))
