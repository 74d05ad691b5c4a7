"""Names of fields that hold secrets: by the words in them, by default and by option."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lambda_kit import Logger
from lambda_kit._kernel.json_text import DEFAULT_REDACT, Encoder
from lambda_kit._kernel.redaction import Redaction
from lambda_kit.errors import ConfigurationError

SECRET = """
    password Password PASSWORD pass_word passWord pwd PWD passwd passphrase passcode db_password dbPassword
    userpassword POSTGRES_PASSWORD password2 new_password password_hash passwordConfirmation password-confirm passwords
    secret client_secret clientSecret secret_key secretAccessKey aws_secret_access_key secretString secret_binary
    token authToken auth_token x-auth-token X-Auth-Token csrf_token csrfToken xsrf-token access_token refreshToken
    idToken session_token aws_session_token X-Amz-Security-Token bearer_token bearerToken github-token authtoken
    token_value jwt JWT user_jwt userJWT idJwt api_key apiKey API_KEY ApiKey X-Api-Key apikey stripe_api_key
    api-key privateKey private_key signing_key encryption_key access_key authorization Authorization proxy-authorization
    authorizationToken cookie Cookie set-cookie Set-Cookie cookies session_cookie credential credentials
    awsCredentials
    otp otp_pin
    card_pin pin cvv cvc connection_string ConnectionString basic_auth /app/prod/db/password app.db.password
"""
SHOWN = """
    user order_id name key value id message level token_count tokens max_tokens maxTokens next_token nextToken
    pageToken
    continuation_token client_token clientToken secret_name secretArn secret_id password_policy_id passwordChangedAt
    password_expires shipping pinned mapping spin author authority authenticated compass passenger trespass bypass
    keyboard monkey primary_key partition_key sort_key access_key_id accessKeyId public_key cookie_consent
    cookiePolicy
    authorizer authorization_url hotpot jwt_issuer secretary cvvs
"""


@pytest.mark.parametrize("name", SECRET.split())
def test_names_that_end_with_a_secret_word_are_hidden(name: str) -> None:
    assert Redaction(DEFAULT_REDACT).hides(name)


@pytest.mark.parametrize("name", SHOWN.split())
def test_other_names_are_shown(name: str) -> None:
    assert not Redaction(DEFAULT_REDACT).hides(name)


@pytest.mark.parametrize(
    ("redact", "hidden", "shown"),
    [
        (("iban",), ["iban", "IBAN", "customer_iban", "customerIban"], ["password", "ibans", "xiban"]),
        (("Card-Number",), ["cardNumber", "card_number", "CARDNUMBER", "credit_card_number"], ["number", "card"]),
        ((..., "iban"), ["iban", "password"], ["order"]),
        (("x-acme-*",), ["x-acme-key", "X-Acme-Anything"], ["y-x-acme-key", "x-acm"]),
        (("*pin*",), ["shipping", "pin"], ["order"]),
        ((re.compile(r"^id\d+$"),), ["id1", "id22"], ["id", "ID1"]),
        ((), [], ["password"]),
    ],
    ids=["word", "words", "defaults", "prefix", "inside", "expression", "none"],
)
def test_names_patterns_and_the_default_ones_by_option(redact: Any, hidden: list[str], shown: list[str]) -> None:
    redaction = Redaction(redact)
    assert [name for name in (*hidden, *shown) if redaction.hides(name)] == hidden


@pytest.mark.parametrize("redact", ["password", None, 5, (1,), (None,)], ids=repr)
def test_what_is_no_name_is_refused_with_an_example(redact: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"Logger\(redact=.*where \.\.\. stands for the default names"):
        Logger(redact=redact)


PAIRS: list[tuple[Any, str]] = [
    ([("Authorization", "Bearer x"), ("Host", "h")], '[["Authorization","[redacted]"],["Host","h"]]'),
    ([["x-auth-token", "x"]] * 2, '[["x-auth-token","[redacted]"],["x-auth-token","[redacted]"]]'),
    ([(b"cookie", b"x"), (b"host", b"h")], '[["cookie","[redacted]"],["host","h"]]'),
    ({"name": "password", "value": "x"}, '{"name":"password","value":"[redacted]"}'),
    ({"value": ["x"], "Key": "db_password"}, '{"value":"[redacted]","Key":"db_password"}'),
    ([{"Name": "/app/db/password", "Value": "x"}] * 12, ""),
    ({"name": "order", "value": "x"}, '{"name":"order","value":"x"}'),
    (["password", "x", "y"], '["password","x","y"]'),
    ({"pairs": {("token", "x"): 1}, "items": {"jwt": "x"}.items()}, ""),
]


@pytest.mark.parametrize(("value", "text"), PAIRS, ids=range(len(PAIRS)))
def test_pairs_of_a_name_and_a_value_are_hidden_by_the_name(value: Any, text: str) -> None:
    encoder = Encoder(DEFAULT_REDACT)
    found = encoder.value(value)
    assert found == text or (not text and "[redacted]" in found and '"Value":"x"' not in found)
    many = encoder.value([value, *range(20)])
    assert found in many


def test_the_memory_of_names_is_bounded() -> None:
    redaction = Redaction(DEFAULT_REDACT)
    for i in range(5_000):
        assert redaction.hides(f"token{i}") != redaction.hides(f"order{i}")
        redaction.hides("x" * 1_000 + str(i))
    assert len(redaction._known) <= 1_000
