"""SSM, Secrets Manager and AppConfig as servers on this machine that tests can disturb; the extension and the agent."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from lambda_kit.init_cache import init
from lambda_kit.parameters import _entries as entries
from lambda_kit.testing import FakeAppConfigAgent, FakeClock, FakeExtension

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Reply = tuple[int, dict[str, str], bytes]


class Store:
    """What the services keep, and what was asked of them."""

    def __init__(self) -> None:
        self.parameters: dict[str, list[str]] = {}
        self.labels: dict[tuple[str, str], int] = {}
        self.secrets: dict[str, dict[str, str | bytes]] = {}
        self.stages: dict[tuple[str, str], str] = {}
        self.rotations: dict[str, float] = {}
        self.configurations: dict[str, bytes] = {}
        self.content_type = "application/json"
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.refusals: dict[str, tuple[int, str, str]] = {}  # by operation: status, code, message
        self.before: dict[str, Callable[[], object]] = {}
        self.tokens: dict[str, tuple[str, bytes | None]] = {}

    def put(self, name: str, value: str) -> None:
        self.parameters.setdefault(name, []).append(value)

    def put_secret(self, name: str, value: str | bytes) -> str:
        versions = self.secrets.setdefault(name, {})
        version = f"{len(versions) + 1:032}"
        versions[version] = value
        if (name, "AWSCURRENT") in self.stages:
            self.stages[name, "AWSPREVIOUS"] = self.stages[name, "AWSCURRENT"]
        self.stages[name, "AWSCURRENT"] = version
        return version

    def counts(self) -> dict[str, int]:
        return dict(Counter(operation for operation, _ in self.calls))

    def answer(self, operation: str, params: dict[str, Any]) -> Any:
        self.calls.append((operation, params))
        if operation in self.before:
            self.before[operation]()
        if operation in self.refusals:
            raise Refusal(*self.refusals[operation])
        return getattr(self, operation)(params)

    def parameter(self, selector: str) -> dict[str, Any] | None:
        name, _, chosen = selector.partition(":")
        values = self.parameters.get(name, [])
        version = int(chosen) if chosen.isdigit() else self.labels.get((name, chosen), len(values))
        if not 0 < version <= len(values) or (chosen and not chosen.isdigit() and (name, chosen) not in self.labels):
            return None
        found = {"Name": name, "Type": "String", "Value": values[version - 1], "Version": version}
        return {**found, "Selector": f":{chosen}"} if chosen else found

    def GetParameter(self, params: dict[str, Any]) -> dict[str, Any]:
        found = self.parameter(params["Name"])
        if found is None:
            raise Refusal(400, "ParameterNotFound", "")
        return {"Parameter": found}

    def GetParameters(self, params: dict[str, Any]) -> dict[str, Any]:
        assert 0 < len(params["Names"]) <= 10
        assert len(set(params["Names"])) == len(params["Names"])
        found = {name: self.parameter(name) for name in params["Names"]}
        return {
            "Parameters": [one for one in found.values() if one],
            "InvalidParameters": [name for name, one in found.items() if not one],
        }

    def GetParametersByPath(self, params: dict[str, Any]) -> dict[str, Any]:
        path = params["Path"].rstrip("/") + "/"
        names = sorted(name for name in self.parameters if name.startswith(path))
        if not params["Recursive"]:
            names = [name for name in names if "/" not in name.removeprefix(path)]
        start = int(params.get("NextToken", 0))
        end = start + params["MaxResults"]
        reply: dict[str, Any] = {"Parameters": [self.parameter(name) for name in names[start:end]]}
        return {**reply, "NextToken": str(end)} if end < len(names) else reply

    def PutParameter(self, params: dict[str, Any]) -> dict[str, Any]:
        if params["Name"] in self.parameters and not params["Overwrite"]:
            raise Refusal(400, "ParameterAlreadyExists", "The parameter already exists.")
        self.put(params["Name"], params["Value"])
        return {"Version": len(self.parameters[params["Name"]])}

    def GetSecretValue(self, params: dict[str, Any]) -> dict[str, Any]:
        name = params["SecretId"]
        version = params.get("VersionId") or self.stages.get((name, params.get("VersionStage", "AWSCURRENT")))
        value = self.secrets.get(name, {}).get(version or "")
        if value is None:
            raise Refusal(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        found: dict[str, Any] = {"Name": name, "VersionId": version}
        if isinstance(value, bytes):
            return {**found, "SecretBinary": base64.b64encode(value).decode()}
        return {**found, "SecretString": value}

    def DescribeSecret(self, params: dict[str, Any]) -> dict[str, Any]:
        name = params["SecretId"]
        return {"Name": name, "NextRotationDate": self.rotations[name]} if name in self.rotations else {"Name": name}

    def session(self, params: dict[str, Any]) -> str:
        parts = ("ApplicationIdentifier", "EnvironmentIdentifier", "ConfigurationProfileIdentifier")
        profile = "/".join(params[part] for part in parts)
        if profile not in self.configurations:
            raise Refusal(404, "ResourceNotFoundException", "no such configuration")
        return self.token(profile, None)

    def token(self, profile: str, seen: bytes | None) -> str:
        token = f"token-{len(self.calls)}"
        self.tokens[token] = (profile, seen)
        return token

    def configuration(self, token: str) -> tuple[str, bytes]:
        if token not in self.tokens:
            raise Refusal(400, "BadRequestException", "Request token has expired or is not valid")
        profile, seen = self.tokens.pop(token)
        now = self.configurations[profile]
        return self.token(profile, now), b"" if now == seen else now


class Refusal(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


class Server:
    """A server that answers with what a function of the request returns; None closes the connection without a word."""

    def __init__(self, answer: Callable[[str, str, dict[str, str], bytes], Reply | None]) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                reply = answer(self.command, self.path, headers, body)
                if reply is None:
                    self.close_connection = True
                    return
                status, more, content = reply
                self.send_response(status)
                for name, value in {**more, "content-length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        connections = self._connections = list[socket.socket]()

        class Listener(ThreadingHTTPServer):
            daemon_threads = True

            def process_request(self, request: Any, client_address: Any) -> None:
                connections.append(request)
                super().process_request(request, client_address)

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Keep silent about a connection that a test has broken."""

        self._server = Listener(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self._open = True

    def close(self) -> None:
        if self._open:
            self._open = False
            self._server.shutdown()
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._server.server_close()
            self._thread.join()


def _as_json(value: Any, status: int = 200, **headers: str) -> Reply:
    return status, {"content-type": "application/x-amz-json-1.1", **headers}, json.dumps(value).encode()


class Services:
    """The services of AWS behind one endpoint."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.server = Server(self._answer)

    def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply | None:
        target = headers.get("x-amz-target", "").rpartition(".")[2]
        store = self._store
        try:
            if target:
                return _as_json(store.answer(target, json.loads(body)))
            url = urlsplit(path)
            if url.path == "/configurationsessions":
                store.calls.append(("StartConfigurationSession", json.loads(body)))
                if "StartConfigurationSession" in store.refusals:
                    raise Refusal(*store.refusals["StartConfigurationSession"])
                return _as_json({"InitialConfigurationToken": store.session(json.loads(body))}, 201)
            (token,) = parse_qs(url.query)["configuration_token"]
            store.calls.append(("GetLatestConfiguration", {"token": token}))
            if "GetLatestConfiguration" in store.refusals:
                raise Refusal(*store.refusals["GetLatestConfiguration"])
            following, content = store.configuration(token)
            told = {"next-poll-configuration-token": following, "next-poll-interval-in-seconds": "60"}
            return 200, {**told, "content-type": store.content_type, "version-label": "v1"}, content
        except Refusal as refusal:
            said = {"__type": refusal.code, "message": refusal.message}
            return _as_json(said, refusal.status, **{"x-amzn-errortype": refusal.code, "x-amzn-requestid": "r-1"})


@pytest.fixture(autouse=True)
def _forget_handles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Handles live as long as the process; those of one test are none of the next."""
    monkeypatch.setattr(entries, "_by_module", {})
    known = dict(entries._nodes)
    yield
    for key in set(entries._nodes) - set(known) - set(entries._undeclared):
        entries._drop(key)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The clock of what is cached from now on."""
    clock = FakeClock(time.time())
    monkeypatch.setattr(init, "_clock", clock)
    return clock


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """What SSM, Secrets Manager and AppConfig keep, on an endpoint that the environment names."""
    store = Store()
    services = Services(store)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{services.server.port}")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session-token")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    yield store
    services.server.close()


@pytest.fixture
def lambda_environment(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable by which a function knows that it runs on Lambda; neither the extension nor the agent is there."""
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    for variable in ("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "AWS_APPCONFIG_EXTENSION_HTTP_PORT"):
        monkeypatch.setenv(variable, "9")


@pytest.fixture
def extension(lambda_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeExtension]:
    """The Parameters and Secrets extension beside a function on Lambda.

    It has values of its own: one that differs from that of the store is what its cache holds.
    """
    with FakeExtension(token="session-token") as extension:
        monkeypatch.setenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", str(extension.port))
        yield extension


@pytest.fixture
def agent(lambda_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAppConfigAgent]:
    """AppConfig's agent beside a function on Lambda."""
    with FakeAppConfigAgent() as agent:
        monkeypatch.setenv("AWS_APPCONFIG_EXTENSION_HTTP_PORT", str(agent.port))
        yield agent


@pytest.fixture
def strange_extension(
    lambda_environment: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Callable[[str], tuple[int, bytes]]], list[str]]]:
    """Start a server in place of the extension, with a function that answers paths; returns the requests it got."""
    servers: list[Server] = []

    def serve(reply: Callable[[str], tuple[int, bytes]]) -> list[str]:
        requests: list[str] = []

        def answer(method: str, path: str, headers: dict[str, str], _: bytes) -> Reply:
            requests.append(path)
            status, body = reply(path)
            return status, {}, body

        servers.append(Server(answer))
        monkeypatch.setenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", str(servers[-1].port))
        return requests

    yield serve
    for server in servers:
        server.close()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """The environment as the source, and a function that sets a variable."""
    monkeypatch.setenv("LAMBDA_KIT_PARAMETERS_SOURCE", "environment")
    return monkeypatch.setenv
