"""Target: what the agent of AppConfig replies, for a whole configuration and for flags with variants."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from fuzz.kinds import NESTED, Reader, Target
from lambda_kit import FeatureFlags, init
from lambda_kit.aws import _app_config
from lambda_kit.aws._http import Response
from lambda_kit.errors import FlagError, FlagSchemaError, FlagsUnavailable
from lambda_kit.flags import AppConfigAgent

_STATUSES = (200, 404, 400, 500)
_MISSING = object()
_flags = FeatureFlags(AppConfigAgent("shop", "prod", "features"))


class _Agent:
    """In the place of the agent: one reply for the configuration, and another for each flag."""

    title = "the AppConfig agent"

    def __init__(self, whole: Response, one: Response) -> None:
        self._whole = whole
        self._one = one

    def ask(self, target: str, headers: list[tuple[str, str]], *, alone: bool) -> Response:
        assert not alone
        assert target.isascii()
        assert target.isprintable()
        for name, value in headers:
            assert name == "Context"
            assert value.isascii()
            assert value.isprintable(), value
            assert value.count("=") == 1
            assert "," not in value
        return self._one if "?flag=" in target else self._whole


def _agent(data: bytes) -> None:
    """Fetch flags, and decide each for a context; what the agent says of a variant breaks none of them."""
    reader = Reader(data)
    of_whole, of_one = reader.one_of(_STATUSES), reader.one_of(_STATUSES)
    headers = {"configuration-version": reader.text(), "content-type": reader.text()}
    context: dict[str, Any] = {reader.text(): reader.text(), "level": reader.byte(), "tier": "premium"}
    one, whole = reader.field(), reader.rest
    agent: Any = _Agent(Response(of_whole, headers, whole), Response(of_one, {}, one))
    here: Any = _app_config
    kept, here.AGENT = here.AGENT, agent
    init.reset()
    try:
        found = _flags.all()
        for name in found:
            value = _flags.evaluate(name, context)
            json.dumps(value)
            assert str(_flags.explain(name, context))
            try:
                assert type(_flags.enabled(name, context)) is bool
            except FlagError:
                continue  # its value is no boolean
        assert _flags.evaluate("no such flag", context, default=_MISSING) is _MISSING or "no such flag" in found
    except FlagSchemaError as error:
        assert len(error.problems) <= 51
    except FlagsUnavailable as error:
        assert of_whole != 200
        assert len(str(error)) < 2_000
        assert _flags.enabled("early", context, default=True)
    finally:
        here.AGENT = kept


def _agent_seeds() -> list[bytes]:
    plain = {"early": {"enabled": True}, "banner": {"enabled": False, "colour": "red", "_variant": "none"}}
    rules: dict[str, Any] = {"early": {"default": False, "rules": {}}, "list": {"default": [1], "boolean_type": False}}
    variant = {"enabled": True, "colour": "blue", "_variant": "premium"}
    ones: list[Any] = [
        variant,
        {"banner": variant},
        {"banner": True},
        {"enabled": 1},
        [],
        {"_variant": 5, "enabled": True},
        None,
    ]
    heads = [
        SimpleNamespace(whole=0, one=0, text=b"7\0application/json\0user\0ada@example.com\0"),
        SimpleNamespace(whole=0, one=1, text=b"\xff\0text/plain\0a key\0a,b=c\r\n\0"),
        SimpleNamespace(whole=1, one=0, text=b"\0\0\0 \0"),
        SimpleNamespace(whole=2, one=3, text=b"v\0\0tenant\0\xc2\xb2\0"),
    ]
    bodies = [json.dumps(one).encode() for one in (plain, rules)]
    seeds: list[bytes] = []
    for head in heads:
        start = bytes((head.whole, head.one)) + head.text + b"\5"
        seeds += [start + json.dumps(one).encode() + b"\0" + body for one in ones for body in bodies]
    start = b"\0\0\0\0user\0ada\0\1"
    return [*seeds, start + NESTED + b"\0" + bodies[0], start + b"{}\0" + NESTED, start + b"\xff\0" + bodies[0]]


TARGETS = [Target("agent", _agent, _agent_seeds)]
