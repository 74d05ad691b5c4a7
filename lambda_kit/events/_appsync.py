"""Events of AppSync."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._fields import Event, anything, headers, items, mapping, optional, optional_part, texts
from lambda_kit.events._view import EventView, View

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class AppSyncIdentity(View):
    """The caller. Which fields there are depends on the way of authorization.

    See: <https://docs.aws.amazon.com/appsync/latest/devguide/resolver-context-reference-js.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()

    sub = optional("sub")
    """The subject of the token, for Cognito and OpenID Connect."""
    issuer = optional("issuer")
    """The issuer of the token, for Cognito and OpenID Connect."""
    user_name = optional("username")
    """The name of the user, for Cognito and IAM."""
    claims = mapping("claims")
    """The claims of the token; empty for IAM and API keys."""
    groups = texts("groups")
    """The groups of the user, for Cognito; empty without groups."""
    default_auth_strategy = optional("defaultAuthStrategy")
    """The default of the API for Cognito: `"ALLOW"` or `"DENY"`."""
    source_ips = texts("sourceIp")
    """The addresses of the caller."""
    account = optional("accountId")
    """The account of the caller, for IAM."""
    user_arn = optional("userArn")
    """The ARN of the user or role, for IAM."""
    cognito_identity_pool_id = optional("cognitoIdentityPoolId")
    """The id of the identity pool, for IAM through Cognito."""
    cognito_identity_id = optional("cognitoIdentityId")
    """The id of the identity, for IAM through Cognito."""
    cognito_identity_auth_type = optional("cognitoIdentityAuthType")
    """`"authenticated"` or `"unauthenticated"`, for IAM through Cognito."""
    cognito_identity_auth_provider = optional("cognitoIdentityAuthProvider")
    """The provider of the identity, for IAM through Cognito."""
    resolver_context = mapping("resolverContext")
    """The context that a Lambda authorizer of a GraphQL API returned; else empty."""
    handler_context = mapping("handlerContext")
    """The context that a Lambda authorizer of AppSync Events returned; else empty."""


class AppSyncEvent(Event):
    """A call of a direct Lambda resolver.

    See: <https://docs.aws.amazon.com/appsync/latest/devguide/resolver-reference-lambda-js.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "appsync"
    _label = ("info", "fieldName")

    arguments = mapping("arguments")
    """The arguments of the field."""
    parent = mapping("source")
    """The value of the parent field; empty for a field of the top."""
    identity = optional_part(AppSyncIdentity, "identity")
    """The caller; None with an API key."""
    headers = headers("request", "headers")
    """The headers, whose names are found in any letter case."""
    domain_name = optional("request", "domainName")
    """The custom domain by which the API was called; None without one."""
    variables = mapping("info", "variables")
    """The variables of the operation."""
    selection_set = texts("info", "selectionSetList")
    """The fields that the caller asks for, as paths such as `"owner/name"`."""
    selection_set_graphql = optional("info", "selectionSetGraphQL")
    """The fields that the caller asks for, as GraphQL."""
    stash = mapping("stash")
    """The values that functions of the pipeline have left for later ones."""

    @property
    def field_name(self) -> str:
        """The name of the field."""
        found = self._optional("fieldName")  # of a mapping template such as Amplify's
        return self._text("info", "fieldName") if found is None else found

    @property
    def parent_type_name(self) -> str:
        """The name of the type that has the field."""
        found = self._optional("typeName")  # of a mapping template such as Amplify's
        return self._text("info", "parentTypeName") if found is None else found

    @property
    def previous_result(self) -> Any:
        """The result of the function before, in a pipeline resolver; None without one."""
        found = self._find("prev", "result")
        return found if type_of(found) in (dict, list, str, int, float, bool) else None


class AppSyncBatchEvent(EventView[AppSyncEvent]):
    """Calls of a direct Lambda resolver in a batch. The function answers with a list of as many results.

    See: `AppSyncEvent`.

    Attributes:
        raw: the list.
    """

    __slots__ = ()
    source = "appsync_batch"
    _record = AppSyncEvent

    def _raws(self) -> list[Any]:
        found: Any = self.raw
        if type_of(found) is not list:
            what = type_of(found).__name__
            raise EventError(f"an AppSyncBatchEvent was made of a value of type {what}; a list is needed")
        return found  # type: ignore[no-any-return]


class ChannelMessage(View):
    """A message that was published to a channel.

    See: `AppSyncChannelEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    _label = ("id",)

    id = optional("id")
    """The id of the message, which the answer names."""
    payload = anything("payload")
    """The content of the message."""


class AppSyncChannelEvent(Event):
    """Messages that were published to a channel of AppSync Events, or a subscription to one.

    The shape is that of AWS's documentation; no recorded event was at hand.

    See: <https://docs.aws.amazon.com/appsync/latest/eventapi/direct-lambda-integrations.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "appsync_events"
    _label = ("info", "channel", "path")

    operation = optional("info", "operation")
    """`"PUBLISH"` or `"SUBSCRIBE"`."""
    channel = optional("info", "channel", "path")
    """The path of the channel, such as `"/orders/new"`."""
    segments = texts("info", "channel", "segments")
    """The segments of the path."""
    namespace = optional("info", "channelNamespace", "name")
    """The name of the channel namespace."""
    identity = optional_part(AppSyncIdentity, "identity")
    """The caller; None with an API key."""
    headers = headers("request", "headers")
    """The headers, whose names are found in any letter case."""
    domain_name = optional("request", "domainName")
    """The custom domain by which the API was called; None without one."""
    stash = mapping("stash")
    """The values that handlers have left for later ones."""
    out_errors = items("outErrors")
    """The errors that handlers have added."""

    @property
    def messages(self) -> list[ChannelMessage]:
        """The messages; empty for a subscription."""
        found = self._find("events")
        return [ChannelMessage(one) for one in found] if type_of(found) is list else []

    @property
    def is_subscription(self) -> bool:
        """True if a client subscribes to the channel."""
        return self._optional("info", "operation") == "SUBSCRIBE"
