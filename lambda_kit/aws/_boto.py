"""A client of boto3 or botocore with the interface of the lean client: the same replies, the same errors."""

from __future__ import annotations

import os

from lambda_kit._kernel import callables, log, type_of
from lambda_kit._kernel.urls import without_credentials
from lambda_kit.aws._failures import error_of, hide, located
from lambda_kit.aws._retries import CONNECT_TIMEOUT, READ_TIMEOUT
from lambda_kit.aws._services import operations_of
from lambda_kit.errors import AwsError, ConfigurationError, NoAnswer, NoCredentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class BotoCaller:
    """Calls that go through `client`, and through nothing else.

    Args:
        service: the service.
        client: a boto3 client of it.

    Raises:
        ConfigurationError: `client` is not a client of this service.
    """

    def __init__(self, service: str, client: Any) -> None:
        self._operations = operations_of(service)
        meta = getattr(client, "meta", None)
        model = getattr(meta, "service_model", None)
        if meta is None or model is None:
            raise ConfigurationError(
                f"client is of type {type(client).__name__}; pass a boto3 client: boto3.client({service!r})"
            )
        if model.service_name != service:
            raise ConfigurationError(
                f"client is one of {model.service_name}, but one of {service} is needed: boto3.client({service!r})"
            )
        self.service = service
        self._client = client
        self._region: str = getattr(meta, "region_name", None) or "unknown region"
        self._methods: dict[str, str] = {name: method for method, name in meta.method_to_api_mapping.items()}

    def call(self, operation: str, params: dict[str, Any], /) -> dict[str, Any]:
        """Call an operation, and return its reply: see `Caller.call`.

        Raises:
            ConfigurationError: the service has no such operation.
            AwsError: it failed.
        """
        method = self._methods.get(operation)
        if method is None:
            raise ConfigurationError(
                f"{self.service} has no operation {operation!r}{callables.closest(operation, self._methods)}"
            )
        try:
            reply: dict[str, Any] = getattr(self._client, method)(**params)
            return {name: _plain(value) for name, value in reply.items() if name != "ResponseMetadata"}
        except Exception as error:
            mapped = self._mapped(operation, params, error)
            if mapped is None:
                raise
            if not self._quotes(operation, params, error):
                raise mapped from error
        raise mapped  # outside the `except`, so that the message of botocore's error is not with it

    def _quotes(self, operation: str, params: dict[str, Any], error: Exception) -> bool:
        """Tell whether the message of botocore's error repeats a secret value, or may repeat one."""
        return type(error).__name__ == "ParamValidationError" or self._hide(operation, params, str(error)) != str(error)

    def _hide(self, operation: str, params: dict[str, Any], message: str) -> str:
        """Return a message without secret values, and without user and password in the URLs that it quotes."""
        known = self._operations.get(operation)
        message = hide(message, params, known.secrets) if known else message
        return '"'.join(map(without_credentials, message.split('"'))) if "@" in message else message

    def _mapped(self, operation: str, params: dict[str, Any], error: Exception) -> AwsError | None:
        """Return the kit's error for an error of botocore; None for any other exception."""
        from botocore import exceptions as boto

        if isinstance(error, boto.ClientError):
            answered: Any = error
            return self._answered(operation, params, answered.response)
        if not isinstance(error, boto.BotoCoreError):
            return None
        shown = self._hide(operation, params, str(error))
        named: dict[str, Any] = {
            "service": self.service,
            "operation": operation,
            "code": type(error).__name__,
        }
        if isinstance(error, boto.ParamValidationError):
            return AwsError("boto3 refused the parameters and sent nothing", **named)
        if isinstance(
            error,
            boto.NoCredentialsError
            | boto.PartialCredentialsError
            | boto.CredentialRetrievalError
            | boto.TokenRetrievalError
            | boto.SSOError
            | boto.ProfileNotFound,
        ):
            return NoCredentials(shown, **named)
        if isinstance(error, boto.ConnectionError | boto.HTTPClientError):
            answer = NoAnswer(shown, **named)
            answer.sent = not isinstance(error, boto.ConnectTimeoutError | boto.EndpointConnectionError)
            return answer
        return AwsError(shown, **named)

    def _answered(self, operation: str, params: dict[str, Any], response: Any) -> AwsError:
        said: dict[str, Any] = response.get("Error", {})
        about: dict[str, Any] = response.get("ResponseMetadata", {})
        return error_of(
            said.get("Code") or "Unknown",
            located(
                self.service,
                said.get("Code") or "",
                self._hide(operation, params, str(said.get("Message") or "")),
                params,
                self._region,
            ),
            service=self.service,
            operation=operation,
            status=about.get("HTTPStatusCode"),
            request_id=about.get("RequestId"),
            attempts=about.get("RetryAttempts", 0) + 1,
            item=response.get("Item"),
        )


def instead(service: str, region: str | None, reason: str, endpoint: str | None = None) -> BotoCaller:
    """Return a client of botocore for settings that the lean client does not support, and log that.

    Raises:
        MissingExtra: botocore is not installed.
        ConfigurationError: botocore cannot make it.
    """
    try:
        from botocore import session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        from lambda_kit._kernel import extras

        raise extras.missing(f"the setting '{reason}'", "botocore", "aws") from error
    made: Any = session
    try:
        # botocore does not know AWS_REGION, which Lambda sets.
        client = made.get_session().create_client(
            service,
            region_name=region or os.environ.get("AWS_REGION"),
            endpoint_url=endpoint,
            config=Config(connect_timeout=CONNECT_TIMEOUT, read_timeout=READ_TIMEOUT),
        )
    except BotoCoreError as error:
        raise ConfigurationError(f"botocore cannot make a client of {service} ({reason}): {error}") from error

    log.info("lambda_kit: botocore is used for calls to %s: %s", service, reason)
    return BotoCaller(service, client)


def _plain(value: Any) -> Any:
    """Return `value` with times as seconds since the epoch and streams as bytes."""
    kind = type_of(value)
    if kind is dict:
        return {name: _plain(one) for name, one in value.items()}
    if kind is list:
        return [_plain(one) for one in value]
    if hasattr(value, "isoformat"):
        return value.timestamp()
    return value.read() if hasattr(value, "read") else value
