"""Passwords in the texts of other libraries' exceptions are hidden, and the rest of a text is kept."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit._kernel.messages import shown, shown_code

if TYPE_CHECKING:
    from collections.abc import Callable

# Texts as libraries write them, and what is left of them.
TEXTS = {
    "redis://:hidden@db:6379/0 refused": "redis://db:6379/0 refused",
    "redis://:my hidden@db:6379/0 refused": "redis://db:6379/0 refused",
    "to 'postgres://ada:hid den@db/shop', mail a@b.example": "to 'postgres://db/shop', mail a@b.example",
    "postgres://ada:1234 hidden@db:5432/shop": "postgres://db:5432/shop",
    "http://db:5432 as ada@example.org": "http://db:5432 as ada@example.org",
    "http://a:hidden@b and amqp://:hid den@c/0": "http://b and amqp://c/0",
    "cannot connect: host=db password=hidden dbname=shop": "cannot connect: host=db password=[redacted] dbname=shop",
    "password = 'hid\\'den' port=1": "password = '[redacted]' port=1",
    "Driver={x};Pwd={hidden;hid den};Server=y": "Driver={x};Pwd=[redacted];Server=y",
    "Config(host='db', password='hidden', n=1)": "Config(host='db', password='[redacted]', n=1)",
    "Config(password=hidden)": "Config(password=[redacted])",
    "GET https://h/x?access_token=hidden&page=2 failed": "GET https://h/x?access_token=[redacted]&page=2 failed",
    '{"password": "hidden", "user": "ada"}': '{"password": "[redacted]", "user": "ada"}',
    '{\\"token\\":\\"hidden\\"}': '{\\"token\\":\\"[redacted]\\"}',
    "input_value={'password': 'hidden'}, type": "input_value={'password': '[redacted]'}, type",
    'error=\'{"secret": "hidden"}\'': 'error=\'{"secret": "[redacted]"}\'',
    "[('X-Api-Key', 'hidden'), ('Accept', '*/*')]": "[('X-Api-Key', '[redacted]'), ('Accept', '*/*')]",
    "Command '['psql', '--password', 'hidden']' failed": "Command '['psql', '--password', '[redacted]']' failed",
    "Authorization: Bearer hidden\nAccept: */*": "Authorization: [redacted]\nAccept: */*",
    "PGPASSWORD=hidden psql": "PGPASSWORD=[redacted] psql",
    "token='hidden": "token='[redacted]'",
}
UNCHANGED = [
    "",
    "division by zero",
    "password: must have 8 characters",
    "unexpected token: '}'",
    "KeyError: 'password'",
    "password=None, secret=''",
    "expected token == other",
    "token_count=17, key=order-7",
    "mail a@b.example about https://h/x",
]


@pytest.mark.parametrize(("text", "left"), [*TEXTS.items(), *((one, one) for one in UNCHANGED)])
def test_passwords_in_a_text_are_hidden_and_the_rest_is_kept(text: str, left: str) -> None:
    assert shown(text) == left
    assert shown(left) == left


secrets = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="\"'\\&;"), min_size=9).map(
    lambda text: f"S{text}E"
)


@given(secrets, st.sampled_from(["password", "DB_PASSWORD", "x-api-key", "accessToken", "pwd"]), st.text(max_size=20))
def test_no_form_of_a_pair_shows_the_secret_in_it(secret: str, name: str, around: str) -> None:
    value = {name: secret}
    around = around.replace("=", "").replace("'", "").replace('"', "")
    forms = [json.dumps(value), json.dumps(json.dumps(value)), repr(value), repr((name, secret)), f"{name}={secret!r}"]
    forms += [f"{name}={secret}", f"https://h/?a=b&{name}={secret}&c=d", json.dumps(value, ensure_ascii=False)]
    for form in forms:
        told = shown(f"{around} {form} {around}")
        assert secret not in told
        assert json.dumps(secret)[1:-1] not in told


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("connect(password=settings.password)", "connect(password=settings.password)"),
        ('connect("postgres://ada:hidden@db", password="hidden")', 'connect("postgres://db", password="[redacted]")'),
        ("TOKEN = 'hidden'", "TOKEN = '[redacted]'"),
        ('headers = {"Authorization": token}', 'headers = {"Authorization": token}'),
        ('connect("https://u:hunter2@db?password=hunter2")', 'connect("https://db?password=[redacted]")'),
        ("connect('db?a=1&token=hunter2&b=2', token=token)", "connect('db?a=1&token=[redacted]&b=2', token=token)"),
        (
            r"log('it\'s \\', password=it, x='password=hunter2')",
            r"log('it\'s \\', password=it, x='password=[redacted]')",
        ),
        ("x = y  # it's password=z", "x = y  # it's password=[redacted]"),
    ],
)
def test_of_source_code_only_literals_are_hidden(line: str, left: str) -> None:
    assert shown_code(line) == left


@pytest.mark.parametrize(
    "part", ["a=", "a='", "'a':", 'a="', "a-b: c", "a={", "a://b@", "a://:b ", "\\", "\\'a", "x", "'&token=b"]
)
@pytest.mark.parametrize("look", [shown, shown_code])
def test_a_text_made_to_be_slow_is_looked_through_in_linear_time(part: str, look: Callable[[str], str]) -> None:
    def taken(count: int) -> float:
        started = time.process_time()
        look(part * (count // len(part)) + "@")
        return time.process_time() - started

    assert min(taken(240_000) for _ in range(2)) < 64 * max(min(taken(30_000) for _ in range(2)), 1e-3)


def test_a_text_of_any_length_is_cut_where_no_password_is_torn() -> None:
    told = shown("x " * 127_990 + "redis://:hidden" + "y" * 100 + "@db")
    assert "hidden" not in told
    assert told.endswith("more characters]")
