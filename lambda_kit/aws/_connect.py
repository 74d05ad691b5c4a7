"""`connect`: one client for each service in this process, the lean one, or botocore where the settings need it."""

from __future__ import annotations

import os

from lambda_kit._kernel import lifecycle
from lambda_kit.aws import _retries as retries
from lambda_kit.aws._client import AwsClient, with_endpoint
from lambda_kit.aws._services import operations_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Caller(Protocol):
        """A client as sources and stores call it: the lean client, or a boto3 client with the same interface."""

        def call(self, operation: str, params: dict[str, Any], /) -> dict[str, Any]:
            """Call an operation of the service, and return its reply.

            Args:
                operation: the name that AWS gives it: `"GetParameter"`.
                params: its parameters, as boto3 takes them; binary values as bytes.

            Returns:
                The reply that boto3 returns, with times as seconds since the epoch, binary values as bytes, and without
                `ResponseMetadata`.

            Raises:
                AwsError: it failed.
            """
            ...
else:

    class Caller:
        """A client as sources and stores call it: the lean client, or a boto3 client with the same interface."""


# The variables that tell clients apart, beside service and region. They are read at every call of `connect`, so there
# are only these; `reset()` forgets the clients, and with them all other settings.
_SETTINGS = (
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_PROFILE",
)
_OWN_ENDPOINT = {
    "ssm": "AWS_ENDPOINT_URL_SSM",
    "secretsmanager": "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "appconfigdata": "AWS_ENDPOINT_URL_APPCONFIGDATA",
    "dynamodb": "AWS_ENDPOINT_URL_DYNAMODB",
    "sqs": "AWS_ENDPOINT_URL_SQS",
    "s3": "AWS_ENDPOINT_URL_S3",
    "stepfunctions": "AWS_ENDPOINT_URL_SFN",
    "config": "AWS_ENDPOINT_URL_CONFIG_SERVICE",
    "codepipeline": "AWS_ENDPOINT_URL_CODEPIPELINE",
    "codedeploy": "AWS_ENDPOINT_URL_CODEDEPLOY",
    "apigatewaymanagementapi": "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
}
_shared: dict[tuple[str | None, ...], Caller] = {}
_watched = False


def connect(service: str, client: Any = None, *, region: str | None = None, endpoint: str | None = None) -> Caller:
    """Return the lean client of a service, one for all callers in this process; or `client` with the same interface.

    Some settings need more than the lean client can do: proxies, profiles, adaptive retries and so on. A client of
    botocore is made for these, which must then be installed, and the logger `lambda_kit` gets a line about it. The
    retry mode `legacy` of `AWS_RETRY_MODE` is treated as `standard`.

    Args:
        service: the name that boto3 gives it: `"ssm"`.
        client: a boto3 client of the service, which is then used for every call, with its own time-outs and retries.
            Not the client of a boto3 resource, which takes and returns other values.
        region: another region than that of the function.
        endpoint: the URL to call; default: that of the environment, else AWS's own.

    Raises:
        ConfigurationError: the kit does not call this service, `client` is not a client of it, or a setting is wrong.
    """
    if client is not None:
        from lambda_kit.aws._boto import BotoCaller

        return BotoCaller(service, client)
    own = _OWN_ENDPOINT.get(service, "")
    key = (service, region, endpoint, *map(os.environ.get, _SETTINGS), os.environ.get(own))
    found = _shared.get(key)
    if found is None:
        _watch_process()
        # Threads may make several at once, and all get one.
        found = _shared.setdefault(key, _make(service, region, endpoint))
    return found


def _make(service: str, region: str | None, endpoint: str | None) -> Caller:
    operations_of(service)  # an unknown service is named before anything else is looked at
    reason = "AWS_RETRY_MODE is adaptive" if retries.is_adaptive(os.environ) else _beyond(service, region, endpoint)
    if reason is None:
        return AwsClient(service, region, endpoint)
    from lambda_kit.aws import _boto

    return _boto.instead(service, region, reason, endpoint)


def _beyond(service: str, region: str | None, endpoint: str | None) -> str | None:
    """Return the setting that only botocore supports; None if there is none."""
    from lambda_kit.aws import _endpoints

    try:
        _endpoints.resolve(service, region, with_endpoint(endpoint, os.environ))
    except _endpoints.Beyond as beyond:
        return str(beyond)
    return None


def _watch_process() -> None:
    global _watched
    if not _watched:
        _watched = True
        lifecycle.on_fork(_after_fork)
        lifecycle.on_reset(_shared.clear, base=True)


def _after_fork() -> None:
    """Leave the clients to the parent; those of botocore have locks that a thread of the parent may hold."""
    lifecycle.abandon(tuple(_shared.values()))
    _shared.clear()
