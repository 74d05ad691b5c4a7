"""The context object: the second argument of a handler."""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FIELDS_OF_W3C = ("traceparent", "tracestate", "baggage")
_VARIABLES = {
    "log_group_name": "AWS_LAMBDA_LOG_GROUP_NAME",
    "log_stream_name": "AWS_LAMBDA_LOG_STREAM_NAME",
    "function_name": "AWS_LAMBDA_FUNCTION_NAME",
    "memory_limit_in_mb": "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "function_version": "AWS_LAMBDA_FUNCTION_VERSION",
}


def settings_of_function() -> dict[str, Any]:
    """Return the attributes of the context that are the same in each invocation of this process."""
    return {
        "aws_request_id": None,  # the order is that of AWS's client, because functions log vars(context)
        **{name: os.environ.get(variable) for name, variable in _VARIABLES.items()},
    }


class LambdaContext:
    """The request, the function and the time that is left, as Lambda tells them. See <https://docs.aws.amazon.com/lambda/latest/dg/python-context.html>."""

    def __init__(
        self,
        settings: dict[str, Any],
        request_id: str,
        arn: str,
        deadline_ms: int,
        tenant_id: str | None,
        client_context: Any,
        cognito_identity: Any,
    ) -> None:
        fields = self.__dict__
        fields.update(settings)
        fields["aws_request_id"] = request_id
        fields["invoked_function_arn"] = arn
        fields["tenant_id"] = tenant_id
        if client_context is None:
            fields["_w3c_fields"] = {}
            fields["client_context"] = None
        else:
            fields["_w3c_fields"] = _w3c_of(client_context)
            fields["client_context"] = made = _fill(ClientContext(), client_context)
            if made.client is not None:
                made.client = _fill(Client(), made.client)
        fields["identity"] = identity = CognitoIdentity()
        if cognito_identity is not None:
            identity.cognito_identity_id = cognito_identity.get("cognitoIdentityId")
            identity.cognito_identity_pool_id = cognito_identity.get("cognitoIdentityPoolId")
        fields["_epoch_deadline_time_in_ms"] = deadline_ms

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left before Lambda ends the invocation, 0 or more."""
        deadline: int = self.__dict__["_epoch_deadline_time_in_ms"]
        return max(0, deadline - int(time.time() * 1000))

    def w3c(self) -> dict[str, str]:
        """Return the W3C trace context of the invocation: `traceparent`, `tracestate`, `baggage`, as far as given."""
        return dict(self.__dict__["_w3c_fields"])

    def log(self, msg: object) -> None:
        """Write a message to the log as it is."""
        logging = sys.modules.get("logging")
        for handler in logging.getLogger().handlers if logging is not None else ():
            if hasattr(handler, "log_sink"):
                handler.log_sink.log(str(msg))
                return
        if logging is None:  # the handler is added when the module is imported
            from lambda_kit.runtime import _output

            _output.sink.log(str(msg))
            return
        sys.stdout.write(str(msg))

    def __repr__(self) -> str:
        names = (
            "aws_request_id",
            "log_group_name",
            "log_stream_name",
            "function_name",
            "memory_limit_in_mb",
            "function_version",
            "invoked_function_arn",
            "client_context",
            "identity",
            "tenant_id",
        )
        return _shown(self, names)


class CognitoIdentity:
    """The identity of the caller, from the mobile SDK."""

    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self) -> None:
        self.cognito_identity_id: Any = None
        self.cognito_identity_pool_id: Any = None

    def __repr__(self) -> str:
        return _shown(self, self.__slots__)


class Client:
    """The application of the caller, from the mobile SDK."""

    __slots__ = ("app_package_name", "app_title", "app_version_code", "app_version_name", "installation_id")

    def __repr__(self) -> str:
        names = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")
        return _shown(self, names)


class ClientContext:
    """The client context of the caller, with its parts `custom`, `env` and `client`."""

    __slots__ = ("client", "custom", "env")

    client: Any

    def __repr__(self) -> str:
        return _shown(self, ("custom", "env", "client"))


def _fill(made: Any, values: Any) -> Any:
    for name in made.__slots__:
        setattr(made, name, values.get(name, None))
    return made


def _w3c_of(client_context: Any) -> dict[str, str]:
    """Take the W3C trace context out of a client context, so that it is read through `w3c()` alone."""
    if not isinstance(client_context, dict) or "w3c" not in client_context:
        return {}
    given: Any = client_context  # pyright: ignore[reportUnknownVariableType]  # whatever its keys are
    values: Any = given.pop("w3c")
    if values.__class__ is not dict:
        return {}
    return {name: values[name] for name in _FIELDS_OF_W3C if isinstance(values.get(name), str)}


def _shown(one: Any, names: tuple[str, ...]) -> str:
    return f"{type(one).__name__}([{','.join(f'{name}={getattr(one, name)}' for name in names)}])"
