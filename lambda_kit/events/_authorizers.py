"""Requests to authorizers."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._fields import Event, flag, headers, mapping, optional, text, texts
from lambda_kit.events._view import once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class TokenAuthorizerEvent(Event):
    """A request to a TOKEN authorizer of a REST API.

    See: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "token_authorizer"
    _label = ("methodArn",)

    token = text("authorizationToken")
    """The value of the header that the authorizer names."""
    method_arn = text("methodArn")
    """The ARN of the method that the client calls."""


class RequestAuthorizerEvent(Event):
    """A request to a REQUEST authorizer: of a REST API, of an HTTP API with payload 1.0 or 2.0, or of a WebSocket API.

    See: `TokenAuthorizerEvent`, and for HTTP APIs
    <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "request_authorizer"
    _also = ("websocket_authorizer",)
    _label = ("requestContext", "requestId")

    headers = headers("headers", lists="multiValueHeaders")
    """The headers, whose names are found in any letter case."""
    query_lists = mapping("multiValueQueryStringParameters")
    """The parameters of the query, a list of values each; empty for an HTTP API with payload 2.0."""
    path_parameters = mapping("pathParameters")
    """The parameters of the path; empty without any."""
    stage_variables = mapping("stageVariables")
    """The variables of the stage; empty without any."""
    api_id = optional("requestContext", "apiId")
    """The id of the API."""
    account = optional("requestContext", "accountId")
    """The account of the API."""
    stage = optional("requestContext", "stage")
    """The stage."""
    request_id = optional("requestContext", "requestId")
    """The id of the request."""
    domain_name = optional("requestContext", "domainName")
    """The domain of the API."""
    connection_id = optional("requestContext", "connectionId")
    """The id of the connection, for a WebSocket API."""
    route_key = optional("routeKey")
    """The key of the route, with payload 2.0."""
    resource = optional("resource")
    """The path of the resource, with place-holders; None with payload 2.0."""
    raw_query = optional("rawQueryString")
    """The query as the client sent it, with payload 2.0."""
    cookies = texts("cookies")
    """The cookies, with payload 2.0; elsewhere they stand in the headers."""

    @property
    def version(self) -> str | None:
        """The version of the payload of an HTTP API: `"1.0"` or `"2.0"`; None for other APIs."""
        return self._optional("version")

    @property
    def arn(self) -> str:
        """The ARN of the method or of the route that the client calls."""
        found = self._optional("routeArn")
        return self._text("methodArn") if found is None else found

    @property
    def path(self) -> str | None:
        """The path."""
        found = self._optional("rawPath")
        return self._optional("path") if found is None else found

    @property
    def method(self) -> str | None:
        """The method, such as `"GET"`; None for a WebSocket API."""
        found = self._optional("requestContext", "http", "method")
        return self._optional("httpMethod") if found is None else found

    @property
    def query_parameters(self) -> dict[str, Any]:
        """The parameters of the query, one value each; with payload 2.0 a comma joins the values of one name."""
        found = self._find("queryStringParameters")
        return found if type_of(found) is dict else {}

    @property
    def source_ip(self) -> str | None:
        """The address of the client."""
        found = self._optional("requestContext", "http", "sourceIp")
        return self._optional("requestContext", "identity", "sourceIp") if found is None else found

    @property
    def identity_sources(self) -> list[str]:
        """The values of the identity sources that the authorizer names; empty for a REST API."""
        found = self._find("identitySource")
        if type_of(found) is str:
            return found.split(",") if found else []
        return [one for one in found if type_of(one) is str] if type_of(found) is list else []


class AppSyncAuthorizerEvent(Event):
    """A request to an authorizer of AppSync.

    See: <https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "appsync_authorizer"
    _label = ("requestContext", "requestId")

    token = text("authorizationToken")
    """The value of the header `Authorization`."""
    headers = headers("requestHeaders")
    """The headers, whose names are found in any letter case."""
    api_id = optional("requestContext", "apiId")
    """The id of the API."""
    account = optional("requestContext", "accountId")
    """The account of the API."""
    request_id = optional("requestContext", "requestId")
    """The id of the request."""
    query = optional("requestContext", "queryString")
    """The GraphQL document; None for AppSync Events."""
    operation_name = optional("requestContext", "operationName")
    """The name of the operation in the document."""
    variables = mapping("requestContext", "variables")
    """The variables of the operation."""
    channel = optional("requestContext", "channel")
    """The channel, for AppSync Events."""
    operation = optional("requestContext", "operation")
    """The operation, for AppSync Events: such as `"EVENT_CONNECT"` or `"EVENT_PUBLISH"`."""


class IotAuthorizerEvent(Event):
    """A request to a custom authorizer of IoT Core. It has the fields of the protocols that the device uses.

    The shape is that of AWS's documentation; no recorded event was at hand.

    See: <https://docs.aws.amazon.com/iot/latest/developerguide/custom-auth-lambda.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "iot_authorizer"
    _label = ("connectionMetadata", "id")

    token = optional("token")
    """The token; None if signing is not enabled."""
    is_signature_verified = flag("signatureVerified")
    """True if IoT Core has checked the signature of the token."""
    protocols = texts("protocols")
    """The protocols: `"tls"`, `"http"`, `"mqtt"`."""
    server_name = optional("protocolData", "tls", "serverName")
    """The name of the server that the device asked for (SNI)."""
    headers = headers("protocolData", "http", "headers")
    """The headers of HTTP, whose names are found in any letter case."""
    raw_query = optional("protocolData", "http", "queryString")
    """The query of HTTP, with its question mark."""
    user_name = optional("protocolData", "mqtt", "username")
    """The user name of MQTT."""
    client_id = optional("protocolData", "mqtt", "clientId")
    """The client id of MQTT."""
    connection_id = optional("connectionMetadata", "id")
    """The id of the connection."""

    @once
    def password(self) -> bytes | None:
        """The password of MQTT, decoded; None without one.

        Raises:
            EventError: the password is not valid base64.
        """
        found = self._optional("protocolData", "mqtt", "password")
        if found is None:
            return None
        from binascii import a2b_base64

        try:
            return a2b_base64(found)
        except ValueError:  # the base class of binascii.Error
            raise EventError("'protocolData.mqtt.password' of the IotAuthorizerEvent is not valid base64") from None
