"""The calls of AWS that the function makes, for `lambda-kit doctor`. It is loaded in the function's process.

Each call is recorded before it is made, by whatever client: its operation, and the parameters that name resources.
"""

from __future__ import annotations

from time import perf_counter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.local._doctor_recorder import Recorder

# Nothing else of the parameters is recorded.
_NAMES = frozenset(
    {
        "ApplicationIdentifier",
        "Bucket",
        "ConnectionId",
        "CopySource",
        "DeliveryStreamName",
        "EventBusName",
        "FunctionName",
        "GroupName",
        "IndexName",
        "KeyId",
        "Name",
        "Path",
        "PhoneNumber",
        "Qualifier",
        "QueueName",
        "QueueUrl",
        "ResourceArn",
        "RoleArn",
        "SecretId",
        "Statement",
        "StreamARN",
        "StreamArn",
        "StreamName",
        "TableName",
        "TargetArn",
        "TopicArn",
        "UserPoolId",
        "VersionId",
        "WithDecryption",
        "executionArn",
        "logGroupName",
        "modelId",
        "stateMachineArn",
    }
)


def _named(params: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a call that name resources."""
    found: dict[str, Any] = {
        name: value for name, value in params.items() if name in _NAMES and isinstance(value, str | bool)
    }
    for name in ("Names", "SecretIdList"):
        if name in params:
            found[name] = [one for one in params[name] if isinstance(one, str)]
    for name in ("Statements", "TransactStatements"):
        if name in params:
            found["Statements"] = [str(one.get("Statement")) for one in params[name]]
    if "TransactItems" in params:
        parts: list[tuple[str, Any]] = [part for one in params["TransactItems"] for part in one.items()]
        found["TransactItems"] = [(kind, action.get("TableName")) for kind, action in parts]
    if "RequestItems" in params:
        found["RequestItems"] = [str(one) for one in params["RequestItems"]]
    if "Entries" in params:
        buses = {one.get("EventBusName") for one in params["Entries"]}
        found["EventBusNames"] = sorted(str(one) for one in buses if one)
        found["WithoutBus"] = not all(buses)
    source = params.get("CopySource")
    if source is not None and "CopySource" not in found:
        found["CopySource"] = f"{source.get('Bucket')}/{source.get('Key')}"
    return found


def _seen(recorder: Recorder, client: str, service: str, operation: str, region: str | None, params: Any) -> None:
    """Write the entry of a call. Parameters that are wrong are the caller's to report."""
    try:
        names = _named(params)
    except (AttributeError, TypeError):
        names = {}
    recorder.write("call", client, service, operation, region or "", names, perf_counter())


def _watch_botocore(module: Any, recorder: Recorder) -> None:
    make = module.BaseClient._make_api_call

    def _make_api_call(self: Any, operation_name: str, api_params: Any) -> Any:
        meta = self.meta
        _seen(recorder, "botocore", meta.service_model.service_name, operation_name, meta.region_name, api_params)
        return make(self, operation_name, api_params)

    module.BaseClient._make_api_call = _make_api_call


def _watch_aiobotocore(module: Any, recorder: Recorder) -> None:
    make = module.AioBaseClient._make_api_call

    async def _make_api_call(self: Any, operation_name: str, api_params: Any) -> Any:
        meta = self.meta
        _seen(recorder, "aiobotocore", meta.service_model.service_name, operation_name, meta.region_name, api_params)
        return await make(self, operation_name, api_params)

    module.AioBaseClient._make_api_call = _make_api_call


def _watch_signers(module: Any, recorder: Recorder) -> None:
    sign = module.generate_presigned_url

    def generate_presigned_url(self: Any, ClientMethod: str, Params: Any = None, *args: Any, **options: Any) -> Any:  # noqa: N803
        operation = getattr(self, "_PY_TO_OP_NAME", {}).get(ClientMethod, ClientMethod)
        meta = self.meta
        _seen(recorder, "presigned URL", meta.service_model.service_name, operation, meta.region_name, Params)
        return sign(self, ClientMethod, Params, *args, **options)

    module.generate_presigned_url = generate_presigned_url


def _watch_kit(module: Any, recorder: Recorder) -> None:
    make = module.AwsClient.call

    def call(self: Any, operation: str, params: Any, /) -> Any:
        _seen(recorder, "lambda_kit", self.service, operation, self.region, params)
        return make(self, operation, params)

    module.AwsClient.call = call


WATCHERS: dict[str, Callable[[Any, Recorder], None]] = {
    "botocore.client": _watch_botocore,
    "botocore.signers": _watch_signers,
    "aiobotocore.client": _watch_aiobotocore,
    "lambda_kit.aws._client": _watch_kit,
}
