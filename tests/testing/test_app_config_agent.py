"""The fake agent answers as AWS documents the real one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.aws._http import Pool, Response, TransportError
from lambda_kit.errors import ConfigurationError
from lambda_kit.testing import FakeAppConfigAgent, reset

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/applications/shop/environments/prod/configurations/features"


def banner(context: dict[str, str]) -> dict[str, Any]:
    return {"enabled": context.get("tier") == "premium", "_variant": context.get("tier", "default")}


@pytest.fixture
def agent() -> Iterator[FakeAppConfigAgent]:
    with FakeAppConfigAgent({"shop/prod/features": {"banner": banner, "plain": {"enabled": True}}}) as agent:
        yield agent
        reset()


def ask(agent: FakeAppConfigAgent, path: str = PATH, *context: str, method: str = "GET") -> Response:
    pool = Pool(f"http://127.0.0.1:{agent.port}", read_timeout=0.5)
    try:
        return pool.request(method, path, [("Context", one) for one in context])
    finally:
        pool.close()


def test_a_configuration_comes_with_its_version(agent: FakeAppConfigAgent) -> None:
    answer = ask(agent)
    assert answer.status == 200
    assert json.loads(answer.body) == {"banner": {"enabled": False, "_variant": "default"}, "plain": {"enabled": True}}
    assert answer.headers["configuration-version"] == "1"
    assert agent.put("shop/prod/features", b"\x00text") == 2
    answer = ask(agent)
    assert (answer.body, answer.headers["configuration-version"]) == (b"\x00text", "2")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert [request.configuration for request in agent.requests] == ["shop/prod/features"] * 2


def test_flags_are_chosen_by_name_one_without_and_several_with_their_names(agent: FakeAppConfigAgent) -> None:
    assert json.loads(ask(agent, f"{PATH}?flag=plain").body) == {"enabled": True}
    both = json.loads(ask(agent, f"{PATH}?flag=plain&flag=banner").body)
    assert both == {"banner": {"enabled": False, "_variant": "default"}, "plain": {"enabled": True}}
    assert ask(agent, f"{PATH}?flag=none").status == 404
    assert [request.flags for request in agent.requests] == [["plain"], ["plain", "banner"], ["none"]]
    agent.put("shop/prod/features", "text")
    assert ask(agent, f"{PATH}?flag=plain").status == 400


def test_variants_are_chosen_by_the_context_in_one_header_or_several(agent: FakeAppConfigAgent) -> None:
    for context in (("tier=premium", "email=a=b@c"), ("email=a=b@c, tier=premium",)):
        assert json.loads(ask(agent, PATH, *context).body)["banner"] == {"enabled": True, "_variant": "premium"}
        assert agent.requests[-1].context == {"tier": "premium", "email": "a=b@c"}
    for malformed in ("tier", "=x", "tier=", "a=b,c"):
        assert ask(agent, PATH, malformed).status == 400


def test_names_are_decoded_and_what_is_not_there_is_not_found(agent: FakeAppConfigAgent) -> None:
    agent.put("a b/prod/é", "x")
    assert ask(agent, "/applications/a%20b/environments/prod/configurations/%C3%A9").body == b"x"
    assert ask(agent, PATH.replace("prod", "dev")).status == 404
    assert ask(agent, "/ping").status == 404
    assert agent.requests[-1].configuration == "/ping"
    assert ask(agent, method="POST").status == 404
    assert agent.requests[-1].method == "POST"
    with pytest.raises(ConfigurationError, match="pass application/environment/profile"):
        agent.put("shop/prod", "x")


def test_it_can_fail_be_not_ready_crash_hang_and_be_gone(agent: FakeAppConfigAgent) -> None:
    agent.not_ready(1)
    assert [ask(agent).status for _ in range(2)] == [400, 200]
    agent.fail("shop/prod/features", 504, "too slow")
    answer = ask(agent)
    assert (answer.status, answer.body) == (504, b"too slow")
    agent.crash()
    assert ask(agent).status == 500
    agent.recover()
    assert ask(agent).status == 200
    agent.hang()
    with pytest.raises(TransportError):
        ask(agent)
    agent.stop()
    with pytest.raises(TransportError) as caught:
        ask(agent)
    assert not caught.value.sent


def test_the_environment_leads_to_it(agent: FakeAppConfigAgent) -> None:
    assert agent.environ == {"AWS_APPCONFIG_EXTENSION_HTTP_PORT": str(agent.port)}
