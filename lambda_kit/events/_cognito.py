"""Triggers of Cognito user pools.

A function answers a trigger by returning the event with its `response` filled in.
"""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.events._fields import Event, flag, mapping, optional, parts, text, texts
from lambda_kit.events._view import View

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar


class CognitoEvent(Event):
    """A trigger of a user pool, whatever its kind.

    See: <https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "cognito"
    _also: ClassVar[tuple[str, ...]] = (
        "cognito_pre_sign_up",
        "cognito_post_confirmation",
        "cognito_pre_authentication",
        "cognito_post_authentication",
        "cognito_custom_message",
        "cognito_define_auth_challenge",
        "cognito_create_auth_challenge",
        "cognito_verify_auth_challenge",
        "cognito_user_migration",
        "cognito_pre_token_generation",
        "cognito_custom_email_sender",
        "cognito_custom_sms_sender",
        "cognito_inbound_federation",
    )
    _label = ("triggerSource",)

    trigger_source = text("triggerSource")
    """The trigger and what caused it, such as `"PreSignUp_AdminCreateUser"`."""
    user_pool_id = text("userPoolId")
    """The id of the user pool."""
    user_name = optional("userName")
    """The name of the user; None for a client that has no user."""
    region = optional("region")
    """The region of the user pool."""
    client_id = optional("callerContext", "clientId")
    """The id of the app client."""
    sdk_version = optional("callerContext", "awsSdkVersion")
    """The version of the AWS SDK that sent the request."""
    user_attributes = mapping("request", "userAttributes")
    """The attributes of the user; empty without any."""
    client_metadata = mapping("request", "clientMetadata")
    """The metadata that the client sent for the function; empty without any."""
    response = mapping("response")
    """The response as Cognito has prepared it. The function fills it in."""

    @property
    def version(self) -> str | None:
        """The version of the format of the event, as text."""
        found = self._find("version")
        return str(found) if type_of(found) in (str, int) else None


class PreSignUpEvent(CognitoEvent):
    """A user signs up, and may be confirmed or refused.

    See: <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-sign-up.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "cognito_pre_sign_up"
    _also = ()

    validation_data = mapping("request", "validationData")
    """The data that the client sent for the validation; empty without any."""


class PostConfirmationEvent(CognitoEvent):
    """A user was confirmed, or has set a new password.

    See: <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "cognito_post_confirmation"
    _also = ()


class PreAuthenticationEvent(CognitoEvent):
    """A user signs in, and may be refused.

    See: <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-authentication.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "cognito_pre_authentication"
    _also = ()

    validation_data = mapping("request", "validationData")
    """The data that the client sent for the validation; empty without any."""
    user_not_found = flag("request", "userNotFound")
    """True if the user does not exist, and the app client hides that."""


class PostAuthenticationEvent(CognitoEvent):
    """A user has signed in.

    See: <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-authentication.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "cognito_post_authentication"
    _also = ()

    new_device_used = flag("request", "newDeviceUsed")
    """True if the user signed in from a new device."""


class CustomMessageEvent(CognitoEvent):
    """Cognito is about to send a message, whose text the function may set.

    See: <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-message.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "cognito_custom_message"
    _also = ()

    code_parameter = optional("request", "codeParameter")
    """The place-holder of the code, which the message has to contain."""
    link_parameter = optional("request", "linkParameter")
    """The place-holder of the link."""
    user_name_parameter = optional("request", "usernameParameter")
    """The place-holder of the name of the user, for users whom an administrator created."""


class ChallengeResult(View):
    """A challenge that the user has answered.

    See: `DefineAuthChallengeEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    _label = ("challengeName",)

    name = text("challengeName")
    """The name of the challenge, such as `"PASSWORD_VERIFIER"` or `"CUSTOM_CHALLENGE"`."""
    is_correct = flag("challengeResult")
    """True if the user's answer was correct."""
    metadata = optional("challengeMetadata")
    """The name that the function gave to a custom challenge; None without one."""


class DefineAuthChallengeEvent(CognitoEvent):
    """The function decides which challenge is next, and whether the user is signed in.

    See: <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-define-auth-challenge.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "cognito_define_auth_challenge"
    _also = ()

    session = parts(ChallengeResult, "request", "session")
    """The challenges so far, in their order."""
    user_not_found = flag("request", "userNotFound")
    """True if the user does not exist, and the app client hides that."""


class CreateAuthChallengeEvent(CognitoEvent):
    """The function makes a challenge.

    See: <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-create-auth-challenge.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "cognito_create_auth_challenge"
    _also = ()

    challenge_name = optional("request", "challengeName")
    """The name of the challenge."""
    session = parts(ChallengeResult, "request", "session")
    """The challenges so far, in their order."""
    user_not_found = flag("request", "userNotFound")
    """True if the user does not exist, and the app client hides that."""


class VerifyAuthChallengeEvent(CognitoEvent):
    """The function checks the answer of the user.

    See: <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-verify-auth-challenge-response.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "cognito_verify_auth_challenge"
    _also = ()

    private_challenge_parameters = mapping("request", "privateChallengeParameters")
    """The parameters that the function made for itself, together with the challenge."""
    user_not_found = flag("request", "userNotFound")
    """True if the user does not exist, and the app client hides that."""

    @property
    def challenge_answer(self) -> Any:
        """The answer of the user: a text, or an object in old versions; None without one."""
        found = self._find("request", "challengeAnswer")
        return found if type_of(found) in (str, dict) else None


class UserMigrationEvent(CognitoEvent):
    """An unknown user signs in or has forgotten the password, and may be taken over from another directory.

    See: <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-migrate-user.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "cognito_user_migration"
    _also = ()

    password = optional("request", "password")
    """The password; None if the user has forgotten it."""
    validation_data = mapping("request", "validationData")
    """The data that the client sent for the validation; empty without any."""


class PreTokenGenerationEvent(CognitoEvent):
    """Cognito is about to make tokens, whose claims, scopes and groups the function may change.

    See: <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "cognito_pre_token_generation"
    _also = ()

    groups = texts("request", "groupConfiguration", "groupsToOverride")
    """The groups of the user; empty for a user without groups, and for a client."""
    roles = texts("request", "groupConfiguration", "iamRolesToOverride")
    """The ARNs of the IAM roles of the groups."""
    preferred_role = optional("request", "groupConfiguration", "preferredRole")
    """The ARN of the preferred role."""
    scopes = texts("request", "scopes")
    """The scopes of the access token; empty in version 1."""

    @property
    def is_for_client(self) -> bool:
        """True for a token of a client without a user (version 3)."""
        return self._optional("triggerSource") == "TokenGeneration_ClientCredentials"


class CustomSenderEvent(CognitoEvent):
    """Cognito has a code for the user, which the function sends by a way of its own.

    See: <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-sender-triggers.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "cognito_custom_email_sender"
    _also = ("cognito_custom_sms_sender",)

    code = optional("request", "code")
    """The code, encrypted by the key of the user pool (AWS Encryption SDK), in base64."""
    request_type = optional("request", "type")
    """The version of the request, such as `"customEmailSenderRequestV1"`."""

    @property
    def is_sms(self) -> bool:
        """True if the code is for an SMS, False if it is for an e-mail."""
        found = self._optional("triggerSource")
        return found is not None and found.startswith("CustomSMSSender")


class InboundFederationEvent(CognitoEvent):
    """A user signs in through another identity provider, and the function may change the attributes from there.

    Cognito calls it at each sign-in, before it creates or changes the profile of the user.

    The shape is that of AWS's documentation; no recorded event was at hand.

    See: <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-inbound-federation.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "cognito_inbound_federation"
    _also = ()

    provider_name = text("request", "providerName")
    """The name of the identity provider in the user pool."""
    provider_type = text("request", "providerType")
    """`"OIDC"`, `"SAML"`, `"Facebook"`, `"Google"`, `"SignInWithApple"` or `"LoginWithAmazon"`."""
    token_response = mapping("request", "attributes", "tokenResponse")
    """The response of the provider's token endpoint, with its tokens, which are secrets; empty for SAML."""
    id_token = mapping("request", "attributes", "idToken")
    """The claims of the ID token; empty for SAML."""
    user_info = mapping("request", "attributes", "userInfo")
    """The profile from the provider's user info endpoint; empty for SAML."""
    saml_response = mapping("request", "attributes", "samlResponse")
    """The attributes of the SAML assertion; empty for other providers."""
