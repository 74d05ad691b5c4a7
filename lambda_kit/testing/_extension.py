"""The AWS Parameters and Secrets Lambda extension, as a server on this machine that tests can disturb."""

from __future__ import annotations

import json
import time

from lambda_kit.errors import ConfigurationError
from lambda_kit.testing._fake_server import FakeServer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from lambda_kit.testing._fake_server import Headers, Reply

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


class FakeExtension(FakeServer):
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

    def fail(self, name: str, code: str, message: str = "", *, status: int = 400) -> None:
        """Answer for this name as the service behind the extension refuses: with JSON of a code and a message."""
        self._failures[name] = (code, message, status)

    def recover(self) -> None:
        """Answer as it should again, and forget all that was to fail."""
        super().recover()
        self._failures.clear()

    # The server

    def _note(self, method: str, path: str, query: list[tuple[str, str]], headers: Headers) -> None:
        self.requests.append(ExtensionRequest(method, path.rstrip("/"), _first(query), dict(headers)))

    def _reply(self, method: str, path: str, query: list[tuple[str, str]], headers: Headers) -> Reply:
        status, kind, body = self._served(method, path.rstrip("/"), _first(query), dict(headers))
        return status, [("content-type", kind)], body

    def _served(self, method: str, path: str, query: dict[str, str], headers: dict[str, str]) -> tuple[int, str, bytes]:
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


def _first(query: list[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in query:
        found.setdefault(name, value)
    return found
