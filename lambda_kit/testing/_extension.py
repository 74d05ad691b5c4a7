"""The AWS Parameters and Secrets Lambda extension, as a server on this machine that tests can disturb."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time

from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from socket import socket
    from socketserver import ThreadingTCPServer
    from types import TracebackType
    from typing import Any, Self

    Reply = tuple[int, str, bytes]

_NOT_READY = b"not ready to serve traffic, please wait"
_CIPHER = "AQICAHfake"
_KINDS = ("String", "SecureString", "StringList")
_PATHS = {"/systemsmanager/parameters/get": "name", "/secretsmanager/get": "secretId"}


class ExtensionRequest:
    """A request as it came.

    Attributes:
        method: the method: `"GET"`.
        path: the path, without the query.
        query: its parameters, decoded.
        headers: the headers, their names in lower case.
    """

    __slots__ = ("headers", "method", "path", "query")

    def __init__(self, method: str, path: str, query: dict[str, str], headers: dict[str, str]) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers

    def __repr__(self) -> str:
        return f"<ExtensionRequest {self.method} {self.path} {self.query}>"


class _Refused(Exception):
    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


class FakeExtension:
    """The Parameters and Secrets extension on a free port of this machine: a real server, for tests.

    It answers as AWS documents the extension
    (<https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-integration-lambda-extensions.html>), without a
    cache of its own, and can be told to fail as the extension does. Use it as a context manager.

    Args:
        parameters: values of parameters by their names, for a start.
        secrets: values of secrets by their names: text, or bytes for a binary secret.
        token: the session token that requests have to carry.

    Attributes:
        requests: what was asked, in the order in which it came.
        port: where it listens, on 127.0.0.1.

    Example:
        ```python
        import os
        from unittest import mock

        from lambda_kit import handler, parameters
        from lambda_kit.testing import FakeExtension, invoke


        @handler
        def show(event, context):
            return parameters.get("/example/host", source="extension")


        with FakeExtension(parameters={"/example/host": "db"}) as extension:
            extension.not_ready(2)
            with mock.patch.dict(os.environ, extension.environ):
                assert invoke(show).value == "db"
        assert len(extension.requests) == 3
        ```
    """

    def __init__(
        self,
        *,
        parameters: Mapping[str, str] | None = None,
        secrets: Mapping[str, str | bytes] | None = None,
        token: str = "fake-session-token",  # noqa: S107  # of no account
    ) -> None:
        self.requests: list[ExtensionRequest] = []
        self.port = 0
        self._token = token
        self._parameters: dict[str, list[dict[str, Any]]] = {}
        self._labels: dict[tuple[str, str], int] = {}
        self._secrets: dict[str, dict[str, dict[str, Any]]] = {}
        self._stages: dict[tuple[str, str], str] = {}
        self._arns: dict[str, str] = {}
        self._failures: dict[str, tuple[str, str, int]] = {}
        self._not_ready = 0
        self._disturb: str | float | None = None
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._server: ThreadingTCPServer | None = None
        self._thread: threading.Thread | None = None
        self._connections: list[tuple[socket, threading.Thread]] = []
        for name, value in (parameters or {}).items():
            self.put(name, value)
        for name, secret in (secrets or {}).items():
            self.put_secret(name, secret)

    # What it serves

    @property
    def environ(self) -> dict[str, str]:
        """The variables by which a function finds it."""
        return {"PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": str(self.port), "AWS_SESSION_TOKEN": self._token} | {
            "AWS_ACCESS_KEY_ID": "AKIDFAKE",
            "AWS_SECRET_ACCESS_KEY": "fake",
        }

    def put(self, name: str, value: str, *, type: str = "String", labels: Iterable[str] = ()) -> int:  # noqa: A002
        """Add a version of a parameter, and return its number.

        Args:
            name: the name.
            value: the value.
            type: `"String"`, `"StringList"`, or `"SecureString"`, whose value only comes out decrypted if it is asked
                for.
            labels: labels, which move to this version.

        Raises:
            ConfigurationError: the type does not exist.
        """
        if type not in _KINDS:
            raise ConfigurationError(f"put({name!r}, type={type!r}): pass one of {', '.join(_KINDS)}")
        arn = f"arn:aws:ssm:us-east-1:123456789012:parameter/{name.lstrip('/')}"
        with self._lock:
            self._arns[arn] = name
            versions = self._parameters.setdefault(name, [])
            versions.append(
                {
                    "Name": name,
                    "Type": type,
                    "Value": value,
                    "Version": len(versions) + 1,
                    "LastModifiedDate": time.time(),
                    "ARN": arn,
                    "DataType": "text",
                }
            )
            for label in labels:
                self._labels[name, label] = len(versions)
            return len(versions)

    def put_secret(self, name: str, value: str | bytes) -> str:
        """Add a version of a secret, which becomes `AWSCURRENT`, and return its id."""
        arn = f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-AbCdEf"
        with self._lock:
            self._arns[arn] = name
            versions = self._secrets.setdefault(name, {})
            version = f"00000000-0000-4000-8000-{len(versions) + 1:012}"
            stages = self._stages
            if (name, "AWSCURRENT") in stages:
                stages[name, "AWSPREVIOUS"] = stages[name, "AWSCURRENT"]
            stages[name, "AWSCURRENT"] = version
            secret: dict[str, Any] = {
                "ARN": arn,
                "Name": name,
                "VersionId": version,
                "CreatedDate": time.time(),
            }
            if isinstance(value, bytes):
                import binascii

                secret["SecretBinary"] = binascii.b2a_base64(value, newline=False).decode()
            else:
                secret["SecretString"] = value
            versions[version] = secret
            return version

    # How it fails

    def not_ready(self, count: int) -> None:
        """Answer the next `count` requests as the extension does before it is ready: 400, and a text that says so."""
        self._not_ready = count

    def fail(self, name: str, code: str, message: str = "", *, status: int = 400) -> None:
        """Answer for this name as the service behind the extension refuses: with JSON of a code and a message."""
        self._failures[name] = (code, message, status)

    def slow(self, seconds: float) -> None:
        """Wait so long before each answer, from now on."""
        self._disturb = float(seconds)

    def hang(self) -> None:
        """Never answer, from now on."""
        self._disturb = "hang"

    def break_off(self) -> None:
        """Close the connection in the middle of each answer, from now on."""
        self._disturb = "break"

    def crash(self) -> None:
        """Answer every request with status 500, from now on."""
        self._disturb = "crash"

    def recover(self) -> None:
        """Answer as it should again, and forget all that was to fail."""
        self._disturb = None
        self._not_ready = 0
        self._failures.clear()

    # The server

    def __enter__(self) -> Self:
        from http.server import BaseHTTPRequestHandler
        from socketserver import ThreadingTCPServer

        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def reply(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                reply = fake._answer(self.command, self.path, headers)
                if reply is None:
                    self.close_connection = True
                    return
                status, kind, body = reply
                breaks = fake._disturb == "break"
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if breaks else body)
                if breaks or self.command != "GET":  # the body of another request is not read
                    self.close_connection = True

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = reply  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        class Server(ThreadingTCPServer):
            allow_reuse_address = True
            request_queue_size = 128

            def process_request(self, request: Any, client_address: Any) -> None:
                """Serve a connection on a thread that `stop` can wait for."""
                thread = threading.Thread(
                    target=self.process_request_thread, args=(request, client_address), daemon=True
                )
                fake._connections.append((request, thread))
                thread.start()

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Say nothing of a client that has gone away, as one does whose time is up."""
                if not isinstance(sys.exception(), ConnectionError):
                    super().handle_error(request, client_address)

        self._stopped.clear()
        server = self._server = Server(("127.0.0.1", 0), Handler)
        self.port = server.server_address[1]
        self._thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop serving: connections are closed, and from now on refused, as where there is no extension."""
        from socket import SHUT_RDWR

        if self._server is None or self._thread is None:
            return
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._server = None
        for connection, thread in self._connections:
            with contextlib.suppress(OSError):  # it is closed already
                connection.shutdown(SHUT_RDWR)
            thread.join()
        self._connections.clear()

    def _answer(self, method: str, target: str, headers: dict[str, str]) -> Reply | None:
        from urllib.parse import parse_qsl, urlsplit

        url = urlsplit(target)
        path = url.path.rstrip("/")
        query: dict[str, str] = {}
        for name, value in parse_qsl(url.query):
            query.setdefault(name, value)
        with self._lock:
            self.requests.append(ExtensionRequest(method, path, query, headers))
            if self._not_ready > 0:
                self._not_ready -= 1
                return 400, "text/plain", _NOT_READY
        disturb = self._disturb
        if disturb == "hang":
            self._stopped.wait()
        elif isinstance(disturb, float):
            self._stopped.wait(disturb)
        if self._stopped.is_set():
            return None
        if disturb == "crash":
            return 500, "text/plain", b"internal error"
        return self._served(method, path, query, headers)

    def _served(self, method: str, path: str, query: dict[str, str], headers: dict[str, str]) -> Reply:
        # AWS documents neither these answers nor that without the token; only that the token is needed.
        if path not in _PATHS:
            return 404, "text/plain", b"not found"
        if method != "GET":
            return 405, "text/plain", b"method not allowed"
        if headers.get("x-aws-parameters-secrets-token") != self._token:
            return 401, "text/plain", b"not authorized to make this call"
        name = query.get(_PATHS[path])
        if not name:
            return 400, "text/plain", f"{_PATHS[path]} is required".encode()
        try:
            with self._lock:
                found = self._found(_PATHS[path], self._arns.get(name, name), query)
        except _Refused as refused:
            said = {"code": refused.code, "message": refused.message}
            return refused.status, "application/json", json.dumps(said).encode()
        return 200, "application/json", json.dumps(found).encode()

    def _found(self, what: str, name: str, query: dict[str, str]) -> dict[str, Any]:
        if name in self._failures:
            raise _Refused(*self._failures[name])
        return self._parameter(name, query) if what == "name" else self._secret(name, query)

    def _parameter(self, name: str, query: dict[str, str]) -> dict[str, Any]:
        versions = self._parameters.get(name, [])
        number = len(versions)
        # "If you specify both, the first one after the question mark wins."
        selector = next((one for one in query if one in ("version", "label")), None)
        if selector == "version":
            text = query["version"]
            number = int(text) if text.isdecimal() and len(text) < 19 else 0
        elif selector == "label":
            number = self._labels.get((name, query["label"]), 0)
        if not versions:
            raise _Refused("ParameterNotFound", "")
        if not 0 < number <= len(versions):
            raise _Refused("ParameterVersionNotFound", "")
        found = dict(versions[number - 1])
        if found["Type"] == "SecureString" and query.get("withDecryption", "").lower() != "true":
            found["Value"] = _CIPHER
        if selector is not None:
            found["Selector"] = f":{query[selector]}"
        return {"Parameter": found, "ResultMetadata": {}}

    def _secret(self, name: str, query: dict[str, str]) -> dict[str, Any]:
        stage = query.get("versionStage", "AWSCURRENT")
        version = query.get("versionId") or self._stages.get((name, stage), "")
        found = self._secrets.get(name, {}).get(version)
        if found is None:
            raise _Refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        stages = [one for (owner, one), held in self._stages.items() if owner == name and held == version]
        if "versionStage" in query and stage not in stages:
            # That both must mean the same version is documented, the code is not.
            raise _Refused("InvalidRequestException", "The version does not have this staging label.")
        return {**found, "VersionStages": stages, "ResultMetadata": {}}
