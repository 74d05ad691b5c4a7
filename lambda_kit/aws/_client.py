"""Calls to AWS: sign, send, retry, and return the reply or raise the error."""

from __future__ import annotations

import os
import time

from lambda_kit import __version__
from lambda_kit._kernel import callables
from lambda_kit.aws import _retries as retries
from lambda_kit.aws._failures import CREDENTIALS_CODES, error_of, hide, located, read_failure
from lambda_kit.aws._services import operations_of
from lambda_kit.errors import AwsError, ConfigurationError, NoAnswer
from lambda_kit.invocation import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from lambda_kit.aws._credentials import CredentialChain, Credentials
    from lambda_kit.aws._http import Response
    from lambda_kit.aws._operations import Operation

_MARGIN = 0.1  # seconds of an invocation that are left to the handler to deal with a failure


def _chance() -> float:
    """Return a random number from 0 to 1; from the system, so that environments of one snapshot draw different ones."""
    return int.from_bytes(os.urandom(6)) / (1 << 48)


def with_endpoint(url: str | None, environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment with `url` as the endpoint of every service."""
    if url is None:
        return environ
    names = [name for name in environ if not name.startswith("AWS_ENDPOINT_URL")]
    rest = {name: value for name in names if (value := environ.get(name)) is not None}  # a thread may delete variables
    return {**rest, "AWS_ENDPOINT_URL": url, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"}


def _request_id(response: Response) -> str | None:
    return response.headers.get("x-amzn-requestid") or response.headers.get("x-amz-request-id")


class AwsClient:
    """A client for the operations of one service that the kit calls itself. Threads share it.

    Every attempt and every pause is bounded by the remaining time of the invocation, less a tenth of a second. A pause
    that would not fit is not begun. Nothing is sent after the end of the invocation. Failed attempts are repeated as in
    botocore's standard mode, also where the request was sent and the reply was lost.

    Args:
        service: the name that boto3 gives it: `"ssm"`, `"secretsmanager"`, `"appconfigdata"`, `"dynamodb"`, `"sqs"`,
            `"s3"`, `"stepfunctions"`, `"config"`, `"codepipeline"`, `"codedeploy"` or `"apigatewaymanagementapi"`.
        region: the region; None, the default, for that of the function.
        endpoint_url: the URL to call; None, the default, for that of the environment, else AWS's own.
        connect_timeout: seconds that connecting may take, 1 by default.
        read_timeout: seconds that AWS may stay silent, 5 by default.
        max_attempts: the largest number of attempts; None, the default, for `AWS_MAX_ATTEMPTS`, else 3, and 4 for
            DynamoDB.
        credentials: the source of credentials; None, the default, for the chain of this process.
        sleep: waits for a number of seconds.

    Raises:
        ConfigurationError: an argument or a setting of the environment is wrong, or needs botocore: see `connect`.
    """

    def __init__(
        self,
        service: str,
        region: str | None = None,
        endpoint_url: str | None = None,
        connect_timeout: float = retries.CONNECT_TIMEOUT,
        read_timeout: float = retries.READ_TIMEOUT,
        max_attempts: int | None = None,
        *,
        credentials: CredentialChain | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._operations = operations_of(service)
        if max_attempts is None:
            max_attempts = retries.attempts_of(service, os.environ)
        elif max_attempts < 1:
            raise ConfigurationError(f"max_attempts is {max_attempts!r}; pass 1 or more, or None")
        for name, seconds in (("connect_timeout", connect_timeout), ("read_timeout", read_timeout)):
            if not callables.is_number(seconds) or not 0 < seconds < float("inf"):
                raise ConfigurationError(f"{name} is {seconds!r}; pass a number of seconds above 0")
        if retries.is_adaptive(os.environ):
            raise ConfigurationError(
                f"AWS_RETRY_MODE is adaptive; use connect({service!r}), which takes botocore for this"
            )
        from lambda_kit.aws import _credentials, _endpoints, _http, _signing

        try:
            endpoint = _endpoints.resolve(service, region, with_endpoint(endpoint_url, os.environ))
        except _endpoints.Beyond as beyond:
            raise ConfigurationError(f"{beyond}; use connect({service!r}), which takes botocore for this") from beyond
        self.service = service
        self.region = endpoint.region
        self.endpoint_url = endpoint.url.rstrip("/")
        self._pool = _http.Pool(self.endpoint_url, connect_timeout=connect_timeout, read_timeout=read_timeout)
        self._failed = _http.TransportError
        self._base = "/".join(self.endpoint_url.split("/")[3:])
        self._signer = _signing.Signer(endpoint.signing_name, endpoint.signing_region)
        self._credentials = credentials or _credentials.default_chain()
        self._max_attempts = max_attempts
        self._quota = retries.Quota()
        self._sleep = sleep
        self._make_call: Callable[[AwsClient, Operation, dict[str, Any]], _Call] = _Call  # the tracer has its own

    def call(self, operation: str, params: dict[str, Any], /) -> dict[str, Any]:
        """Call an operation, and return its reply: see `Caller.call`.

        Raises:
            ConfigurationError: the kit does not call this operation.
            AwsError: it failed.
        """
        known = self._operations.get(operation)
        if known is None:
            raise ConfigurationError(
                f"the kit does not call {operation!r} of {self.service}"
                f"{callables.closest(operation, self._operations)}; for others use boto3"
            )
        return self._make_call(self, known, params).run()


class _Call:
    """One call, over all its attempts."""

    __slots__ = (
        "_attempts",
        "_client",
        "_deadline",
        "_headers",
        "_invocation",
        "_operation",
        "_params",
        "_path",
        "_sent",
    )

    def __init__(self, client: AwsClient, operation: Operation, params: dict[str, Any]) -> None:
        self._client = client
        self._operation = operation
        self._params = params
        self._attempts = 0
        self._sent = False
        self._deadline: float | None = None
        invocation = self._invocation = current.get(None)
        if invocation is not None:
            left = invocation.remaining() - _MARGIN
            if left < float("inf"):
                self._deadline = time.monotonic() + left

    def run(self) -> dict[str, Any]:
        """Send the request until there is a reply, or an error that a retry cannot help."""
        client = self._client
        query, body = self._operation.request(self._params)
        self._path, self._headers = self._operation.route(self._params)
        credentials = client._credentials.get()
        refreshed = False
        spent = 0
        while True:
            self._check_time()
            self._attempts += 1
            asked: str | None = None
            try:
                response = self._send(query, body, credentials)
            except client._failed as failure:
                self._sent = self._sent or failure.sent
                error: AwsError = self._no_answer(str(failure))
                error.__cause__ = failure
                kind: int | None = retries.TRANSIENT
            else:
                whole = self._is_whole(response)
                if response.status < 300 and whole:
                    reply = self._reply(response)
                    client._quota.succeeded(spent)
                    return reply
                error = self._error(response)
                if error.code in CREDENTIALS_CODES and not refreshed:
                    refreshed = True
                    others = client._credentials.refresh(credentials)
                    if others is not None:
                        credentials = others
                        continue
                asked = response.headers.get("x-amz-retry-after")
                kind = retries.kind_of(response.status, error.code) or (None if whole else retries.TRANSIENT)
            spent = self._wait(error, kind, asked)

    def _send(self, query: str, body: bytes, credentials: Credentials) -> Response:
        client, operation = self._client, self._operation
        path = f"/{client._base}{self._path}" if client._base else self._path
        headers = {"host": client._pool.host_header, **self._headers}
        signed = client._signer.sign(operation.method, path, query, headers, body, credentials, time.time())
        signed["user-agent"] = f"lambda_kit/{__version__}"
        signed["accept-encoding"] = "identity"
        trace = self._trace_header()
        if trace:
            signed["x-amzn-trace-id"] = trace
        return client._pool.request(
            operation.method,
            f"{path}?{query}" if query else path,
            signed.items(),
            body,
            deadline=self._deadline,
            repeatable=operation.reads,
        )

    def _trace_header(self) -> str | None:
        """Return the header by which Lambda detects a function that invokes itself in a loop.

        It is that of the invocation which makes the call, also when it ends later than the next one begins.
        """
        invocation = self._invocation
        trace = os.environ.get("_X_AMZN_TRACE_ID", "") if invocation is None else invocation._trace_header()
        return trace if trace.isascii() and trace.isprintable() and " " not in trace else None

    def _check_time(self) -> None:
        if self._invocation is not None and self._invocation.ended:
            raise self._no_answer("the invocation has ended, and nothing is sent after its end")
        if self._deadline is not None and time.monotonic() >= self._deadline:
            raise self._no_answer("there is no time left in the invocation")

    def _wait(self, error: AwsError, kind: int | None, asked: str | None) -> int:
        """Wait before the next attempt, and return its cost; or raise the error."""
        client = self._client
        if kind is None or self._attempts >= client._max_attempts or not client._quota.spend(kind):
            raise error
        delay = retries.pause(client.service, kind, self._attempts, _chance(), asked)
        if self._deadline is not None and time.monotonic() + delay >= self._deadline:
            error.add_note("It was not tried again, because there was no time left in the invocation.")
            raise error
        client._sleep(delay)
        return kind

    def _is_whole(self, response: Response) -> bool:
        checksum = response.headers.get("x-amz-crc32") if self._client.service == "dynamodb" else None
        if checksum is None or not checksum.isdecimal():
            return True
        import binascii

        return int(checksum) == binascii.crc32(response.body)

    def _reply(self, response: Response) -> dict[str, Any]:
        try:
            return self._operation.reply(response.headers, response.body)
        except Exception as error:
            what = type(error).__name__
        # Outside the `except`, because the error of the decoder holds the reply.
        raise self._aws_error(f"the reply cannot be read ({what}); is this the endpoint of the service?", response)

    def _error(self, response: Response) -> AwsError:
        if response.status < 300:
            return self._aws_error("the checksum of the reply is wrong", response)
        said = read_failure(self._client.service, response.status, response.headers, response.body)
        reason = hide(said.message, self._params, self._operation.secrets)
        reason = located(self._client.service, said.code, reason, self._params, self._client.region)
        return error_of(
            said.code,
            reason,
            service=self._client.service,
            operation=self._operation.name,
            status=response.status,
            request_id=_request_id(response),
            attempts=self._attempts,
            item=said.item,
        )

    def _aws_error(self, reason: str, response: Response) -> AwsError:
        return AwsError(
            reason,
            service=self._client.service,
            operation=self._operation.name,
            status=response.status,
            request_id=_request_id(response),
            attempts=self._attempts,
        )

    def _no_answer(self, reason: str) -> NoAnswer:
        error = NoAnswer(reason, service=self._client.service, operation=self._operation.name, attempts=self._attempts)
        error.sent = self._sent
        return error
