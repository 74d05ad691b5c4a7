"""The response to a pre token generation trigger: claims, scopes and groups of the tokens of a Cognito user pool.

The claims that can be set and removed are those of the table "Claims and scopes reference" in
<https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html>. Cognito ignores
a claim that cannot be set, without a word.
"""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import AnswerError
from lambda_kit.events._answers import LIST, TEXT, TEXTS, check_list, fits, json_size, kind_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

_RESERVED = frozenset(
    (
        *("acr", "amr", "at_hash", "auth_time", "azp", "exp", "iat", "iss"),
        *("jti", "nbf", "nonce", "origin_jti", "sub", "token_use"),
    )
)
_RESERVED_IN_ID = _RESERVED | {"aud", "identities"}
_RESERVED_IN_ACCESS = _RESERVED | {"client_id", "device_key", "event_id", "scope", "username", "version"}
_FROM_GROUPS = ("cognito:groups", "cognito:roles", "cognito:preferred_role")
_PLAIN_IN_ID = ("address", "email_verified", "phone_number_verified", "updated_at")  # no lists and objects
_GROUPS = {"groupsToOverride": LIST, "iamRolesToOverride": LIST, "preferredRole": TEXT}


def token_response(
    raw: dict[str, Any],
    *,
    id_claims: Mapping[str, Any],
    access_claims: Mapping[str, Any],
    suppress_id_claims: Sequence[str],
    suppress_access_claims: Sequence[str],
    add_scopes: Sequence[str],
    suppress_scopes: Sequence[str],
    groups: Mapping[str, Sequence[str] | str | None],
) -> dict[str, Any]:
    """Return the response to an event of version 1, 2 or 3: see `cognito.pre_token_generation`.

    Raises:
        AnswerError: a claim cannot be set, or the version does not know what is set.
    """
    _check_set(id_claims, _RESERVED_IN_ID, "ID")
    _check_set(access_claims, _RESERVED_IN_ACCESS, "access")
    _check_removed(suppress_id_claims, _RESERVED_IN_ID, "ID")
    _check_removed(suppress_access_claims, _RESERVED_IN_ACCESS | {"aud"}, "access")
    for scope in (*add_scopes, *suppress_scopes):
        if not scope or any(one.isspace() for one in scope):
            raise AnswerError(f"the scope {scope!r} is empty or has spaces; pass one scope in each text")
    id_token = _without_empty(
        {"claimsToAddOrOverride": dict(id_claims), "claimsToSuppress": list(suppress_id_claims)},
    )
    group_details = _groups(raw, groups)
    if str(raw.get("version")) == "1":
        if access_claims or suppress_access_claims or add_scopes or suppress_scopes:
            raise AnswerError(
                "the event is of version 1, which has the ID token alone; set the LambdaVersion of the trigger to V2_0"
            )
        if not fits(dict(id_claims), TEXTS):
            raise AnswerError("id_claims has a value that is no text; version 1 takes texts alone")
        return {"claimsOverrideDetails": _without_empty({**id_token, "groupOverrideDetails": group_details})}
    for claim in _PLAIN_IN_ID:
        if type_of(id_claims.get(claim)) in (dict, list, tuple):
            raise AnswerError(
                f"the claim {claim!r} of the ID token is of type {type_of(id_claims[claim]).__name__}; Cognito takes "
                "text, a number or a boolean there"
            )
    json_size(dict(id_claims), "id_claims")
    json_size(dict(access_claims), "access_claims")
    _check_audience(raw, access_claims)
    access_token = _without_empty(
        {
            "claimsToAddOrOverride": dict(access_claims),
            "claimsToSuppress": list(suppress_access_claims),
            "scopesToAdd": list(add_scopes),
            "scopesToSuppress": list(suppress_scopes),
        }
    )
    made = {
        "idTokenGeneration": id_token,
        "accessTokenGeneration": access_token,
        "groupOverrideDetails": group_details,
    }
    return {"claimsAndScopeOverrideDetails": _without_empty(made)}


def _check_set(claims: Iterable[str], reserved: frozenset[str], token: str) -> None:
    for claim in claims:
        if claim in _FROM_GROUPS:
            raise AnswerError(f"the claim {claim!r} is made from the groups; pass groups, iam_roles or preferred_role")
        if claim.startswith("dev:"):
            raise AnswerError(f"the claim {claim!r} of the {token} token can be removed, but not set")
        _check_free(claim, reserved, token)


def _check_removed(claims: Iterable[str], reserved: frozenset[str], token: str) -> None:
    for claim in claims:
        if claim in _FROM_GROUPS[1:]:
            raise AnswerError(f"the claim {claim!r} is removed with the groups; pass 'cognito:groups'")
        if claim not in _FROM_GROUPS:
            _check_free(claim, reserved, token)


def _check_free(claim: str, reserved: frozenset[str], token: str) -> None:
    if claim in reserved or claim.startswith("cognito:"):
        hint = "; use add_scopes and suppress_scopes" if claim == "scope" else ""
        raise AnswerError(
            f"the claim {claim!r} of the {token} token belongs to Cognito; it can neither be set nor removed{hint}"
        )


def _check_audience(raw: dict[str, Any], access_claims: Mapping[str, Any]) -> None:
    """Check `aud`, which an access token may have for the app client of the session alone."""
    caller: Any = raw.get("callerContext")
    client: Any = caller.get("clientId") if type_of(caller) is dict else None
    if "aud" in access_claims and access_claims["aud"] != client:
        raise AnswerError(
            f"the claim 'aud' of the access token is {access_claims['aud']!r}; Cognito takes the id of the app client "
            f"alone, {client!r}"
        )


def _groups(raw: dict[str, Any], given: Mapping[str, Sequence[str] | str | None]) -> dict[str, Any]:
    """Return the groups and roles: those given, and those of the event, because Cognito replaces all of them."""
    made: dict[str, Any] = {}
    for name, value in given.items():
        if value is not None:
            made[name] = value if type_of(value) is str else check_list(value, repr(name))
            if not fits(made[name], _GROUPS[name]):
                raise AnswerError(f"{name!r} is of type {kind_of(made[name])}; {_GROUPS[name]} is needed")
    if not made:
        return made  # Cognito keeps them
    request: Any = raw.get("request")
    before: Any = request.get("groupConfiguration") if type_of(request) is dict else None
    kept: dict[str, Any] = before if type_of(before) is dict else {}
    return {**{name: kept[name] for name, kind in _GROUPS.items() if fits(kept.get(name), kind)}, **made}


def _without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
