"""A fake of the AWS Parameters and Secrets Lambda extension: a server on this machine that tests can make fail."""

from __future__ import annotations

import json
import time

from lambda_kit.errors import ConfigurationError
from lambda_kit.testing._fake_server import FakeServer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from lambda_kit.aws._local_server import LocalServer
    from lambda_kit.testing._fake_server import Headers, Reply

_CIPHER = "AQICAHfake"
_KINDS = ("String", "SecureString", "StringList")
_PATHS = {"/systemsmanager/parameters/get": "name", "/secretsmanager/get": "secretId"}


class ExtensionRequest:
    """A request to the extension.

    Attributes:
        method: the HTTP method: `"GET"`.
        path: the path, without the query.
        query: the decoded query parameters.
        headers: the headers; their names in lower case.
    """

    __slots__ = ("headers", "method", "path", "query")

    def __init__(self, method: str, path: str, query: dict[str, str], headers: dict[str, str]) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers

    def __repr__(self) -> str:
        return f"<ExtensionRequest {self.method} {self.path} {self.query}>"


class _Refusal(Exception):
    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


class FakeExtension(FakeServer):
    """The Parameters and Secrets extension on a free port of this machine: a real server, for tests.

    It answers as AWS documents
    (<https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-integration-lambda-extensions.html>), without a
    cache, and can be made to fail as the extension does. Use it as a context manager.

    Args:
        parameters: the first values of parameters, by name.
        secrets: the first values of secrets, by name: text, or bytes for a binary secret.
        token: the session token that each request must carry.

    Attributes:
        requests: the requests, in the order of arrival.
        port: the port on 127.0.0.1.

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
        token: str = "fake-session-token",  # noqa: S107  # of no real account
    ) -> None:
        super().__init__()
        self.requests: list[ExtensionRequest] = []
        self._token = token
        self._parameters: dict[str, list[dict[str, Any]]] = {}
        self._labels: dict[tuple[str, str], int] = {}
        self._secrets: dict[str, dict[str, dict[str, Any]]] = {}
        self._stages: dict[tuple[str, str], str] = {}
        self._arns: dict[str, str] = {}
        self._failures: dict[str, tuple[str, str, int]] = {}
        for name, value in (parameters or {}).items():
            self.put(name, value)
        for name, secret in (secrets or {}).items():
            self.put_secret(name, secret)

    # Parameters and secrets

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables with which a function finds the extension, and credentials."""
        return {"PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": str(self.port), "AWS_SESSION_TOKEN": self._token} | {
            "AWS_ACCESS_KEY_ID": "AKIDFAKE",
            "AWS_SECRET_ACCESS_KEY": "fake",
        }

    def _client(self) -> LocalServer:
        from lambda_kit.parameters._extension import SERVER

        return SERVER

    def put(self, name: str, value: str, *, type: str = "String", labels: Iterable[str] = ()) -> int:  # noqa: A002
        """Add a new version of a parameter, and return its number.

        Args:
            name: the name.
            value: the value.
            type: `"String"`, `"StringList"`, or `"SecureString"`, which is decrypted only on request.
            labels: labels to move to this version; default: none.

        Raises:
            ConfigurationError: there is no such type.
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
        """Add a new version of a secret, move `AWSCURRENT` to it, and return its version id."""
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

    # Failures

    def fail(self, name: str, code: str, message: str = "", *, status: int = 400) -> None:
        """Answer requests for this name with an error of SSM or Secrets Manager: JSON with a code and a message."""
        self._failures[name] = (code, message, status)

    def recover(self) -> None:
        """End all failures: answer normally again."""
        super().recover()
        self._failures.clear()

    # The server

    def _note(self, method: str, path: str, query: list[tuple[str, str]], headers: Headers) -> None:
        self.requests.append(ExtensionRequest(method, path.rstrip("/"), _first_values(query), dict(headers)))

    def _reply(self, method: str, path: str, query: list[tuple[str, str]], headers: Headers) -> Reply:
        status, kind, body = self._served(method, path.rstrip("/"), _first_values(query), dict(headers))
        return status, [("content-type", kind)], body

    def _served(self, method: str, path: str, query: dict[str, str], headers: dict[str, str]) -> tuple[int, str, bytes]:
        # AWS documents that the token is required, but neither the answer without it nor these other errors.
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
        except _Refusal as refusal:
            body = {"code": refusal.code, "message": refusal.message}
            return refusal.status, "application/json", json.dumps(body).encode()
        return 200, "application/json", json.dumps(found).encode()

    def _found(self, kind: str, name: str, query: dict[str, str]) -> dict[str, Any]:
        if name in self._failures:
            raise _Refusal(*self._failures[name])
        return self._parameter(name, query) if kind == "name" else self._secret(name, query)

    def _parameter(self, name: str, query: dict[str, str]) -> dict[str, Any]:
        versions = self._parameters.get(name, [])
        number = len(versions)
        # AWS writes: "If you specify both, the first one after the question mark wins."
        selector = next((one for one in query if one in ("version", "label")), None)
        if selector == "version":
            text = query["version"]
            number = int(text) if text.isdecimal() and len(text) < 19 else 0
        elif selector == "label":
            number = self._labels.get((name, query["label"]), 0)
        if not versions:
            raise _Refusal("ParameterNotFound", "")
        if not 0 < number <= len(versions):
            raise _Refusal("ParameterVersionNotFound", "")
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
            raise _Refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        stages = [one for (owner, one), held in self._stages.items() if owner == name and held == version]
        if "versionStage" in query and stage not in stages:
            # AWS documents that both must name the same version, but not the error code.
            raise _Refusal("InvalidRequestException", "The version does not have this staging label.")
        return {**found, "VersionStages": stages, "ResultMetadata": {}}


def _first_values(query: list[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in query:
        found.setdefault(name, value)
    return found
