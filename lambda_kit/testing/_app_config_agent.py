"""A fake of AppConfig's agent, the Lambda extension: a server on this machine that tests can make fail."""

from __future__ import annotations

import json

from lambda_kit.errors import ConfigurationError
from lambda_kit.testing._fake_server import FakeServer, text_reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeAlias

    from lambda_kit.aws._local_server import LocalServer
    from lambda_kit.testing._fake_server import Headers, Reply

    # Bytes, text, or flags by name; a flag with variants is a function of the context.
    Content: TypeAlias = bytes | str | Mapping[str, Any | Callable[[dict[str, str]], Any]]


class AgentRequest:
    """A request to the agent.

    Attributes:
        method: the HTTP method: `"GET"`.
        configuration: the requested configuration, such as `"shop/prod/features"`; the path of any other request.
        flags: the names of the requested flags; empty if all were requested.
        context: the evaluation context, from the `Context` headers.
        headers: the other headers; their names in lower case.
    """

    __slots__ = ("configuration", "context", "flags", "headers", "method")

    def __init__(
        self, method: str, configuration: str, flags: list[str], context: dict[str, str], headers: dict[str, str]
    ) -> None:
        self.method = method
        self.configuration = configuration
        self.flags = flags
        self.context = context
        self.headers = headers

    def __repr__(self) -> str:
        return f"<AgentRequest {self.method} {self.configuration} {self.flags} {self.context}>"


class FakeAppConfigAgent(FakeServer):
    """AppConfig's agent on a free port of this machine: a real server, for tests.

    It answers as AWS documents
    (<https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-integration-OpenAPI.html>), and can be made to
    fail. Use it as a context manager.

    Args:
        configurations: the first version of each configuration, by `"application/environment/profile"`; see `put`.

    Attributes:
        requests: the requests, in the order of arrival.
        port: the port on 127.0.0.1.

    Example:
        ```python
        import os
        from unittest import mock

        from lambda_kit.flags import AppConfigAgent
        from lambda_kit.testing import FakeAppConfigAgent


        def banner(context):
            return {
                "enabled": context.get("tier") == "premium",
                "_variant": context.get("tier", "default"),
            }


        flags = FeatureFlags(AppConfigAgent("shop", "prod", "features"))
        with FakeAppConfigAgent({"shop/prod/features": {"banner": banner}}) as agent:
            with mock.patch.dict(os.environ, agent.environ):
                assert flags.enabled("banner", tier="premium")
                assert not flags.enabled("banner")
        assert agent.requests[1].context == {"tier": "premium"}
        ```
    """

    def __init__(self, configurations: Mapping[str, Content] | None = None) -> None:
        super().__init__()
        self.requests: list[AgentRequest] = []
        self._versions: dict[str, list[Content]] = {}
        self._failures: dict[str, tuple[int, str]] = {}
        for name, content in (configurations or {}).items():
            self.put(name, content)

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables with which a function finds the agent."""
        return {"AWS_APPCONFIG_EXTENSION_HTTP_PORT": str(self.port)}

    def _client(self) -> LocalServer:
        from lambda_kit.aws._app_config import AGENT

        return AGENT

    def put(self, configuration: str, content: Content) -> int:
        """Deploy a new version of a configuration, and return its number.

        Args:
            configuration: `"application/environment/profile"`.
            content: bytes or text, which are served unchanged; or flags by name. A flag with variants is a function
                that takes the context and returns the agent's answer: `enabled`, the attributes and `_variant`, the
                variant's name, which is `"default"` if it is left out.

        Raises:
            ConfigurationError: the name does not have three parts.
        """
        if len([part for part in configuration.split("/") if part]) != 3:
            raise ConfigurationError(f"put({configuration!r}): pass application/environment/profile")
        with self._lock:
            versions = self._versions.setdefault(configuration, [])
            versions.append(content)
            return len(versions)

    def fail(self, configuration: str, status: int, text: str = "") -> None:
        """Answer requests for this configuration with an error of the agent: 400, 404, 500, 502 or 504, and a text."""
        self._failures[configuration] = (status, text)

    def recover(self) -> None:
        """End all failures: answer normally again."""
        super().recover()
        self._failures.clear()

    # The server

    def _note(self, method: str, path: str, query: list[tuple[str, str]], headers: Headers) -> None:
        rest = {name: value for name, value in headers if name != "context"}
        flags = [value for name, value in query if name == "flag"]
        self.requests.append(AgentRequest(method, _configuration(path) or path, flags, _context(headers) or {}, rest))

    def _reply(self, method: str, path: str, query: list[tuple[str, str]], headers: Headers) -> Reply:
        name, context = _configuration(path), _context(headers)
        if name is None or method != "GET":
            return text_reply(404, b"not found")
        if context is None:
            return text_reply(400, b"the Context header is not of the form key=value")
        if name in self._failures:
            status, text = self._failures[name]
            return text_reply(status, text.encode())
        with self._lock:
            versions = self._versions.get(name, [])
        if not versions:
            return text_reply(404, b"there is no such configuration")
        version, content = ("configuration-version", str(len(versions))), versions[-1]
        flags = [value for key, value in query if key == "flag"]
        if isinstance(content, bytes | str):
            if flags:
                return text_reply(400, b"the configuration is not one of feature flags")
            body = content.encode() if isinstance(content, str) else content
            return 200, [("content-type", "application/octet-stream"), version], body
        evaluated: dict[str, Any] = {
            key: _variant(flag(context)) if callable(flag) else flag
            for key, flag in content.items()
            if not flags or key in flags
        }
        if missing := [flag for flag in flags if flag not in evaluated]:
            return text_reply(404, f"there is no flag {missing[0]}".encode())
        # A single flag is returned without its name. AWS documents no example of this; clients rely on it.
        reply = evaluated[flags[0]] if len(flags) == 1 else evaluated
        return 200, [("content-type", "application/json"), version], json.dumps(reply).encode()


def _variant(answer: Any) -> dict[str, Any]:
    """Return the agent's answer for a flag with variants, which always names the variant."""
    return {"_variant": "default", **answer}


def _configuration(path: str) -> str | None:
    from urllib.parse import unquote

    parts = path.strip("/").split("/")
    if len(parts) != 6 or parts[::2] != ["applications", "environments", "configurations"]:
        return None
    return "/".join(map(unquote, parts[1::2]))


def _context(headers: Headers) -> dict[str, str] | None:
    """Return the context from one or several `Context` headers; None if it is malformed."""
    pairs = [one.strip() for name, value in headers if name == "context" for one in value.split(",")]
    if not all(key and value for key, _, value in (pair.partition("=") for pair in pairs)):
        return None
    return dict(pair.split("=", 1) for pair in pairs)
