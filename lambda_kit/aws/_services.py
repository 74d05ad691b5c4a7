"""The services, and which of their operations the kit calls."""

from __future__ import annotations

from lambda_kit._kernel import callables
from lambda_kit.aws._operations import (
    GetLatestConfiguration,
    Operation,
    read_items,
    read_messages,
    read_parameters,
    read_secret,
)
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def operations_of(service: str) -> dict[str, Operation]:
    """Return the operations of a service by name.

    Raises:
        ConfigurationError: the kit does not call this service.
    """
    if service == "s3" and service not in _services:
        from lambda_kit.aws._s3 import PutObject

        _services["s3"] = {"PutObject": PutObject()}
    if service == "apigatewaymanagementapi" and service not in _services:
        from lambda_kit.aws._connections import OPERATIONS

        _services[service] = OPERATIONS
    found = _services.get(service)
    if found is None:
        known = (*_services, "s3", "apigatewaymanagementapi")
        raise ConfigurationError(
            f"the kit does not call the service {service!r}, only {', '.join(dict.fromkeys(known))}"
            f"{callables.closest(service, known)}; for others use boto3"
        )
    return found


def _table(target: str, version: str, operations: Iterable[Operation], **headers: str) -> dict[str, Operation]:
    for one in operations:
        one.headers = {
            "content-type": f"application/x-amz-json-{version}",
            "x-amz-target": f"{target}.{one.name}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
    return {one.name: one for one in operations}


def _rest(operations: Iterable[Operation]) -> dict[str, Operation]:
    for one in operations:
        one.headers = {"content-type": "application/json"} if one.method == "POST" else {}
    return {one.name: one for one in operations}


_services: dict[str, dict[str, Operation]] = {
    "ssm": _table(
        "AmazonSSM",
        "1.1",
        [
            Operation("GetParameter", read_parameters),
            Operation("GetParameters", read_parameters),
            Operation("GetParametersByPath", read_parameters),
            Operation("PutParameter", secrets=("Value",)),
        ],
    ),
    "secretsmanager": _table(
        "secretsmanager",
        "1.1",
        [
            Operation("GetSecretValue", read_secret),
            Operation("DescribeSecret", read_secret),
            Operation("PutSecretValue", idempotency="ClientRequestToken", secrets=("SecretString",)),
            Operation("CreateSecret", read_secret, idempotency="ClientRequestToken", secrets=("SecretString",)),
            Operation("UpdateSecretVersionStage"),
        ],
    ),
    "appconfigdata": _rest(
        [Operation("StartConfigurationSession", path="/configurationsessions"), GetLatestConfiguration()]
    ),
    "dynamodb": _table(
        "DynamoDB_20120810",
        "1.0",
        [Operation(name, read_items) for name in ("GetItem", "PutItem", "UpdateItem", "DeleteItem")],
    ),
    "stepfunctions": _table(
        "AWSStepFunctions",
        "1.0",
        [
            Operation("SendTaskSuccess", secrets=("taskToken", "output")),
            Operation("SendTaskFailure", secrets=("taskToken", "error", "cause")),
            Operation("SendTaskHeartbeat", secrets=("taskToken",)),
        ],
    ),
    "config": _table("StarlingDoveService", "1.1", [Operation("PutEvaluations", secrets=("ResultToken",))]),
    "codepipeline": _table(
        "CodePipeline_20150709", "1.1", [Operation("PutJobSuccessResult"), Operation("PutJobFailureResult")]
    ),
    "codedeploy": _table("CodeDeploy_20141006", "1.1", [Operation("PutLifecycleEventHookExecutionStatus")]),
    "sqs": _table(
        "AmazonSQS",
        "1.0",
        [
            Operation("ReceiveMessage", read_messages),
            *(
                Operation(name)
                for name in (
                    "SendMessage",
                    "SendMessageBatch",
                    "DeleteMessage",
                    "DeleteMessageBatch",
                    "GetQueueAttributes",
                    "ChangeMessageVisibility",
                    "ChangeMessageVisibilityBatch",
                )
            ),
        ],
        x_amzn_query_mode="true",
    ),
}
