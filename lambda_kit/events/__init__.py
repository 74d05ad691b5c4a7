"""Typed, read-only views of events. They do not copy the raw dict, and decode a value when it is asked for.

```python
from lambda_kit.events import SqsEvent

record = {"messageId": "m-1", "body": '{"order": 7}', "eventSource": "aws:sqs"}
event = SqsEvent({"Records": [record]})
for record in event:
    assert (record.id, record.json) == ("m-1", {"order": 7})
```

Each name below loads its module when it is first used.
"""

from __future__ import annotations

from lambda_kit import lazy_exports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.events._alarm import AlarmEvent, AlarmMetric, AlarmState
    from lambda_kit.events._appsync import (
        AppSyncBatchEvent,
        AppSyncChannelEvent,
        AppSyncEvent,
        AppSyncIdentity,
        ChannelMessage,
    )
    from lambda_kit.events._attributes import MessageAttribute
    from lambda_kit.events._authorizers import (
        AppSyncAuthorizerEvent,
        IotAuthorizerEvent,
        RequestAuthorizerEvent,
        TokenAuthorizerEvent,
    )
    from lambda_kit.events._bedrock import BedrockAgentEvent, BedrockApiEvent, BedrockFunctionEvent, BedrockParameter
    from lambda_kit.events._bus import BusEvent, EventBridgeEvent, S3EventBridgeEvent, ScheduledEvent
    from lambda_kit.events._cloudformation import CustomResourceEvent, HookEvent, MacroEvent
    from lambda_kit.events._cloudfront import CloudFrontEvent, CloudFrontRequest, CloudFrontResponse
    from lambda_kit.events._code import Artifact, CodeDeployEvent, CodePipelineEvent
    from lambda_kit.events._cognito import (
        ChallengeResult,
        CognitoEvent,
        CreateAuthChallengeEvent,
        CustomMessageEvent,
        CustomSenderEvent,
        DefineAuthChallengeEvent,
        InboundFederationEvent,
        PostAuthenticationEvent,
        PostConfirmationEvent,
        PreAuthenticationEvent,
        PreSignUpEvent,
        PreTokenGenerationEvent,
        UserMigrationEvent,
        VerifyAuthChallengeEvent,
    )
    from lambda_kit.events._config import ConfigItem, ConfigRuleEvent
    from lambda_kit.events._connect import ConnectEvent
    from lambda_kit.events._destinations import DestinationEvent, InvocationRecord, StreamFailureEvent
    from lambda_kit.events._document_db import DocumentDBChange, DocumentDBEvent
    from lambda_kit.events._dynamodb import DynamoDBRecord, DynamoDBStreamEvent
    from lambda_kit.events._firehose import FirehoseEvent, FirehoseRecord
    from lambda_kit.events._http import HttpEvent
    from lambda_kit.events._http_trigger import http_trigger_of
    from lambda_kit.events._http_values import HeaderValues, QueryValues
    from lambda_kit.events._iot import IotRuleEvent
    from lambda_kit.events._kafka import KafkaEvent, KafkaRecord, KafkaSchema
    from lambda_kit.events._kinesis import KinesisEvent, KinesisRecord
    from lambda_kit.events._layer import as_event
    from lambda_kit.events._lex import LexEvent, LexIntent, LexInterpretation
    from lambda_kit.events._logs import CloudWatchLogsEvent, LogEvent, LogsData
    from lambda_kit.events._mq import ActiveMQEvent, ActiveMQMessage, RabbitMQEvent, RabbitMQMessage
    from lambda_kit.events._parse import parse
    from lambda_kit.events._pipes import PipesEvent, PipesKinesisRecord
    from lambda_kit.events._s3 import S3Event, S3Record
    from lambda_kit.events._s3_batch import S3BatchEvent, S3BatchTask
    from lambda_kit.events._secrets import RotationEvent
    from lambda_kit.events._ses import SesEvent, SesRecord
    from lambda_kit.events._sns import SnsEvent, SnsMessage, SnsRecord
    from lambda_kit.events._source import source_of
    from lambda_kit.events._sqs import SqsEvent, SqsRecord
    from lambda_kit.events._step_functions import StepFunctionsTask
    from lambda_kit.events._transfer import TransferLoginEvent, TransferStepEvent
    from lambda_kit.events._validate import validated
    from lambda_kit.events._view import Records
    from lambda_kit.events._websocket import WebSocketEvent
else:
    __getattr__, __dir__ = lazy_exports(
        globals(),
        {
            "ActiveMQEvent": "lambda_kit.events._mq",
            "ActiveMQMessage": "lambda_kit.events._mq",
            "AlarmEvent": "lambda_kit.events._alarm",
            "AlarmMetric": "lambda_kit.events._alarm",
            "AlarmState": "lambda_kit.events._alarm",
            "AppSyncAuthorizerEvent": "lambda_kit.events._authorizers",
            "AppSyncBatchEvent": "lambda_kit.events._appsync",
            "AppSyncChannelEvent": "lambda_kit.events._appsync",
            "AppSyncEvent": "lambda_kit.events._appsync",
            "AppSyncIdentity": "lambda_kit.events._appsync",
            "Artifact": "lambda_kit.events._code",
            "BedrockAgentEvent": "lambda_kit.events._bedrock",
            "BedrockApiEvent": "lambda_kit.events._bedrock",
            "BedrockFunctionEvent": "lambda_kit.events._bedrock",
            "BedrockParameter": "lambda_kit.events._bedrock",
            "BusEvent": "lambda_kit.events._bus",
            "ChallengeResult": "lambda_kit.events._cognito",
            "ChannelMessage": "lambda_kit.events._appsync",
            "CloudFrontEvent": "lambda_kit.events._cloudfront",
            "CloudFrontRequest": "lambda_kit.events._cloudfront",
            "CloudFrontResponse": "lambda_kit.events._cloudfront",
            "CloudWatchLogsEvent": "lambda_kit.events._logs",
            "CodeDeployEvent": "lambda_kit.events._code",
            "CodePipelineEvent": "lambda_kit.events._code",
            "CognitoEvent": "lambda_kit.events._cognito",
            "ConfigItem": "lambda_kit.events._config",
            "ConfigRuleEvent": "lambda_kit.events._config",
            "ConnectEvent": "lambda_kit.events._connect",
            "CreateAuthChallengeEvent": "lambda_kit.events._cognito",
            "CustomMessageEvent": "lambda_kit.events._cognito",
            "CustomResourceEvent": "lambda_kit.events._cloudformation",
            "CustomSenderEvent": "lambda_kit.events._cognito",
            "DefineAuthChallengeEvent": "lambda_kit.events._cognito",
            "DestinationEvent": "lambda_kit.events._destinations",
            "DocumentDBChange": "lambda_kit.events._document_db",
            "DocumentDBEvent": "lambda_kit.events._document_db",
            "DynamoDBRecord": "lambda_kit.events._dynamodb",
            "DynamoDBStreamEvent": "lambda_kit.events._dynamodb",
            "EventBridgeEvent": "lambda_kit.events._bus",
            "FirehoseEvent": "lambda_kit.events._firehose",
            "FirehoseRecord": "lambda_kit.events._firehose",
            "HeaderValues": "lambda_kit.events._http_values",
            "HookEvent": "lambda_kit.events._cloudformation",
            "HttpEvent": "lambda_kit.events._http",
            "InboundFederationEvent": "lambda_kit.events._cognito",
            "InvocationRecord": "lambda_kit.events._destinations",
            "IotAuthorizerEvent": "lambda_kit.events._authorizers",
            "IotRuleEvent": "lambda_kit.events._iot",
            "KafkaEvent": "lambda_kit.events._kafka",
            "KafkaRecord": "lambda_kit.events._kafka",
            "KafkaSchema": "lambda_kit.events._kafka",
            "KinesisEvent": "lambda_kit.events._kinesis",
            "KinesisRecord": "lambda_kit.events._kinesis",
            "LexEvent": "lambda_kit.events._lex",
            "LexIntent": "lambda_kit.events._lex",
            "LexInterpretation": "lambda_kit.events._lex",
            "LogEvent": "lambda_kit.events._logs",
            "LogsData": "lambda_kit.events._logs",
            "MacroEvent": "lambda_kit.events._cloudformation",
            "MessageAttribute": "lambda_kit.events._attributes",
            "PipesEvent": "lambda_kit.events._pipes",
            "PipesKinesisRecord": "lambda_kit.events._pipes",
            "PostAuthenticationEvent": "lambda_kit.events._cognito",
            "PostConfirmationEvent": "lambda_kit.events._cognito",
            "PreAuthenticationEvent": "lambda_kit.events._cognito",
            "PreSignUpEvent": "lambda_kit.events._cognito",
            "PreTokenGenerationEvent": "lambda_kit.events._cognito",
            "QueryValues": "lambda_kit.events._http_values",
            "RabbitMQEvent": "lambda_kit.events._mq",
            "RabbitMQMessage": "lambda_kit.events._mq",
            "Records": "lambda_kit.events._view",
            "RequestAuthorizerEvent": "lambda_kit.events._authorizers",
            "RotationEvent": "lambda_kit.events._secrets",
            "S3BatchEvent": "lambda_kit.events._s3_batch",
            "S3BatchTask": "lambda_kit.events._s3_batch",
            "S3Event": "lambda_kit.events._s3",
            "S3EventBridgeEvent": "lambda_kit.events._bus",
            "S3Record": "lambda_kit.events._s3",
            "ScheduledEvent": "lambda_kit.events._bus",
            "SesEvent": "lambda_kit.events._ses",
            "SesRecord": "lambda_kit.events._ses",
            "SnsEvent": "lambda_kit.events._sns",
            "SnsMessage": "lambda_kit.events._sns",
            "SnsRecord": "lambda_kit.events._sns",
            "SqsEvent": "lambda_kit.events._sqs",
            "SqsRecord": "lambda_kit.events._sqs",
            "StepFunctionsTask": "lambda_kit.events._step_functions",
            "StreamFailureEvent": "lambda_kit.events._destinations",
            "TokenAuthorizerEvent": "lambda_kit.events._authorizers",
            "TransferLoginEvent": "lambda_kit.events._transfer",
            "TransferStepEvent": "lambda_kit.events._transfer",
            "UserMigrationEvent": "lambda_kit.events._cognito",
            "VerifyAuthChallengeEvent": "lambda_kit.events._cognito",
            "WebSocketEvent": "lambda_kit.events._websocket",
            "as_event": "lambda_kit.events._layer",
            "http_trigger_of": "lambda_kit.events._http_trigger",
            "parse": "lambda_kit.events._parse",
            "source_of": "lambda_kit.events._source",
            "validated": "lambda_kit.events._validate",
        },
    )


__all__ = [
    "ActiveMQEvent",
    "ActiveMQMessage",
    "AlarmEvent",
    "AlarmMetric",
    "AlarmState",
    "AppSyncAuthorizerEvent",
    "AppSyncBatchEvent",
    "AppSyncChannelEvent",
    "AppSyncEvent",
    "AppSyncIdentity",
    "Artifact",
    "BedrockAgentEvent",
    "BedrockApiEvent",
    "BedrockFunctionEvent",
    "BedrockParameter",
    "BusEvent",
    "ChallengeResult",
    "ChannelMessage",
    "CloudFrontEvent",
    "CloudFrontRequest",
    "CloudFrontResponse",
    "CloudWatchLogsEvent",
    "CodeDeployEvent",
    "CodePipelineEvent",
    "CognitoEvent",
    "ConfigItem",
    "ConfigRuleEvent",
    "ConnectEvent",
    "CreateAuthChallengeEvent",
    "CustomMessageEvent",
    "CustomResourceEvent",
    "CustomSenderEvent",
    "DefineAuthChallengeEvent",
    "DestinationEvent",
    "DocumentDBChange",
    "DocumentDBEvent",
    "DynamoDBRecord",
    "DynamoDBStreamEvent",
    "EventBridgeEvent",
    "FirehoseEvent",
    "FirehoseRecord",
    "HeaderValues",
    "HookEvent",
    "HttpEvent",
    "InboundFederationEvent",
    "InvocationRecord",
    "IotAuthorizerEvent",
    "IotRuleEvent",
    "KafkaEvent",
    "KafkaRecord",
    "KafkaSchema",
    "KinesisEvent",
    "KinesisRecord",
    "LexEvent",
    "LexIntent",
    "LexInterpretation",
    "LogEvent",
    "LogsData",
    "MacroEvent",
    "MessageAttribute",
    "PipesEvent",
    "PipesKinesisRecord",
    "PostAuthenticationEvent",
    "PostConfirmationEvent",
    "PreAuthenticationEvent",
    "PreSignUpEvent",
    "PreTokenGenerationEvent",
    "QueryValues",
    "RabbitMQEvent",
    "RabbitMQMessage",
    "Records",
    "RequestAuthorizerEvent",
    "RotationEvent",
    "S3BatchEvent",
    "S3BatchTask",
    "S3Event",
    "S3EventBridgeEvent",
    "S3Record",
    "ScheduledEvent",
    "SesEvent",
    "SesRecord",
    "SnsEvent",
    "SnsMessage",
    "SnsRecord",
    "SqsEvent",
    "SqsRecord",
    "StepFunctionsTask",
    "StreamFailureEvent",
    "TokenAuthorizerEvent",
    "TransferLoginEvent",
    "TransferStepEvent",
    "UserMigrationEvent",
    "VerifyAuthChallengeEvent",
    "WebSocketEvent",
    "as_event",
    "http_trigger_of",
    "parse",
    "source_of",
    "validated",
]
