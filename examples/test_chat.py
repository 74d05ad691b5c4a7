"""The chat of `chat.py` under test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import chat
import pytest

from lambda_kit.http import TestClient

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def client() -> Iterator[TestClient]:
    with chat.members.override({}):
        yield TestClient(chat.lambda_handler)


def test_whoever_is_in_a_room_gets_each_message_of_it(client: TestClient) -> None:
    tea: dict[str, Any] = {"params": {"room": "tea"}}
    with client.websocket(**tea) as ada, client.websocket(**tea) as bob, client.websocket(params={"room": "a"}) as eve:
        assert ada.send({"action": "say", "text": "hello"}).json() == {"sent": 2}
        assert [json.loads(one) for one in ada.received + bob.received] == [{"from": ada.id, "text": "hello"}] * 2
        assert eve.received == []
    assert chat.members() == {}


def test_who_has_gone_without_a_word_is_forgotten(client: TestClient) -> None:
    with client.websocket(params={"room": "tea"}) as ada:
        chat.members()["gone="] = "tea"
        assert ada.send({"action": "say", "text": "hello"}).json() == {"sent": 1}
        assert list(chat.members()) == [ada.id]


def test_an_unknown_room_is_refused_and_an_empty_message_too(client: TestClient) -> None:
    with client.websocket(params={"room": "none"}) as socket:
        assert socket.connected is not None
        assert (socket.is_open, socket.connected.status) == (False, 403)
    with client.websocket(params={"room": "a"}) as socket:
        assert socket.send({"action": "say", "text": ""}).status == 422
        assert socket.send({"action": "shout"}).status == 404
