"""The source of an event, recognised by its keys. The rules are data: the table in the documentation is made from them.

A new kind adds its name to `SourceName`, its view to `VIEWS`, and the way it is recognised to one of the tables.
"""

from __future__ import annotations

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal, TypeAlias

    SourceName: TypeAlias = Literal[
        "active_mq",
        "alarm",
        "appsync",
        "appsync_authorizer",
        "appsync_batch",
        "appsync_events",
        "bedrock_agent_api",
        "bedrock_agent_function",
        "cloudformation_hook",
        "cloudformation_macro",
        "cloudfront",
        "cloudwatch_logs",
        "code_deploy",
        "code_pipeline",
        "cognito_create_auth_challenge",
        "cognito_custom_email_sender",
        "cognito_custom_message",
        "cognito_custom_sms_sender",
        "cognito_define_auth_challenge",
        "cognito_inbound_federation",
        "cognito_post_authentication",
        "cognito_post_confirmation",
        "cognito_pre_authentication",
        "cognito_pre_sign_up",
        "cognito_pre_token_generation",
        "cognito_user_migration",
        "cognito_verify_auth_challenge",
        "config_rule",
        "connect",
        "custom_resource",
        "destination",
        "document_db",
        "dynamodb",
        "event_bridge",
        "firehose",
        "http",
        "iot_authorizer",
        "kafka",
        "kinesis",
        "lex",
        "pipes",
        "rabbit_mq",
        "request_authorizer",
        "s3",
        "s3_batch",
        "s3_event_bridge",
        "schedule",
        "secrets_rotation",
        "ses",
        "sns",
        "sqs",
        "step_functions",
        "stream_failure",
        "token_authorizer",
        "transfer_login",
        "transfer_step",
        "websocket",
        "websocket_authorizer",
    ]
    # A top-level key that has to be present, or with "!" absent; or a path, and the texts of which one has to be there:
    # any text if none is named.
    Condition: TypeAlias = str | tuple[tuple[str, ...], tuple[str, ...]]

VIEWS: dict[SourceName, str] = {
    "active_mq": "ActiveMQEvent",
    "alarm": "AlarmEvent",
    "appsync": "AppSyncEvent",
    "appsync_authorizer": "AppSyncAuthorizerEvent",
    "appsync_batch": "AppSyncBatchEvent",
    "appsync_events": "AppSyncChannelEvent",
    "bedrock_agent_api": "BedrockApiEvent",
    "bedrock_agent_function": "BedrockFunctionEvent",
    "cloudformation_hook": "HookEvent",
    "cloudformation_macro": "MacroEvent",
    "cloudfront": "CloudFrontEvent",
    "cloudwatch_logs": "CloudWatchLogsEvent",
    "code_deploy": "CodeDeployEvent",
    "code_pipeline": "CodePipelineEvent",
    "cognito_create_auth_challenge": "CreateAuthChallengeEvent",
    "cognito_custom_email_sender": "CustomSenderEvent",
    "cognito_custom_message": "CustomMessageEvent",
    "cognito_custom_sms_sender": "CustomSenderEvent",
    "cognito_define_auth_challenge": "DefineAuthChallengeEvent",
    "cognito_inbound_federation": "InboundFederationEvent",
    "cognito_post_authentication": "PostAuthenticationEvent",
    "cognito_post_confirmation": "PostConfirmationEvent",
    "cognito_pre_authentication": "PreAuthenticationEvent",
    "cognito_pre_sign_up": "PreSignUpEvent",
    "cognito_pre_token_generation": "PreTokenGenerationEvent",
    "cognito_user_migration": "UserMigrationEvent",
    "cognito_verify_auth_challenge": "VerifyAuthChallengeEvent",
    "config_rule": "ConfigRuleEvent",
    "connect": "ConnectEvent",
    "custom_resource": "CustomResourceEvent",
    "destination": "DestinationEvent",
    "document_db": "DocumentDBEvent",
    "dynamodb": "DynamoDBStreamEvent",
    "event_bridge": "EventBridgeEvent",
    "firehose": "FirehoseEvent",
    "http": "HttpEvent",
    "iot_authorizer": "IotAuthorizerEvent",
    "kafka": "KafkaEvent",
    "kinesis": "KinesisEvent",
    "lex": "LexEvent",
    "pipes": "PipesEvent",
    "rabbit_mq": "RabbitMQEvent",
    "request_authorizer": "RequestAuthorizerEvent",
    "s3": "S3Event",
    "s3_batch": "S3BatchEvent",
    "s3_event_bridge": "S3EventBridgeEvent",
    "schedule": "ScheduledEvent",
    "secrets_rotation": "RotationEvent",
    "ses": "SesEvent",
    "sns": "SnsEvent",
    "sqs": "SqsEvent",
    "step_functions": "StepFunctionsTask",
    "stream_failure": "StreamFailureEvent",
    "token_authorizer": "TokenAuthorizerEvent",
    "transfer_login": "TransferLoginEvent",
    "transfer_step": "TransferStepEvent",
    "websocket": "WebSocketEvent",
    "websocket_authorizer": "RequestAuthorizerEvent",
}
"""The name of the view of each source."""

BY_RECORD: dict[str, SourceName] = {
    "aws:sqs": "sqs",
    "aws:sns": "sns",
    "aws:s3": "s3",
    "aws:dynamodb": "dynamodb",
    "aws:kinesis": "kinesis",
    "aws:ses": "ses",
}
"""The sources of events with a list `Records`, by the `eventSource` (`EventSource` for SNS) of any record."""

BY_RECORD_KEY: dict[str, SourceName] = {"cf": "cloudfront"}
"""The sources of events with a list `Records` whose records have no `eventSource`, by a key of any record."""

BY_EVENT_SOURCE: dict[str, tuple[SourceName, str]] = {
    "aws:kafka": ("kafka", "records"),
    "SelfManagedKafka": ("kafka", "records"),
    "aws:mq": ("active_mq", "messages"),
    "aws:amq": ("active_mq", "messages"),
    "aws:rmq": ("rabbit_mq", "rmqMessagesByQueue"),
    "aws:docdb": ("document_db", "events"),
}
"""The sources of events with a top-level `eventSource`, and the key of their records, which has to be present."""

BY_TRIGGER: dict[str, SourceName] = {
    "PreSignUp": "cognito_pre_sign_up",
    "PostConfirmation": "cognito_post_confirmation",
    "PreAuthentication": "cognito_pre_authentication",
    "PostAuthentication": "cognito_post_authentication",
    "CustomMessage": "cognito_custom_message",
    "DefineAuthChallenge": "cognito_define_auth_challenge",
    "CreateAuthChallenge": "cognito_create_auth_challenge",
    "VerifyAuthChallengeResponse": "cognito_verify_auth_challenge",
    "UserMigration": "cognito_user_migration",
    "TokenGeneration": "cognito_pre_token_generation",
    "CustomEmailSender": "cognito_custom_email_sender",
    "CustomSMSSender": "cognito_custom_sms_sender",
    "InboundFederation": "cognito_inbound_federation",
}
"""The triggers of Cognito, by what stands before the underscore in `triggerSource`."""

BY_KEYS: tuple[tuple[SourceName, tuple[Condition, ...]], ...] = (
    ("s3_event_bridge", ("detail-type", "detail", (("source",), ("aws.s3",)), (("detail", "bucket", "name"), ()))),
    ("schedule", ("detail", (("detail-type",), ("Scheduled Event",)))),
    ("event_bridge", ("detail-type", "detail", "source")),
    ("cloudwatch_logs", ("awslogs",)),
    ("firehose", ("invocationId", "records", "!applicationArn")),
    ("firehose", ("deliveryStreamArn", "records")),
    ("s3_batch", ("invocationSchemaVersion", "tasks")),
    ("s3", ((("Event",), ("s3:TestEvent",)),)),
    ("token_authorizer", ("authorizationToken", (("type",), ("TOKEN",)))),
    ("websocket_authorizer", ((("type",), ("REQUEST",)), (("requestContext", "connectionId"), ()))),
    ("request_authorizer", ((("type",), ("REQUEST",)),)),
    ("appsync_authorizer", ("authorizationToken", "requestContext", "requestHeaders")),
    ("iot_authorizer", ("protocolData", "protocols", "signatureVerified")),
    ("websocket", ((("requestContext", "connectionId"), ()), (("requestContext", "routeKey"), ()))),
    ("appsync_events", ((("info", "channel", "path"), ()),)),
    ("appsync", ("arguments", (("info", "fieldName"), ()))),
    ("appsync", ("arguments", "typeName", "fieldName")),
    ("stream_failure", ("requestContext", "KinesisBatchInfo")),
    ("stream_failure", ("requestContext", "DDBStreamBatchInfo")),
    ("stream_failure", ("requestContext", "KafkaBatchInfo")),
    ("destination", ("requestPayload", (("requestContext", "condition"), ()))),
    ("step_functions", ("TaskToken",)),
    ("step_functions", ("taskToken",)),
    ("step_functions", ("task_token",)),
    ("step_functions", ("MyTaskToken",)),
    ("alarm", ("alarmData", "alarmArn")),
    ("bedrock_agent_api", ("actionGroup", "agent", "apiPath")),
    ("bedrock_agent_function", ("actionGroup", "agent", "function")),
    ("custom_resource", ("RequestType", "ResponseURL")),
    ("cloudformation_macro", ("fragment", "transformId", "requestId")),
    ("cloudformation_hook", ("hookModel", "requestData", "actionInvocationPoint")),
    ("secrets_rotation", ("SecretId", "ClientRequestToken", "Step")),
    ("config_rule", ("invokingEvent", "resultToken")),
    ("code_pipeline", ("CodePipeline.job",)),
    ("code_deploy", ("DeploymentId", "LifecycleEventHookExecutionId")),
    ("lex", ("sessionState", "interpretations", "bot")),
    ("connect", ((("Name",), ("ContactFlowEvent",)),)),
    ("transfer_login", ("username", "serverId", "protocol")),
    ("transfer_step", ("token", "serviceMetadata", "fileLocation")),
)
"""The sources that are known by other keys: the first whose conditions all hold."""


# The rules by the key of their first condition, with their places, so that few of them are tried.
_INDEX: dict[str, list[tuple[int, SourceName, tuple[Condition, ...]]]] = {}
for _place, (_source, _conditions) in enumerate(BY_KEYS):
    _first = _conditions[0]
    _key = _first if isinstance(_first, str) else _first[0][0]
    _INDEX.setdefault(_key, []).append((_place, _source, _conditions))


def source_of(event: Any) -> SourceName | None:
    """Return the source of an event, such as `"sqs"`; None if there is no view for its source.

    Args:
        event: the event as the runtime passed it. An event whose list `Records` is empty shows its source only if it
            has a tumbling window.
    """
    if type_of(event) is not dict:
        return _source_of_list(event) if type_of(event) is list else None
    records: Any = event.get("Records")
    if type_of(records) is list:
        return _source_of_records(event, records)
    name: Any = event.get("eventSource")
    if type_of(name) is str and name in BY_EVENT_SOURCE:
        source, key = BY_EVENT_SOURCE[name]
        return source if key in event else None
    name = event.get("triggerSource")
    if type_of(name) is str and "userPoolId" in event:
        return BY_TRIGGER.get(name.partition("_")[0])
    found: list[tuple[int, SourceName, tuple[Condition, ...]]] = []
    for key in event:
        if key in _INDEX:
            found += _INDEX[key]
    found.sort()
    for _, source, conditions in found:
        if all(_holds(event, one) for one in conditions):
            return source
    if "requestContext" in event or "httpMethod" in event or "method" in event:
        from lambda_kit.events._http_trigger import http_trigger_of

        return None if http_trigger_of(event) is None else "http"
    return None


def _source_of_records(event: dict[str, Any], records: list[Any]) -> SourceName | None:
    # The first record may be malformed: any record shows the source.
    for record in records:
        if type_of(record) is dict:
            name: Any = record.get("eventSource") or record.get("EventSource")
            if type_of(name) is str and name in BY_RECORD:
                return BY_RECORD[name]
            for key, source in BY_RECORD_KEY.items():
                if key in record:
                    return source
    if not records and "window" in event:  # the last invocation for a tumbling window may have no records
        arn: Any = event.get("eventSourceARN")
        service: list[str] = arn.split(":")[2:3] if type_of(arn) is str else []
        return BY_RECORD.get(f"aws:{service[0]}") if service in (["kinesis"], ["dynamodb"]) else None
    return None


def _source_of_list(event: list[Any]) -> SourceName | None:
    for record in event:
        if type_of(record) is dict:
            name = record.get("eventSource")
            if type_of(name) is str and (name in BY_RECORD or name in BY_EVENT_SOURCE):
                return "pipes"
            if source_of(record) == "appsync":
                return "appsync_batch"
    return None


def _holds(event: dict[str, Any], condition: Condition) -> bool:
    if isinstance(condition, str):
        return condition[1:] not in event if condition[0] == "!" else condition in event
    path, values = condition
    found: Any = event
    for name in path:
        if type_of(found) is not dict:
            return False
        found = found.get(name)
    return type_of(found) is str and (not values or found in values)
