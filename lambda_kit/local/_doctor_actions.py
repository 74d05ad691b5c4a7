"""The IAM action of an operation of AWS, and the form of its resources: a table for `lambda-kit doctor`.

The source is AWS's Service Authorization Reference: https://docs.aws.amazon.com/service-authorization/latest/reference/.
A service that is not here is listed as one that the table does not know: no name is guessed.
"""

from __future__ import annotations

from typing import NamedTuple


class Service(NamedTuple):
    """The rules of one service.

    Attributes:
        prefix: of its actions in IAM.
        other: the actions of operations whose action does not have their name; several are separated by spaces.
        resources: the ARN of the resource, by the parameter that names it; the first that a call has counts. In it,
            `{region}` and `{account}` stand for the obvious, `{}` for the value.
        everywhere: the operations that IAM cannot limit to resources.
        only: the operations that the table knows, where others have actions of other names; empty for all.
    """

    prefix: str
    other: dict[str, str]
    resources: tuple[tuple[str, str], ...]
    everywhere: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FLAG_RESOURCE = "arn:aws:appconfig:{region}:{account}:application/*/environment/*/configuration/*"
S3_OBJECT_OPERATIONS = _words(
    "GetObject HeadObject PutObject DeleteObject CopyObject CreateMultipartUpload UploadPart UploadPartCopy"
    " CompleteMultipartUpload AbortMultipartUpload ListParts GetObjectTagging PutObjectTagging DeleteObjectTagging"
    " GetObjectAcl PutObjectAcl GetObjectAttributes RestoreObject SelectObjectContent DeleteObjects"
)

SERVICES: dict[str, Service] = {
    "dynamodb": Service(
        "dynamodb",
        {
            # Transactions are authorised as the operations in them.
            "TransactWriteItems": "",
            "TransactGetItems": "GetItem",
            "ExecuteStatement": "",
            "BatchExecuteStatement": "",
            "ExecuteTransaction": "",
        },
        (
            ("TableName", "arn:aws:dynamodb:{region}:{account}:table/{}"),
            ("ResourceArn", "arn:aws:dynamodb:{region}:{account}:table/{}"),
        ),
        _words("ListTables DescribeLimits DescribeEndpoints"),
    ),
    "dynamodbstreams": Service(
        "dynamodb", {}, (("StreamArn", "arn:aws:dynamodb:{region}:{account}:table/{}"),), _words("ListStreams")
    ),
    "s3": Service(
        "s3",
        {
            "HeadObject": "GetObject",
            "HeadBucket": "ListBucket",
            "ListObjects": "ListBucket",
            "ListObjectsV2": "ListBucket",
            "ListObjectVersions": "ListBucketVersions",
            "ListBuckets": "ListAllMyBuckets",
            "ListMultipartUploads": "ListBucketMultipartUploads",
            "ListParts": "ListMultipartUploadParts",
            "CreateMultipartUpload": "PutObject",
            "UploadPart": "PutObject",
            "UploadPartCopy": "PutObject",
            "CompleteMultipartUpload": "PutObject",
            "CopyObject": "PutObject",
            "DeleteObjects": "DeleteObject",
            "SelectObjectContent": "GetObject",
            "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
            "GetBucketEncryption": "GetEncryptionConfiguration",
            "GetBucketCors": "GetBucketCORS",
            "GetBucketNotificationConfiguration": "GetBucketNotification",
        },
        (("Bucket", "arn:aws:s3:::{}"),),
        _words("ListBuckets"),
        S3_OBJECT_OPERATIONS
        | _words(
            "HeadBucket ListObjects ListObjectsV2 ListObjectVersions ListBuckets ListMultipartUploads GetBucketLocation"
            " GetBucketLifecycleConfiguration GetBucketEncryption GetBucketCors GetBucketNotificationConfiguration"
            " GetBucketPolicy GetBucketTagging GetBucketVersioning CreateBucket DeleteBucket"
        ),
    ),
    "sqs": Service(
        "sqs",
        {
            "SendMessageBatch": "SendMessage",
            "DeleteMessageBatch": "DeleteMessage",
            "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
        },
        (("QueueUrl", "arn:aws:sqs:{region}:{account}:{}"), ("QueueName", "arn:aws:sqs:{region}:{account}:{}")),
        _words("ListQueues"),
    ),
    "sns": Service(
        "sns",
        {"PublishBatch": "Publish"},
        (
            ("TopicArn", "arn:aws:sns:{region}:{account}:{}"),
            ("TargetArn", "arn:aws:sns:{region}:{account}:{}"),
            ("PhoneNumber", "*"),
        ),
        _words("ListTopics"),
    ),
    "ssm": Service(
        "ssm",
        {},
        (
            ("Name", "arn:aws:ssm:{region}:{account}:parameter/{}"),
            ("Names", "arn:aws:ssm:{region}:{account}:parameter/{}"),
            ("Path", "arn:aws:ssm:{region}:{account}:parameter/{}"),
        ),
        _words("DescribeParameters"),
    ),
    "secretsmanager": Service(
        "secretsmanager",
        {},
        (
            ("SecretId", "arn:aws:secretsmanager:{region}:{account}:secret:{}-??????"),
            ("Name", "arn:aws:secretsmanager:{region}:{account}:secret:{}-??????"),
        ),
        _words("ListSecrets GetRandomPassword BatchGetSecretValue"),
    ),
    "appconfigdata": Service(
        "appconfig",
        {},
        (("ApplicationIdentifier", _FLAG_RESOURCE), ("", _FLAG_RESOURCE)),
    ),
    "kms": Service(
        "kms",
        {"ReEncrypt": "ReEncryptFrom ReEncryptTo"},
        (("KeyId", "arn:aws:kms:{region}:{account}:key/{}"),),
        _words("ListKeys ListAliases GenerateRandom"),
    ),
    "lambda": Service(
        "lambda",
        {
            "Invoke": "InvokeFunction",
            "InvokeAsync": "InvokeFunction",
            "InvokeWithResponseStream": "InvokeFunction",
        },
        (("FunctionName", "arn:aws:lambda:{region}:{account}:function:{}"),),
        _words("ListFunctions GetAccountSettings"),
    ),
    "events": Service(
        "events",
        {},
        (
            ("EventBusNames", "arn:aws:events:{region}:{account}:event-bus/{}"),
            ("EventBusName", "arn:aws:events:{region}:{account}:event-bus/{}"),
        ),
    ),
    "scheduler": Service("scheduler", {}, (("Name", "arn:aws:scheduler:{region}:{account}:schedule/{GroupName}/{}"),)),
    "kinesis": Service(
        "kinesis",
        {},
        (
            ("StreamARN", "arn:aws:kinesis:{region}:{account}:stream/{}"),
            ("StreamName", "arn:aws:kinesis:{region}:{account}:stream/{}"),
        ),
        _words("ListStreams DescribeLimits"),
    ),
    "firehose": Service(
        "firehose",
        {},
        (("DeliveryStreamName", "arn:aws:firehose:{region}:{account}:deliverystream/{}"),),
        _words("ListDeliveryStreams"),
    ),
    "stepfunctions": Service(
        "states",
        {},
        (
            ("stateMachineArn", "arn:aws:states:{region}:{account}:stateMachine:{}"),
            ("executionArn", "arn:aws:states:{region}:{account}:execution:{}"),
        ),
        _words("SendTaskSuccess SendTaskFailure SendTaskHeartbeat ListStateMachines ListActivities"),
    ),
    "sts": Service(
        "sts", {}, (("RoleArn", "arn:aws:iam::{account}:role/{}"),), _words("GetCallerIdentity GetSessionToken")
    ),
    "cloudwatch": Service("cloudwatch", {}, (), _words("PutMetricData GetMetricData GetMetricStatistics ListMetrics")),
    "logs": Service(
        "logs",
        {},
        (("logGroupName", "arn:aws:logs:{region}:{account}:log-group:{}:*"),),
        _words("DescribeLogGroups"),
    ),
    "xray": Service("xray", {}, (), _words("PutTraceSegments PutTelemetryRecords GetSamplingRules GetSamplingTargets")),
    "apigatewaymanagementapi": Service(
        "execute-api",
        {
            "PostToConnection": "ManageConnections",
            "GetConnection": "ManageConnections",
            "DeleteConnection": "ManageConnections",
        },
        (("ConnectionId", "arn:aws:execute-api:{region}:{account}:*/*/*/@connections/*"),),
    ),
    "bedrock-runtime": Service(
        "bedrock",
        {
            "Converse": "InvokeModel",
            "ConverseStream": "InvokeModelWithResponseStream",
            "InvokeModel": "InvokeModel",
            "InvokeModelWithResponseStream": "InvokeModelWithResponseStream",
        },
        (("modelId", "arn:aws:bedrock:{region}::foundation-model/{}"),),
        only=_words("Converse ConverseStream InvokeModel InvokeModelWithResponseStream"),
    ),
    "cognito-idp": Service(
        "cognito-idp",
        {},
        (("UserPoolId", "arn:aws:cognito-idp:{region}:{account}:userpool/{}"),),
        _words("ListUserPools"),
    ),
    "codepipeline": Service(
        "codepipeline", {}, (), _words("PutJobSuccessResult PutJobFailureResult GetJobDetails PollForJobs")
    ),
    "config": Service("config", {}, (), _words("PutEvaluations")),
    "codedeploy": Service(
        "codedeploy",
        {},
        (("", "arn:aws:codedeploy:{region}:{account}:deploymentgroup:*/*"),),
    ),
}

TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
"""The actions of the parts of a DynamoDB transaction."""

PARTIQL = {"select": "PartiQLSelect", "insert": "PartiQLInsert", "update": "PartiQLUpdate", "delete": "PartiQLDelete"}
"""The actions of statements in PartiQL, by their first word."""
