"""Answers to Cognito's triggers: what each may set is set, and what Cognito would refuse is an error."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from lambda_kit.errors import AnswerError, EventError
from lambda_kit.events import cognito


def event_of(source: str, request: Any = None, response: Any = None, version: str = "1") -> dict[str, Any]:
    request = {"userAttributes": {"email": "ada@example.com"}} if request is None else request
    return {"version": version, "triggerSource": source, "request": request, "response": response or {}}


MESSAGE = {"codeParameter": "{####}", "usernameParameter": "{username}"}
PASSED = {"session": [{"challengeName": "CUSTOM_CHALLENGE", "challengeResult": True}]}
V1 = event_of("TokenGeneration_Authentication")
V2 = event_of("TokenGeneration_HostedAuth", version="2") | {"callerContext": {"clientId": "c-1"}}
GROUPS = {"groupConfiguration": {"groupsToOverride": ["a"], "iamRolesToOverride": ["arn:1"], "preferredRole": None}}


@pytest.mark.parametrize(
    ("answer", "response"),
    [
        (
            lambda: cognito.pre_sign_up(event_of("PreSignUp_SignUp"), confirm=True, verify_email=True),
            {"autoConfirmUser": True, "autoVerifyEmail": True},
        ),
        (
            lambda: cognito.pre_sign_up(event_of("PreSignUp_SignUp", response={"autoConfirmUser": True})),
            {"autoConfirmUser": False},
        ),
        (
            lambda: cognito.custom_message(
                event_of("CustomMessage_SignUp", MESSAGE), sms="Code {####}", email="<b>{####}</b>", subject="Hi"
            ),
            {"smsMessage": "Code {####}", "emailMessage": "<b>{####}</b>", "emailSubject": "Hi"},
        ),
        (
            lambda: cognito.custom_message(event_of("CustomMessage_SignUp", MESSAGE), email="{##Confirm##}"),
            {"emailMessage": "{##Confirm##}"},
        ),
        (
            lambda: cognito.next_challenge(event_of("DefineAuthChallenge_Authentication", {"session": []})),
            {"challengeName": "CUSTOM_CHALLENGE", "issueTokens": False, "failAuthentication": False},
        ),
        (
            lambda: cognito.issue_tokens(event_of("DefineAuthChallenge_Authentication", PASSED)),
            {"issueTokens": True, "failAuthentication": False},
        ),
        (
            lambda: cognito.fail_authentication(event_of("DefineAuthChallenge_Authentication", {"session": None})),
            {"issueTokens": False, "failAuthentication": True},
        ),
        (
            lambda: cognito.create_challenge(
                event_of("CreateAuthChallenge_Authentication"), public={"q": "?"}, private={"a": "42"}, metadata="SUM"
            ),
            {
                "publicChallengeParameters": {"q": "?"},
                "privateChallengeParameters": {"a": "42"},
                "challengeMetadata": "SUM",
            },
        ),
        (
            lambda: cognito.verify_challenge(event_of("VerifyAuthChallengeResponse_Authentication"), True),
            {"answerCorrect": True},
        ),
        (
            lambda: cognito.migrate_user(
                event_of("UserMigration_Authentication", response={"userAttributes": None}),
                attributes={"email": "ada@example.com"},
                deliver_by=["EMAIL"],
                force_alias=False,
            ),
            {
                "userAttributes": {"email": "ada@example.com"},
                "finalUserStatus": "CONFIRMED",
                "messageAction": "SUPPRESS",
                "desiredDeliveryMediums": ["EMAIL"],
                "forceAliasCreation": False,
            },
        ),
        (
            lambda: cognito.migrate_user(
                event_of("UserMigration_ForgotPassword"), attributes={"email": "a@b"}, suppress_message=False
            ),
            {"userAttributes": {"email": "a@b"}},
        ),
        (
            lambda: cognito.pre_token_generation(
                V1, id_claims={"tenant": "t"}, suppress_id_claims=["email"], groups=["admin"], preferred_role="r"
            ),
            {
                "claimsOverrideDetails": {
                    "claimsToAddOrOverride": {"tenant": "t"},
                    "claimsToSuppress": ["email"],
                    "groupOverrideDetails": {"groupsToOverride": ["admin"], "preferredRole": "r"},
                }
            },
        ),
        (
            lambda: cognito.pre_token_generation(
                V2, access_claims={"plans": ["a", {"b": 1}]}, add_scopes=["orders:read"], suppress_scopes=["openid"]
            ),
            {
                "claimsAndScopeOverrideDetails": {
                    "accessTokenGeneration": {
                        "claimsToAddOrOverride": {"plans": ["a", {"b": 1}]},
                        "scopesToAdd": ["orders:read"],
                        "scopesToSuppress": ["openid"],
                    }
                }
            },
        ),
        (
            lambda: cognito.pre_token_generation(event_of("TokenGeneration_HostedAuth", GROUPS), groups=["b"]),
            {
                "claimsOverrideDetails": {
                    "groupOverrideDetails": {"groupsToOverride": ["b"], "iamRolesToOverride": ["arn:1"]}
                }
            },
        ),
        (
            lambda: cognito.pre_token_generation(event_of("TokenGeneration_HostedAuth", GROUPS), id_claims={"t": "1"}),
            {"claimsOverrideDetails": {"claimsToAddOrOverride": {"t": "1"}}},
        ),
        (
            lambda: cognito.pre_token_generation(V2, access_claims={"aud": "c-1"}),
            {"claimsAndScopeOverrideDetails": {"accessTokenGeneration": {"claimsToAddOrOverride": {"aud": "c-1"}}}},
        ),
        (
            lambda: cognito.map_attributes(event_of("InboundFederation_ExternalProvider"), {"email": "ada@b"}),
            {"userAttributesToMap": {"email": "ada@b"}},
        ),
        (
            lambda: cognito.map_attributes(event_of("InboundFederation_ExternalProvider")),
            {"userAttributesToMap": {}},
        ),
        (lambda: cognito.accept(event_of("PostConfirmation_ConfirmSignUp")), {}),
        (lambda: cognito.accept(event_of("CustomEmailSender_SignUp")), {}),
    ],
    ids=[
        "pre sign-up",
        "pre sign-up, reset",
        "custom message",
        "custom message with a link",
        "next challenge",
        "issue tokens",
        "fail",
        "create challenge",
        "verify",
        "migrate at sign-in",
        "migrate at forgotten password",
        "token version 1",
        "token version 2",
        "other groups, the same roles",
        "the same groups",
        "the audience of an access token",
        "map attributes",
        "map all attributes",
        "accept",
        "accept a sender",
    ],
)
def test_the_response_has_what_was_set_and_nothing_else(answer: Any, response: Any) -> None:
    assert answer()["response"] == response


def test_the_event_is_not_changed_and_comes_back_whole() -> None:
    event = event_of("PreSignUp_SignUp", response={"autoConfirmUser": False})
    before = copy.deepcopy(event)
    answer = cognito.pre_sign_up(event, confirm=True)
    assert event == before
    assert {name: answer[name] for name in event if name != "response"} == {
        name: value for name, value in before.items() if name != "response"
    }


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            lambda: cognito.respond(event_of("CustomMessage_SignUp"), {"emailMesage": "x"}),
            "no field 'emailMesage'; it has 'smsMessage', 'emailMessage', 'emailSubject'; did you mean 'emailMessage'?",
        ),
        (
            lambda: cognito.respond(event_of("CustomEmailSender_SignUp"), {"emailMessage": "x"}),
            "the response to CustomEmailSender_SignUp has no field 'emailMessage'; it has no fields at all",
        ),
        (
            lambda: cognito.respond(event_of("PreSignUp_SignUp"), {"autoConfirmUser": "true"}),
            "'autoConfirmUser' of the response to PreSignUp_SignUp is of type str; a boolean is needed",
        ),
        (
            lambda: cognito.respond(event_of("UserMigration_Authentication"), {"userAttributes": {"a": 5}}),
            "is of type dict with int; an object of texts is needed",
        ),
        (
            lambda: cognito.pre_sign_up(event_of("PreSignUp_SignUp"), verify_phone=True),
            "the user has no 'phone_number', so it cannot be marked as verified",
        ),
        (
            lambda: cognito.custom_message(event_of("CustomMessage_SignUp", MESSAGE), sms="no code"),
            "custom_message: sms lacks the placeholder '{####}'",
        ),
        (
            lambda: cognito.custom_message(event_of("CustomMessage_AdminCreateUser", MESSAGE), email="code {####}"),
            "custom_message: email lacks the placeholder '{username}'",
        ),
        (
            lambda: cognito.custom_message(event_of("CustomMessage_SignUp", MESSAGE), sms="{####}" * 30),
            "custom_message: sms has 180 characters; pass 6 to 140",
        ),
        (
            lambda: cognito.next_challenge(event_of("DefineAuthChallenge_Authentication"), "CUSTOM_CHALENGE"),
            "did you mean 'CUSTOM_CHALLENGE'?",
        ),
        (
            lambda: cognito.issue_tokens(event_of("DefineAuthChallenge_Authentication", {"session": []})),
            "the user has passed no challenge in this session",
        ),
        (
            lambda: cognito.create_challenge(
                event_of("CreateAuthChallenge_A"), public={"a": "42"}, private={"a": "42"}
            ),
            "'a' is private and public, so the client would see the answer",
        ),
        (
            lambda: cognito.create_challenge(event_of("CreateAuthChallenge_A"), public={}, private={}),
            "private is empty",
        ),
        (
            lambda: cognito.verify_challenge(event_of("VerifyAuthChallengeResponse_A"), "yes"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            "'answerCorrect' of the response to VerifyAuthChallengeResponse_A is of type str; a boolean is needed",
        ),
        (
            lambda: cognito.migrate_user(event_of("UserMigration_Authentication"), attributes={"email": "x" * 2049}),
            "migrate_user: the attribute 'email' has 2049 characters; pass 0 to 2048",
        ),
        (
            lambda: cognito.migrate_user(event_of("UserMigration_Authentication"), attributes={}),
            "attributes is empty",
        ),
        (
            lambda: cognito.migrate_user(
                event_of("UserMigration_Authentication"),
                attributes={"email": "a@b"},
                status="CONFIRM",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            ),
            "status is 'CONFIRM'; pass one of 'CONFIRMED', 'RESET_REQUIRED'; did you mean 'CONFIRMED'?",
        ),
        (lambda: cognito.pre_token_generation(V1, add_scopes=["a"]), "the event is of version 1"),
        (lambda: cognito.pre_token_generation(V1, id_claims={"a": 5}), "version 1 takes texts alone"),
        (lambda: cognito.pre_token_generation(V2, id_claims={"sub": "x"}), "'sub' of the ID token belongs to Cognito"),
        (lambda: cognito.pre_token_generation(V2, suppress_access_claims=["iss"]), "'iss' of the access token belongs"),
        (lambda: cognito.pre_token_generation(V2, id_claims={"aud": "x"}), "'aud' of the ID token belongs to Cognito"),
        (
            lambda: cognito.pre_token_generation(V2, access_claims={"scope": "a"}),
            "; use add_scopes and suppress_scopes",
        ),
        (lambda: cognito.pre_token_generation(V2, access_claims={"aud": "x"}), "the id of the app client alone, 'c-1'"),
        (
            lambda: cognito.pre_token_generation(V2, id_claims={"cognito:groups": ["a"]}),
            "'cognito:groups' is made from the groups; pass groups, iam_roles or preferred_role",
        ),
        (
            lambda: cognito.pre_token_generation(V2, id_claims={"dev:plan": "a"}),
            "'dev:plan' of the ID token can be removed, but not set",
        ),
        (
            lambda: cognito.pre_token_generation(V2, access_claims={"cognito:plan": "a"}),
            "'cognito:plan' of the access token belongs to Cognito",
        ),
        (
            lambda: cognito.pre_token_generation(V2, suppress_id_claims=["cognito:roles"]),
            "'cognito:roles' is removed with the groups; pass 'cognito:groups'",
        ),
        (lambda: cognito.pre_token_generation(V2, suppress_access_claims=["aud"]), "'aud' of the access token belongs"),
        (
            lambda: cognito.pre_token_generation(V2, id_claims={"address": {"city": "Bern"}}),
            "'address' of the ID token is of type dict; Cognito takes text, a number or a boolean there",
        ),
        (
            lambda: cognito.map_attributes(event_of("InboundFederation_ExternalProvider"), {}),
            "attributes is empty, and Cognito would keep all that the provider has sent",
        ),
        (
            lambda: cognito.map_attributes(event_of("InboundFederation_ExternalProvider"), {"groups": ["a"]}),  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
            "is of type dict with list; an object of texts is needed",
        ),
        (lambda: cognito.pre_token_generation(V2, add_scopes=["a b"]), "the scope 'a b' is empty or has spaces"),
        (lambda: cognito.pre_token_generation(V2, id_claims={"a": {1}}), "id_claims cannot be written as JSON"),
        (lambda: cognito.pre_token_generation(V2, groups=[5]), "'groupsToOverride' is of type list with int"),  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
        (lambda: cognito.accept(event_of("PreSignUp_SignUp")), "reads a response; use cognito.pre_sign_up"),
    ],
    ids=range(35),
)
def test_what_cognito_would_refuse_is_an_error_that_says_what_can_be(answer: Any, told: str) -> None:
    with pytest.raises(AnswerError) as caught:
        answer()
    assert told in str(caught.value)


def test_groups_and_attributes_of_developers_can_be_left_out_of_the_tokens() -> None:
    made = cognito.pre_token_generation(
        V2, suppress_id_claims=["cognito:groups", "dev:plan"], suppress_access_claims=["cognito:groups"]
    )["response"]["claimsAndScopeOverrideDetails"]
    assert made == {
        "idTokenGeneration": {"claimsToSuppress": ["cognito:groups", "dev:plan"]},
        "accessTokenGeneration": {"claimsToSuppress": ["cognito:groups"]},
    }


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (None, "the event is of type NoneType"),
        ({}, "the event has no text at 'triggerSource'"),
        (event_of("PostConfirmation_ConfirmSignUp"), "answers PreSignUp, and the event is of PostConfirmation_Conf"),
    ],
    ids=["nothing", "no trigger", "another trigger"],
)
def test_an_event_of_another_kind_is_refused(event: Any, told: str) -> None:
    with pytest.raises(EventError) as caught:
        cognito.pre_sign_up(event)
    assert told in str(caught.value)


def test_a_trigger_that_is_not_known_is_told() -> None:
    with pytest.raises(EventError, match=r"'PreSignup_X' is no trigger that the kit knows; did you mean 'PreSignUp'"):
        cognito.respond(event_of("PreSignup_X"), {})
