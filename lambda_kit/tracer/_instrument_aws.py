"""Spans of AWS calls: boto3's and botocore's through their events, the lean client's through a subclass of its call.

A span names the AWS resources that the call is about. It never contains what is stored in them.
"""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.aws._client import _Call
from lambda_kit.aws._retries import THROTTLING, kind_of
from lambda_kit.errors import AwsError
from lambda_kit.tracer._guard import harmless, length_of
from lambda_kit.tracer._header import HEADER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from lambda_kit.aws import AwsClient
    from lambda_kit.aws._credentials import Credentials
    from lambda_kit.aws._http import Response
    from lambda_kit.aws._operations import Operation
    from lambda_kit.tracer._span import Options, Span

# By service: the parameters that name a resource, and their names in a span.
_RESOURCES: dict[str, dict[str, str]] = {
    "appconfigdata": {
        "ApplicationIdentifier": "application_identifier",
        "ConfigurationProfileIdentifier": "configuration_profile_identifier",
        "EnvironmentIdentifier": "environment_identifier",
    },
    "dynamodb": {"IndexName": "index_name", "RequestItems": "table_names", "TableName": "table_name"},
    "kinesis": {"StreamARN": "stream_arn", "StreamName": "stream_name"},
    "lambda": {"FunctionName": "function_name", "InvocationType": "invocation_type", "Qualifier": "qualifier"},
    "runtime.sagemaker": {"EndpointName": "endpoint_name"},
    "s3": {"Bucket": "bucket_name", "Key": "key", "Prefix": "prefix", "VersionId": "version_id"},
    "secretsmanager": {"SecretId": "secret_id"},
    "sns": {"TopicArn": "topic_arn"},
    "sqs": {"QueueName": "queue_name", "QueueUrl": "queue_url"},
    "ssm": {"Name": "name", "Names": "names", "Path": "path"},
    "states": {"stateMachineArn": "state_machine_arn"},
}
_PARAMS = "lambda_kit.tracer.params"  # a key in the dict that botocore passes to all events of one call
_SPAN = "lambda_kit.tracer.span"


def resources_of(service: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names of the resources that a call is about: strings and lists of strings.

    Args:
        service: the prefix of the service's endpoints: `"dynamodb"`.
        params: the parameters of the call.
    """
    found: dict[str, Any] = {}
    fields = _RESOURCES.get(service, {})
    for name, value in params.items():
        if name not in fields:
            continue
        if isinstance(value, str):
            found[fields[name]] = value
        elif type_of(value) in (dict, list, tuple):
            found[fields[name]] = [one for one in value if isinstance(one, str)]  # for a dict: its keys
    return found


def _answered(span: Span, status: int, length: str | None, code: str) -> None:
    """Add the status and length of a response; `length` and `code` may be empty."""
    if status >= 400 and kind_of(status, code) == THROTTLING:
        span.http(status=429)  # marks the span as throttled for good; most services throttle with another status
    span.http(status=status, length=length_of(length))


def instrument_boto(client: Any, options: Options) -> None:
    """Record each call of a botocore client as one span, which covers all attempts.

    A call whose parameters botocore refuses has no span. Reading a stream in the response is not part of the span.
    """
    spans = _BotoSpans(client, options)
    events = client.meta.events
    events.register_last("before-parameter-build", spans.keep_params)
    # botocore calls the handlers of the most specific names first, so these run before a stub that replaces AWS.
    events.register_first("before-call.*.*", spans.begin)
    events.register_first("after-call.*.*", spans.end)
    events.register_first("after-call-error.*.*", spans.end_unanswered)


class _BotoSpans:
    """The spans of one client; each is kept in botocore's context of its call while the call runs."""

    __slots__ = ("_client", "_options", "_service")

    def __init__(self, client: Any, options: Options) -> None:
        self._client = client
        self._options = options
        self._service: str = client.meta.service_model.endpoint_prefix

    @harmless
    def keep_params(self, params: Any, context: dict[str, Any], **_: Any) -> None:
        context[_PARAMS] = params

    @harmless
    def begin(self, model: Any, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        backend = self._options.backend()
        span = backend.detached(self._service, "aws", self._options)
        if span is None:
            headers = backend.headers(w3c=False)
        else:
            context[_SPAN] = span
            span.aws(operation=model.name, region=self._client.meta.region_name)
            span.aws(**resources_of(self._service, context.pop(_PARAMS, {})))
            before = span._activate()
            try:
                headers = backend.headers(w3c=False)
            finally:
                span._deactivate(before)
        if HEADER in headers:
            params["headers"][HEADER] = headers[HEADER]  # replaces the header that botocore reads from the environment

    @harmless
    def end(self, http_response: Any, parsed: Any, model: Any, context: dict[str, Any], **_: Any) -> None:
        span: Span | None = context.pop(_SPAN, None)
        if span is None:
            return
        try:
            about = parsed.get("ResponseMetadata", {})
            headers = about.get("HTTPHeaders", {})
            request_id, retries = about.get("RequestId"), about.get("RetryAttempts")
            span.aws(request_id=request_id, retries=retries, id_2=headers.get("x-amz-id-2"))
            status: int = http_response.status_code
            code: str = context.get("error_code_override") or parsed.get("Error", {}).get("Code") or ""
            _answered(span, status, headers.get("content-length"), code)
            if status >= 300 and status != 304:  # 304: S3 has nothing newer; botocore raises, but nothing has failed
                # botocore is about to raise this error; no event tells of it.
                span.record_error(self._client.exceptions.from_code(code)(parsed, model.name))
        finally:
            span.end()

    @harmless
    def end_unanswered(self, exception: Exception, context: dict[str, Any], **_: Any) -> None:
        span: Span | None = context.pop(_SPAN, None)
        if span is None:
            return
        span.aws(retries=context.get("retries", {}).get("attempt", 1) - 1)
        span.record_error(exception)
        span.end()


def instrument_lean(client: AwsClient, options: Options) -> None:
    """Record each call of a lean client as one span, which covers all attempts."""

    def make_call(client: AwsClient, operation: Operation, params: dict[str, Any]) -> _Call:
        return _TracedCall(client, operation, params, options)

    client._make_call = make_call


class _TracedCall(_Call):
    """A call of the lean client with a span around it."""

    __slots__ = ("_header", "_options", "_response")

    def __init__(self, client: AwsClient, operation: Operation, params: dict[str, Any], options: Options) -> None:
        super().__init__(client, operation, params)
        self._options = options
        self._header: str | None = None
        self._response: Response | None = None  # of the latest attempt

    def run(self) -> dict[str, Any]:
        backend, client = self._options.backend(), self._client
        with backend.span(client.service, "aws", self._options) as span:
            self._header = backend.headers(w3c=False).get(HEADER)
            if not span.recording:
                return super().run()
            self._begin_description(span)
            code = ""
            try:
                return super().run()
            except AwsError as error:
                code = error.code or ""
                raise
            finally:
                self._describe(span, code)

    @harmless
    def _begin_description(self, span: Span) -> None:
        span.aws(operation=self._operation.name, region=self._client.region)
        span.aws(**resources_of(self._client.service, self._params))

    @harmless
    def _describe(self, span: Span, code: str) -> None:
        span.aws(retries=max(self._attempts - 1, 0))
        response = self._response
        if response is not None:
            span.aws(request_id=response.headers.get("x-amzn-requestid"))
            _answered(span, response.status, response.headers.get("content-length"), code)

    def _send(self, query: str, body: bytes, credentials: Credentials) -> Response:
        self._response = None
        self._response = super()._send(query, body, credentials)
        return self._response

    def _trace_header(self) -> str | None:
        return self._header or super()._trace_header()
