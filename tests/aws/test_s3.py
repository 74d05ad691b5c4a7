"""S3's one operation: paths, signatures and endpoints as botocore has them, errors in XML, and a real bucket."""

from __future__ import annotations

import datetime as dt
import functools
from hashlib import md5
from importlib import import_module
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.aws import connect
from lambda_kit.aws._credentials import Credentials
from lambda_kit.aws._endpoints import resolve
from lambda_kit.aws._failures import Failure, read_failure
from lambda_kit.aws._services import operations_of
from lambda_kit.aws._signing import Signer
from lambda_kit.errors import AwsError, ConfigurationError
from tests.aws import botocores

if TYPE_CHECKING:
    from tests.conftest import Aws

HOST = "s3.eu-west-1.amazonaws.com"
NOW = 1_795_420_800.0
OPERATION = operations_of("s3")["PutObject"]
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20) | st.sampled_from(
    ["a//b", "/a", "a/", "../a", "a/./b", "a b+c", "ü~é", "%41", "?x=1#y", "a&b=c"]
)


@functools.cache
def botocores_client() -> Any:
    """Return a client that has the bucket in the path."""
    config = botocores.config.Config(
        s3={"addressing_style": "path", "payload_signing_enabled": True},
        request_checksum_calculation="when_required",
    )
    return botocores.session.Session().create_client(
        "s3",
        region_name="eu-west-1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        aws_session_token="token",
        config=config,
    )


class Sent(Exception):
    """Stands for the request, which is not sent."""


def botocores_request(key: str, body: bytes, content_type: str) -> Any:
    """Return what botocore would send."""
    sent: list[Any] = []

    def stop(request: Any, **_: Any) -> Any:
        sent.append(request)
        raise Sent

    moment = dt.datetime.fromtimestamp(NOW, dt.UTC)

    def clock(remove_tzinfo: bool = True) -> dt.datetime:
        return moment.replace(tzinfo=None) if remove_tzinfo else moment

    client = botocores_client()
    client.meta.events.register("before-send.s3.PutObject", stop)
    try:
        with mock.patch.object(botocores.auth, "get_current_datetime", clock), pytest.raises(Sent):
            client.put_object(Bucket="orders", Key=key, Body=body, ContentType=content_type)
    finally:
        client.meta.events.unregister("before-send.s3.PutObject", stop)
    (request,) = sent
    return request


@given(KEYS, st.binary(max_size=50))
def test_a_request_has_the_url_and_the_signature_of_botocores(key: str, body: bytes) -> None:
    theirs = botocores_request(key, body, "application/json")
    params = {"Bucket": "orders", "Key": key, "Body": body, "ContentType": "application/json"}
    path, headers = OPERATION.route(params)
    assert f"https://{HOST}{path}" == theirs.url
    assert OPERATION.request(params) == ("", body)
    given_headers = {name.lower(): _text(value) for name, value in theirs.headers.items()}
    names = given_headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    ours = {"host": HOST, **headers}
    own = {"x-amz-date", "x-amz-security-token", "x-amz-content-sha256"}
    extra = {name: given_headers[name] for name in names if name not in ours and name not in own}
    credentials = Credentials("AKIDEXAMPLE", "secret", "token")
    signed = Signer("s3", "eu-west-1").sign("PUT", path, "", {**ours, **extra}, body, credentials, NOW)
    assert signed["authorization"] == given_headers["authorization"]
    assert signed["x-amz-content-sha256"] == given_headers["x-amz-content-sha256"]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


@pytest.mark.parametrize("fips", [False, True])
@pytest.mark.parametrize("dual", [False, True])
def test_every_region_has_the_endpoint_of_botocores(fips: bool, dual: bool) -> None:
    provider: Any = import_module("botocore.endpoint_provider").EndpointProvider
    loader = botocores.session.Session().get_component("data_loader")
    partitions = loader.load_data("partitions")
    rules = provider(loader.load_service_model("s3", "endpoint-rule-set-1"), partitions)
    environ = {"AWS_USE_FIPS_ENDPOINT": str(fips), "AWS_USE_DUALSTACK_ENDPOINT": str(dual).lower()}
    regions = [region for one in partitions["partitions"] for region in one["regions"] if not region.endswith("global")]
    for region in regions:
        try:
            theirs = rules.resolve_endpoint(
                Bucket="orders", Region=region, UseFIPS=fips, UseDualStack=dual, ForcePathStyle=True
            ).url
        except Exception:  # there is none in this partition
            continue
        assert f"{resolve('s3', region, environ).url}/orders" == theirs


@pytest.mark.parametrize("lean", [True, False])
@pytest.mark.parametrize("key", ["a/b.json", "a b+c/ü~é", "%41", "x" * 900])
def test_what_is_put_is_there(aws: Aws, lean: bool, key: str) -> None:
    s3 = aws.boto3("s3")
    s3.create_bucket(Bucket="orders", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    caller = connect("s3", None if lean else s3)
    params = {"Bucket": "orders", "Key": key, "Body": b"\x00body", "ContentType": "text/plain"}
    reply = caller.call("PutObject", params)
    assert reply["ETag"].strip('"') == md5(b"\x00body", usedforsecurity=False).hexdigest()
    found = s3.get_object(Bucket="orders", Key=key)
    assert (found["Body"].read(), found["ContentType"]) == (b"\x00body", "text/plain")


@pytest.mark.parametrize("lean", [True, False])
def test_a_bucket_that_is_not_there_is_told(aws: Aws, lean: bool) -> None:
    with pytest.raises(AwsError) as info:
        connect("s3", None if lean else aws.boto3("s3")).call(
            "PutObject", {"Bucket": "nowhere", "Key": "a", "Body": b""}
        )
    assert (info.value.code, info.value.status) == ("NoSuchBucket", 404)


def failure(status: int, body: str, **headers: str) -> Failure:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_failure("s3", status, named, body.encode())


def xml(code: str, message: str) -> str:
    return f'<?xml version="1.0"?>\n<Error><Code>{code}</Code><Message>{message}</Message><Key>k</Key></Error>'


def test_what_s3_says_is_read() -> None:
    found = failure(403, xml("AccessDenied", "no &lt;access&gt; &amp; more"))
    assert (found.code, found.message, found.item) == ("AccessDenied", "no <access> & more", None)
    found = failure(400, "what?")
    assert (found.code, found.message) == ("400", "the reply is not the XML of S3")


@pytest.mark.parametrize(
    ("status", "code"), [(301, "PermanentRedirect"), (307, "TemporaryRedirect"), (400, "AuthorizationHeaderMalformed")]
)
def test_a_bucket_in_another_region_is_told_with_it(status: int, code: str) -> None:
    found = failure(status, xml(code, "elsewhere."), x_amz_bucket_region="eu-central-1")
    assert found.message == "elsewhere; the bucket is in eu-central-1: pass region='eu-central-1'"


@pytest.mark.parametrize(
    "params",
    [
        {"Bucket": "arn:aws:s3:eu-west-1:123456789012:accesspoint/a", "Key": "a"},
        {"Bucket": "orders--use1-az4--x-s3", "Key": "a"},
        {"Bucket": "a/b", "Key": "a"},
        {"Bucket": "", "Key": "a"},
        {"Bucket": "orders", "Key": "a", "Body": "text"},
        {"Bucket": "orders", "Key": "a", "ACL": "public-read"},
    ],
)
def test_what_the_kit_does_not_send_is_refused(aws: Aws, params: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        connect("s3").call("PutObject", params)
