"""Fields with a secret name are hidden wherever they come in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pydantic
import pytest

import lambda_kit.local
from lambda_kit import Logger, handler
from lambda_kit.testing import make_context

if TYPE_CHECKING:
    from collections.abc import Callable

    Logs = Callable[[], list[dict[str, Any]]]

SAMPLES = Path(lambda_kit.local.__file__).parent / "samples"
HIDDEN = "[redacted]"


@dataclass
class Login:
    user: str
    pass_word: str


class Model(pydantic.BaseModel):
    apiKey: str
    pin: pydantic.SecretStr
    inner: list[Login] = []


def test_a_secret_field_is_hidden_wherever_it_comes_in(writes: list[str]) -> None:
    log = Logger(password="hunter2", a={"token": "hunter2"}, log_event=True)

    @handler(log)
    def place(event: object, context: object) -> None:
        log.append(secret="hunter2")
        with log.bind(api_key="hunter2", b=[{"Set-Cookie": "hunter2"}]):
            log.info("x", client_secret="hunter2", c=({"deep": {"PASSWORD": "hunter2"}},))
            log.info({"password": "hunter2"}, message={"password": "hunter2"})
        log.child(authorization="hunter2").info("%s", "x", password={"all": "hunter2"})
        log.info("wrong %s %s", {"password": "hunter2"})  # noqa: PLE1206
        log.info("y", login=Login("u", "hunter2"), model=Model(apiKey="hunter2", pin=pydantic.SecretStr("hunter2")))

    place({"headers": {"Authorization": "hunter2", "x-api-key": "hunter2"}, "cookies": ["hunter2"]}, make_context())
    assert len(writes) == 6
    assert "hunter2" not in "".join(writes).replace('"pass_word":"hunter2"', "")
    assert '"login":{"user":"u","pass_word":"[redacted]"}' in writes[-1]


@pytest.mark.parametrize(
    ("sample", "hidden"),
    [
        ("api-gateway-proxy-v2", ["cookie1"]),
        ("appsync-resolver", ["authorization"]),
        ("api-gateway-authorizer-request", ["user1"]),
    ],
)
def test_the_credentials_in_the_events_of_aws_are_hidden(sample: str, hidden: list[str], logs: Logs) -> None:
    event = json.loads((SAMPLES / f"{sample}.json").read_text())
    handler(Logger(log_event=True))(lambda event, context: None)(event, make_context())
    (line,) = logs()
    shown = line["event"]
    assert {
        "api-gateway-proxy-v2": lambda: shown["cookies"],
        "appsync-resolver": lambda: shown["request"]["headers"]["authorization"],
        "api-gateway-authorizer-request": lambda: shown["authorizationToken"],
    }[sample]() == HIDDEN


def test_other_names_replace_the_default_ones_and_none_hide_nothing(logs: Logs) -> None:
    Logger(redact=("iban", "Card-Number")).info("x", IBAN="i", cardNumber="c", password="p")
    Logger(redact=()).info("x", password="p")
    first, second = logs()
    assert (first["IBAN"], first["cardNumber"], first["password"]) == (HIDDEN, HIDDEN, "p")
    assert second["password"] == "p"


def test_names_that_the_kit_itself_uses_in_exceptions_are_never_hidden(logs: Logs) -> None:
    try:
        raise ValueError("v")
    except ValueError:
        Logger(redact=("code", "message", "type", "file")).exception("x")
    exception = logs()[0]["exception"]
    assert (exception["type"], exception["message"]) == ("ValueError", "v")
    assert exception["frames"][0]["code"] == 'raise ValueError("v")'


def test_default_names_may_be_kept_beside_others(logs: Logs) -> None:
    Logger(redact=(..., "iban", "x-acme-*")).info("x", iban="i", headers={"X-Acme-Key": "k"}, db_password="p")
    (line,) = logs()
    assert (line["iban"], line["headers"], line["db_password"]) == (HIDDEN, {"X-Acme-Key": HIDDEN}, HIDDEN)


def test_raw_headers_are_hidden_by_their_names(logs: Logs) -> None:
    headers = [("Authorization", "Bearer hunter2"), ("Host", "example.com")]
    Logger().info("x", headers=headers, raw=[(b"cookie", b"hunter2")])
    (line,) = logs()
    assert line["headers"] == [["Authorization", HIDDEN], ["Host", "example.com"]]
    assert line["raw"] == [["cookie", HIDDEN]]
