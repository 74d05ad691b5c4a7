"""Endpoints, against those that botocore resolves in the same environment."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.aws._endpoints import Beyond, resolve
from lambda_kit.errors import ConfigurationError
from tests.aws.botocores import session
from tests.effort import skip_in_the_middle

if TYPE_CHECKING:
    from pathlib import Path

skip_in_the_middle()

SERVICES = (
    *("ssm", "secretsmanager", "dynamodb", "sqs", "appconfigdata"),
    *("stepfunctions", "config", "codepipeline", "codedeploy", "apigatewaymanagementapi"),
)
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}


@functools.cache
def _session() -> Any:
    return session.Session()


def new_session() -> Any:
    """Return a session that reads the environment anew, with the models that were loaded before."""
    fresh = session.Session()
    fresh.register_component("data_loader", _session().get_component("data_loader"))
    return fresh


def regions() -> list[tuple[str, str]]:
    data = _session().get_data("partitions")["partitions"]
    return [(one["id"], region) for one in data for region in one["regions"] if not region.endswith("-global")]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("fips", [False, True])
@pytest.mark.parametrize("dual", [False, True])
def test_every_region_that_botocore_knows_has_the_same_endpoint(service: str, fips: bool, dual: bool) -> None:
    # By its rules alone, because making four hundred clients takes minutes; whole clients are compared below.
    from importlib import import_module

    provider: Any = import_module("botocore.endpoint_provider").EndpointProvider
    loader = _session().get_component("data_loader")
    rules = provider(loader.load_service_model(service, "endpoint-rule-set-1"), loader.load_data("partitions"))
    environ = {"AWS_USE_FIPS_ENDPOINT": str(fips), "AWS_USE_DUALSTACK_ENDPOINT": str(dual).lower()}
    known = regions()
    assert len(known) > 30
    for _, region in known:
        theirs = rules.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual).url
        assert resolve(service, region, environ).url == theirs


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"AWS_USE_FIPS_ENDPOINT": "true"},
        {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566/base"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_SSM": "http://127.0.0.1:2"},
        {"AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://127.0.0.1:3", "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:4"},
        {"AWS_ENDPOINT_URL_SFN": "http://127.0.0.1:7", "AWS_ENDPOINT_URL_CONFIG_SERVICE": "http://127.0.0.1:8"},
        {"AWS_ENDPOINT_URL_CODEPIPELINE": "http://127.0.0.1:7", "AWS_ENDPOINT_URL_CODEDEPLOY": "http://127.0.0.1:8"},
        {"AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:5", "AWS_ENDPOINT_URL_APPCONFIGDATA": "http://127.0.0.1:6"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
        {"AWS_ACCOUNT_ID": "123456789012"},
        {"AWS_ACCOUNT_ID": "123456789012", "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled"},
        {"AWS_ACCOUNT_ID": "123456789012", "AWS_ACCOUNT_ID_ENDPOINT_MODE": "required"},
        {"AWS_ACCOUNT_ID": "123456789012", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
        {"AWS_ACCOUNT_ID": "123456789012", "AWS_USE_FIPS_ENDPOINT": "true"},
        {"AWS_DEFAULT_REGION": "cn-north-1", "AWS_REGION": "cn-north-1", "AWS_ACCOUNT_ID": "123456789012"},
    ],
)
def test_a_client_of_botocore_in_the_same_environment_calls_the_same_place(
    service: str, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    whole = {"AWS_DEFAULT_REGION": "eu-west-1", **KEYS, **environ}
    for name, value in whole.items():
        monkeypatch.setenv(name, value)
    mine = resolve(service, None, whole)
    client = new_session().create_client(service)
    called: list[str] = []

    def stop(request: Any, **_: Any) -> None:
        called.append(request.url)
        raise InterruptedError

    client.meta.events.register("before-send.*", stop)
    operations: dict[str, tuple[str, dict[str, Any]]] = {
        "ssm": ("get_parameter", {"Name": "n"}),
        "secretsmanager": ("get_secret_value", {"SecretId": "s"}),
        "dynamodb": ("get_item", {"TableName": "t", "Key": {"id": {"S": "1"}}}),
        "sqs": ("delete_message", {"QueueUrl": "https://queue", "ReceiptHandle": "r"}),
        "appconfigdata": ("get_latest_configuration", {"ConfigurationToken": "t"}),
        "stepfunctions": ("send_task_heartbeat", {"taskToken": "t"}),
        "config": ("put_evaluations", {"ResultToken": "t"}),
        "codepipeline": ("put_job_success_result", {"jobId": "0" * 8 + "-0000-0000-0000-" + "0" * 12}),
        "apigatewaymanagementapi": ("get_connection", {"ConnectionId": "c"}),
        "codedeploy": ("put_lifecycle_event_hook_execution_status", {"status": "Succeeded"}),
    }
    name, params = operations[service]
    with pytest.raises(InterruptedError):
        getattr(client, name)(**params)
    assert called[0].startswith(mine.url.rstrip("/"))
    path = called[0].removeprefix(mine.url.rstrip("/")).partition("?")[0]
    assert path in ("", "/", "/configuration", "/@connections/c")
    assert mine.signing_name == client.meta.service_model.signing_name
    assert mine.signing_region == mine.region == client.meta.region_name


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"HTTPS_PROXY": "http://proxy:3128"}, "HTTPS_PROXY is set"),
        ({"https_proxy": "http://proxy:3128", "no_proxy": "example.com"}, "HTTPS_PROXY is set"),
        ({"AWS_PROFILE": "shop"}, "AWS_PROFILE is set"),
        ({"AWS_CONFIG_FILE": "/etc/aws"}, "AWS_CONFIG_FILE is set"),
        ({"AWS_SIGV4A_SIGNING_REGION_SET": "*"}, "AWS_SIGV4A_SIGNING_REGION_SET"),
        ({"AWS_AUTH_SCHEME_PREFERENCE": "sigv4a"}, "AWS_AUTH_SCHEME_PREFERENCE"),
        ({"AWS_ACCOUNT_ID_ENDPOINT_MODE": "required"}, "AWS_ACCOUNT_ID is not set"),
        ({"AWS_REGION": "fips-us-east-1"}, "an old name for FIPS endpoints"),
        ({"AWS_REGION": "us-gov-west-1-fips"}, "an old name for FIPS endpoints"),
    ],
)
def test_what_only_botocore_can_resolve_is_told(environ: dict[str, str], told: str) -> None:
    with pytest.raises(Beyond, match=told):
        resolve("dynamodb", None, {"AWS_REGION": "eu-west-1", **environ})


def test_a_configuration_file_counts_unless_all_is_given_or_this_is_lambda(tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").touch()
    environ = {"HOME": str(tmp_path), "AWS_REGION": "eu-west-1"}
    with pytest.raises(Beyond, match=r"there is a file ~/\.aws/config"):
        resolve("ssm", None, environ)
    assert resolve("ssm", None, {**environ, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}).url == "http://127.0.0.1:1"
    assert resolve("ssm", None, {**environ, "AWS_LAMBDA_RUNTIME_API": "x"}).url == "https://ssm.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    "environ",
    [
        {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "amazonaws.com"},
        {"HTTPS_PROXY": "http://proxy:3128", "no_proxy": "*"},
        {"HTTP_PROXY": "http://proxy:3128"},
    ],
)
def test_a_proxy_that_is_not_for_the_service_changes_nothing(environ: dict[str, str]) -> None:
    assert resolve("ssm", "eu-west-1", environ).url == "https://ssm.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    "region", ["evil.example.com/", "eu-west-1.example.com", "eu west 1", "EU-WEST-1", "eu-west", "@", "eu-west-1\n"]
)
def test_what_is_no_region_is_refused(region: str) -> None:
    with pytest.raises(ConfigurationError, match="is not the name of a region"):
        resolve("ssm", region, {})


def test_without_a_region_the_error_says_what_to_set() -> None:
    with pytest.raises(ConfigurationError, match="there is no region for ssm: set AWS_REGION"):
        resolve("ssm", None, {})


def test_the_region_is_that_of_the_call_then_of_lambda_then_of_boto3() -> None:
    environ = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}
    assert resolve("ssm", "eu-west-3", environ).region == "eu-west-3"
    assert resolve("ssm", None, environ).region == "eu-west-1"
    assert resolve("ssm", None, {"AWS_DEFAULT_REGION": "eu-west-2"}).region == "eu-west-2"


def test_a_mode_that_does_not_exist_is_refused_with_the_closest_one() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'required'"):
        resolve("dynamodb", "eu-west-1", {"AWS_ACCOUNT_ID_ENDPOINT_MODE": "require"})
