"""Answers to the triggers of Cognito user pools.

Each function takes the event, and returns the event with the response that Cognito reads. The event itself is not
changed. See <https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html>.

```python
from lambda_kit.events import cognito

event = {
    "triggerSource": "PreSignUp_SignUp",
    "request": {"userAttributes": {"email": "ada@example.com"}},
    "response": {"autoConfirmUser": False},
}
answer = cognito.pre_sign_up(event, confirm=True, verify_email=True)
assert answer["response"] == {"autoConfirmUser": True, "autoVerifyEmail": True}
```

To refuse what a user wants to do, raise an exception: Cognito shows its message to the user.
"""

from __future__ import annotations

from lambda_kit._kernel import callables, type_of
from lambda_kit.errors import AnswerError, EventError
from lambda_kit.events._answers import (
    BOOLEAN,
    LIST,
    OBJECT,
    TEXT,
    TEXTS,
    check_choice,
    check_dict,
    check_list,
    check_text,
    check_texts,
    fits,
    kind_of,
    raw_of,
    text_at,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Literal

# The fields of each response, by the part of `triggerSource` before the underscore.
_FIELDS: dict[str, dict[str, str]] = {
    "PreSignUp": {"autoConfirmUser": BOOLEAN, "autoVerifyEmail": BOOLEAN, "autoVerifyPhone": BOOLEAN},
    "PostConfirmation": {},
    "PreAuthentication": {},
    "PostAuthentication": {},
    "CustomMessage": {"smsMessage": TEXT, "emailMessage": TEXT, "emailSubject": TEXT},
    "DefineAuthChallenge": {"challengeName": TEXT, "issueTokens": BOOLEAN, "failAuthentication": BOOLEAN},
    "CreateAuthChallenge": {
        "publicChallengeParameters": TEXTS,
        "privateChallengeParameters": TEXTS,
        "challengeMetadata": TEXT,
    },
    "VerifyAuthChallengeResponse": {"answerCorrect": BOOLEAN},
    "UserMigration": {
        "userAttributes": TEXTS,
        "finalUserStatus": TEXT,
        "messageAction": TEXT,
        "desiredDeliveryMediums": LIST,
        "forceAliasCreation": BOOLEAN,
        "enableSMSMFA": BOOLEAN,
    },
    "TokenGeneration": {"claimsOverrideDetails": OBJECT},
    "TokenGeneration 2": {"claimsAndScopeOverrideDetails": OBJECT},
    "CustomEmailSender": {},
    "CustomSMSSender": {},
    "InboundFederation": {"userAttributesToMap": TEXTS},
}
_SHORT, _SMS, _EMAIL, _SUBJECT, _ATTRIBUTE = 6, 140, 20_000, 140, 2048  # characters
_BUILTIN_CHALLENGES = (
    "CUSTOM_CHALLENGE",
    "SMS_MFA",
    "SOFTWARE_TOKEN_MFA",
    "EMAIL_OTP",
    "PASSWORD_VERIFIER",
    "SRP_A",
    "DEVICE_SRP_AUTH",
    "DEVICE_PASSWORD_VERIFIER",
    "ADMIN_NO_SRP_AUTH",
    "NEW_PASSWORD_REQUIRED",
)


def respond(event: Any, response: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event with fields of its response set, by the names that AWS gives them.

    The other functions of this module are built on it. Use them where you can: they know more rules.

    Args:
        event: the event of any trigger of a user pool.
        response: the fields to set.

    Raises:
        AnswerError: the response of this trigger has no such field, or a value is of another type.
        EventError: the event is not one of a user pool.
    """
    raw = raw_of(event, "cognito.respond")
    source = text_at(raw, "cognito.respond", "triggerSource")
    trigger = source.partition("_")[0]
    if trigger == "TokenGeneration" and str(raw.get("version")) != "1":
        trigger = "TokenGeneration 2"
    known = _FIELDS.get(trigger)
    if known is None:
        raise EventError(
            f"cognito.respond: {source!r} is no trigger that the kit knows{callables.closest(trigger, _FIELDS)}"
        )
    for name, value in check_dict(response, "cognito.respond: response").items():
        kind = known.get(name)
        if kind is None:
            fields = ", ".join(map(repr, known)) or "no fields at all"
            raise AnswerError(
                f"the response to {source} has no field {name!r}; it has {fields}{callables.closest(name, known)}"
            )
        if not fits(value, kind):
            raise AnswerError(f"{name!r} of the response to {source} is of type {kind_of(value)}; {kind} is needed")
    return {**raw, "response": {**_object(raw.get("response")), **response}}


def accept(event: Any) -> dict[str, Any]:
    """Return the event as it is: the answer to pre and post authentication and to post confirmation.

    It answers the senders of e-mails and SMS too, which read nothing. To refuse, raise an exception.

    Raises:
        AnswerError: the trigger needs a response.
        EventError: the event is not one of a user pool.
    """
    raw = raw_of(event, "cognito.accept")
    source = text_at(raw, "cognito.accept", "triggerSource")
    trigger = source.partition("_")[0]
    if _FIELDS.get(trigger):
        raise AnswerError(f"{source} reads a response; use cognito.{_FUNCTIONS[trigger]}, or cognito.respond")
    return respond(raw, {})


def pre_sign_up(
    event: Any, *, confirm: bool = False, verify_email: bool = False, verify_phone: bool = False
) -> dict[str, Any]:
    """Answer a pre sign-up trigger, which lets the user sign up.

    Args:
        event: the event.
        confirm: True to confirm the user without a code. Default False.
        verify_email: True to mark the e-mail address as verified. Default False.
        verify_phone: True to mark the phone number as verified. Default False.

    Raises:
        AnswerError: the attribute to verify is missing: Cognito would fail the sign-up without saying why.
        EventError: the event is not one of this trigger.
    """
    raw = _event_of(event, "PreSignUp")
    attributes = _object(_object(raw.get("request")).get("userAttributes"))
    for name, wanted in (("email", verify_email), ("phone_number", verify_phone)):
        if wanted and not attributes.get(name):
            raise AnswerError(f"the user has no {name!r}, so it cannot be marked as verified")
    fields = {"autoConfirmUser": confirm, "autoVerifyEmail": verify_email, "autoVerifyPhone": verify_phone}
    before = _object(raw.get("response"))
    return respond(raw, {name: value for name, value in fields.items() if value or name in before})


def custom_message(
    event: Any, *, sms: str | None = None, email: str | None = None, subject: str | None = None
) -> dict[str, Any]:
    """Answer a custom message trigger.

    A message has to hold the placeholder of the code, `event["request"]["codeParameter"]`, or a link such as
    `{##Confirm##}`. For a user whom an administrator creates, it has to hold `usernameParameter` too. Cognito takes an
    e-mail and its subject from a function only if the user pool sends through Amazon SES.

    See <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-message.html>; the shortest
    texts and the length of a subject are those of
    <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerificationMessageTemplateType.html>.

    Args:
        event: the event.
        sms: the text of the SMS, 6 to 140 characters; default the text of the user pool.
        email: the body of the e-mail, 6 to 20,000 characters, text or HTML; default that of the user pool.
        subject: the subject of the e-mail, 1 to 140 characters; default that of the user pool.

    Raises:
        AnswerError: a text is too short or too long, or lacks a placeholder.
        EventError: the event is not one of this trigger.
    """
    raw = _event_of(event, "CustomMessage")
    request = _object(raw.get("request"))
    names = ("codeParameter", "usernameParameter")
    wanted = names if raw["triggerSource"] == "CustomMessage_AdminCreateUser" else names[:1]
    needed = {name: request[name] for name in wanted if type_of(request.get(name)) is str and request[name]}
    response: dict[str, Any] = {}
    for name, field, text, longest in (("sms", "smsMessage", sms, _SMS), ("email", "emailMessage", email, _EMAIL)):
        if text is None:
            continue
        response[field] = check_text(text, f"custom_message: {name}", longest, shortest=_SHORT)
        for name_of_part, placeholder in needed.items():
            if placeholder not in text and not (name_of_part == "codeParameter" and "{##" in text):
                raise AnswerError(
                    f"custom_message: {name} lacks the placeholder {placeholder!r}, which Cognito replaces"
                )
    if subject is not None:
        response["emailSubject"] = check_text(subject, "custom_message: subject", _SUBJECT)
    return respond(raw, response)


def next_challenge(event: Any, name: str = "CUSTOM_CHALLENGE") -> dict[str, Any]:
    """Answer a define auth challenge trigger: the user has to pass this challenge next.

    Args:
        event: the event.
        name: the challenge, default `"CUSTOM_CHALLENGE"`, which the create auth challenge trigger makes.

    Raises:
        AnswerError: Cognito has no such challenge.
        EventError: the event is not one of this trigger.
    """
    raw = _event_of(event, "DefineAuthChallenge")
    check_choice(name, "next_challenge: name", _BUILTIN_CHALLENGES)
    return respond(raw, {"challengeName": name, "issueTokens": False, "failAuthentication": False})


def issue_tokens(event: Any) -> dict[str, Any]:
    """Answer a define auth challenge trigger: the user is signed in.

    Raises:
        AnswerError: the session has no challenge that was passed: tokens would be issued for nothing.
        EventError: the event is not one of this trigger.
    """
    raw = _event_of(event, "DefineAuthChallenge")
    session: Any = _object(raw.get("request")).get("session")
    steps: list[Any] = session if type_of(session) is list else []
    if not any(_object(one).get("challengeResult") is True for one in steps):
        raise AnswerError("issue_tokens: the user has passed no challenge in this session; use next_challenge first")
    return respond(raw, {"issueTokens": True, "failAuthentication": False})


def fail_authentication(event: Any) -> dict[str, Any]:
    """Answer a define auth challenge trigger: the user is not signed in.

    Raises:
        EventError: the event is not one of this trigger.
    """
    raw = _event_of(event, "DefineAuthChallenge")
    return respond(raw, {"issueTokens": False, "failAuthentication": True})


def create_challenge(
    event: Any, *, public: Mapping[str, str], private: Mapping[str, str], metadata: str | None = None
) -> dict[str, Any]:
    """Answer a create auth challenge trigger.

    Args:
        event: the event.
        public: the parameters that the client of the user gets, such as a question.
        private: the parameters that the verify trigger gets, such as the answer. The client does not see them.
        metadata: the name of the challenge, for the next define trigger; default none.

    Raises:
        AnswerError: there is no private parameter, or a secret one is public too.
        EventError: the event is not one of this trigger.
    """
    raw = _event_of(event, "CreateAuthChallenge")
    public, private = check_dict(public, "create_challenge: public"), check_dict(private, "create_challenge: private")
    if not private:
        raise AnswerError("create_challenge: private is empty; the verify trigger needs the answer in it")
    leaked = [name for name in private if name in public and private[name] == public[name]]
    if leaked:
        raise AnswerError(f"create_challenge: {leaked[0]!r} is private and public, so the client would see the answer")
    response: dict[str, Any] = {
        "publicChallengeParameters": public,
        "privateChallengeParameters": private,
    }
    return respond(raw, response if metadata is None else {**response, "challengeMetadata": metadata})


def verify_challenge(event: Any, correct: bool) -> dict[str, Any]:  # the only thing that it says
    """Answer a verify auth challenge trigger.

    Args:
        event: the event.
        correct: True if `event["request"]["challengeAnswer"]` is right.

    Raises:
        AnswerError: `correct` is no boolean.
        EventError: the event is not one of this trigger.
    """
    return respond(_event_of(event, "VerifyAuthChallengeResponse"), {"answerCorrect": correct})


def migrate_user(
    event: Any,
    *,
    attributes: Mapping[str, str],
    status: Literal["CONFIRMED", "RESET_REQUIRED"] | None = None,
    suppress_message: bool = True,
    deliver_by: Sequence[Literal["EMAIL", "SMS"]] | None = None,
    force_alias: bool | None = None,
    sms_mfa: bool | None = None,
) -> dict[str, Any]:
    """Answer a user migration trigger: the user exists, and is created in the pool.

    See <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-migrate-user.html>; the length of
    a value is that of <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AttributeType.html>.

    Args:
        event: the event.
        attributes: the attributes of the user, with `username`, `email` or `phone_number`. Their values are text of at
            most 2,048 characters.
        status: `"CONFIRMED"` to sign the user in with this password, `"RESET_REQUIRED"` for a new password. Default:
            `"CONFIRMED"` at a sign-in. After a forgotten password Cognito does not read it.
        suppress_message: True, the default, to send no welcome message.
        deliver_by: the ways of the welcome message; default by SMS.
        force_alias: True to take an e-mail address or phone number over from another user; default False.
        sms_mfa: True to require a code by SMS; default False.

    Raises:
        AnswerError: a value is not one that Cognito takes.
        EventError: the event is not one of this trigger.
    """
    raw = _event_of(event, "UserMigration")
    if not attributes:
        raise AnswerError("migrate_user: attributes is empty; pass at least 'email', 'phone_number' or 'username'")
    response: dict[str, Any] = {"userAttributes": check_dict(attributes, "migrate_user: attributes")}
    for name, value in response["userAttributes"].items():
        check_text(value, f"migrate_user: the attribute {name!r}", _ATTRIBUTE, shortest=0)
    if status is None and raw["triggerSource"] == "UserMigration_Authentication":
        status = "CONFIRMED"
    if status is not None:
        response["finalUserStatus"] = check_choice(status, "migrate_user: status", ("CONFIRMED", "RESET_REQUIRED"))
    if suppress_message:
        response["messageAction"] = "SUPPRESS"
    if deliver_by is not None:
        response["desiredDeliveryMediums"] = [
            check_choice(one, "migrate_user: deliver_by", ("EMAIL", "SMS"))
            for one in check_list(deliver_by, "migrate_user: deliver_by")
        ]
    flags = {"forceAliasCreation": force_alias, "enableSMSMFA": sms_mfa}
    response |= {name: value for name, value in flags.items() if value is not None}
    return respond(raw, response)


def map_attributes(event: Any, attributes: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Answer an inbound federation trigger: these are the attributes that the identity provider has sent.

    Cognito applies the attribute mapping of the provider to them. An attribute that is not among them is lost.

    See <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-inbound-federation.html>.

    Args:
        event: the event.
        attributes: all attributes to keep, by the names of the provider; their values are text. None, the default, to
            keep what the provider has sent.

    Raises:
        AnswerError: `attributes` is empty, or a value is no text.
        EventError: the event is not one of this trigger.
    """
    raw = _event_of(event, "InboundFederation")
    if attributes is not None and not attributes:
        raise AnswerError(
            "map_attributes: attributes is empty, and Cognito would keep all that the provider has sent; pass the "
            "attributes to keep, or None to keep all"
        )
    return respond(raw, {"userAttributesToMap": check_dict(attributes or {}, "map_attributes: attributes")})


def pre_token_generation(  # noqa: PLR0913  # each is a part of the response
    event: Any,
    *,
    id_claims: Mapping[str, Any] | None = None,
    access_claims: Mapping[str, Any] | None = None,
    suppress_id_claims: Sequence[str] = (),
    suppress_access_claims: Sequence[str] = (),
    add_scopes: Sequence[str] = (),
    suppress_scopes: Sequence[str] = (),
    groups: Sequence[str] | None = None,
    iam_roles: Sequence[str] | None = None,
    preferred_role: str | None = None,
) -> dict[str, Any]:
    """Answer a pre token generation trigger of version 1, 2 or 3; the event says which.

    Some claims belong to Cognito, such as `sub` and `exp`, and all that begin with `cognito:`; the groups and roles are
    set by their arguments, and left out by the name `cognito:groups`. Attributes with `dev:` can only be left out. An
    access token may have `aud`, with the id of the app client.

    See <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html>.

    Args:
        event: the event.
        id_claims: claims to set in the ID token. Their values are text in version 1, any JSON after it; no lists and
            objects for `address`, `email_verified`, `phone_number_verified` and `updated_at`.
        access_claims: claims to set in the access token, from version 2 on.
        suppress_id_claims: claims to leave out of the ID token.
        suppress_access_claims: claims to leave out of the access token, from version 2 on.
        add_scopes: scopes to add to the access token, from version 2 on.
        suppress_scopes: scopes to leave out of the access token, from version 2 on.
        groups: the groups in place of those of the user; default those in the event.
        iam_roles: the roles in place of those of the groups; default those in the event.
        preferred_role: the role in place of that of the groups; default that in the event.

    Raises:
        AnswerError: a claim cannot be set, or the version does not know what is set.
        EventError: the event is not one of this trigger.
    """
    raw = _event_of(event, "TokenGeneration")
    from lambda_kit.events._cognito_tokens import token_response

    return respond(
        raw,
        token_response(
            raw,
            id_claims=check_dict(id_claims or {}, "id_claims"),
            access_claims=check_dict(access_claims or {}, "access_claims"),
            suppress_id_claims=check_texts(suppress_id_claims, "suppress_id_claims"),
            suppress_access_claims=check_texts(suppress_access_claims, "suppress_access_claims"),
            add_scopes=check_texts(add_scopes, "add_scopes"),
            suppress_scopes=check_texts(suppress_scopes, "suppress_scopes"),
            groups={"groupsToOverride": groups, "iamRolesToOverride": iam_roles, "preferredRole": preferred_role},
        ),
    )


_FUNCTIONS = {
    "PreSignUp": "pre_sign_up",
    "CustomMessage": "custom_message",
    "DefineAuthChallenge": "next_challenge, issue_tokens or fail_authentication",
    "CreateAuthChallenge": "create_challenge",
    "VerifyAuthChallengeResponse": "verify_challenge",
    "UserMigration": "migrate_user",
    "TokenGeneration": "pre_token_generation",
    "InboundFederation": "map_attributes",
}


def _event_of(event: Any, trigger: str) -> dict[str, Any]:
    what = f"cognito.{_FUNCTIONS[trigger]}"
    raw = raw_of(event, what)
    source = text_at(raw, what, "triggerSource")
    if source.partition("_")[0] != trigger:
        raise EventError(f"{what} answers {trigger}, and the event is of {source}")
    return raw


def _object(value: Any) -> dict[str, Any]:
    """Return an object of the event; empty if there is none."""
    return value if type_of(value) is dict else {}
