"""What the data classes of Powertools find in an event, our views find too, or the difference has a reason."""

from __future__ import annotations

import json
import re
import subprocess
from base64 import b64decode, b64encode
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.errors import EventError
from lambda_kit.events import QueryValues, http_trigger_of, source_of
from tests.effort import skip_in_the_middle
from tests.events import kinds
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

skip_in_the_middle()

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venvs" / "peer" / "bin" / "python"
PROGRAM = Path(__file__).parent / "functions" / "peer.py"
COGNITO = "cognito_user_pool_event"
CLASSES: dict[str, tuple[str, str]] = {
    "active_mq": ("active_mq_event", "ActiveMQEvent"),
    "alarm": ("cloud_watch_alarm_event", "CloudWatchAlarmEvent"),
    "appsync": ("appsync_resolver_event", "AppSyncResolverEvent"),
    "appsync_authorizer": ("appsync_authorizer_event", "AppSyncAuthorizerEvent"),
    "appsync_events": ("appsync_resolver_events_event", "AppSyncResolverEventsEvent"),
    "bedrock_agent_api": ("bedrock_agent_event", "BedrockAgentEvent"),
    "bedrock_agent_function": ("bedrock_agent_function_event", "BedrockAgentFunctionEvent"),
    "cloudwatch_logs": ("cloud_watch_logs_event", "CloudWatchLogsEvent"),
    "code_deploy": ("code_deploy_lifecycle_hook_event", "CodeDeployLifecycleHookEvent"),
    "code_pipeline": ("code_pipeline_job_event", "CodePipelineJobEvent"),
    "cognito_create_auth_challenge": (COGNITO, "CreateAuthChallengeTriggerEvent"),
    "cognito_custom_email_sender": (COGNITO, "CustomEmailSenderTriggerEvent"),
    "cognito_custom_message": (COGNITO, "CustomMessageTriggerEvent"),
    "cognito_custom_sms_sender": (COGNITO, "CustomSMSSenderTriggerEvent"),
    "cognito_define_auth_challenge": (COGNITO, "DefineAuthChallengeTriggerEvent"),
    "cognito_post_authentication": (COGNITO, "PostAuthenticationTriggerEvent"),
    "cognito_post_confirmation": (COGNITO, "PostConfirmationTriggerEvent"),
    "cognito_pre_authentication": (COGNITO, "PreAuthenticationTriggerEvent"),
    "cognito_pre_sign_up": (COGNITO, "PreSignUpTriggerEvent"),
    "cognito_pre_token_generation": (COGNITO, "PreTokenGenerationV2TriggerEvent"),
    "cognito_user_migration": (COGNITO, "UserMigrationTriggerEvent"),
    "cognito_verify_auth_challenge": (COGNITO, "VerifyAuthChallengeResponseTriggerEvent"),
    "config_rule": ("aws_config_rule_event", "AWSConfigRuleEvent"),
    "connect": ("connect_contact_flow_event", "ConnectContactFlowEvent"),
    "custom_resource": ("cloudformation_custom_resource_event", "CloudFormationCustomResourceEvent"),
    "dynamodb": ("dynamo_db_stream_event", "DynamoDBStreamEvent"),
    "event_bridge": ("event_bridge_event", "EventBridgeEvent"),
    "firehose": ("kinesis_firehose_event", "KinesisFirehoseEvent"),
    "http alb": ("alb_event", "ALBEvent"),
    "http alb_multi_value": ("alb_event", "ALBEvent"),
    "http function_url": ("lambda_function_url_event", "LambdaFunctionUrlEvent"),
    "http http_api_1": ("api_gateway_proxy_event", "APIGatewayProxyEvent"),
    "http http_api_2": ("api_gateway_proxy_event", "APIGatewayProxyEventV2"),
    "http lattice_1": ("vpc_lattice", "VPCLatticeEvent"),
    "http lattice_2": ("vpc_lattice", "VPCLatticeEventV2"),
    "http rest_api": ("api_gateway_proxy_event", "APIGatewayProxyEvent"),
    "kafka": ("kafka_event", "KafkaEvent"),
    "kinesis": ("kinesis_stream_event", "KinesisStreamEvent"),
    "rabbit_mq": ("rabbit_mq_event", "RabbitMQEvent"),
    "request_authorizer": ("api_gateway_authorizer_event", "APIGatewayAuthorizerRequestEvent"),
    "s3": ("s3_event", "S3Event"),
    "s3_batch": ("s3_batch_operation_event", "S3BatchOperationEvent"),
    "s3_event_bridge": ("s3_event", "S3EventBridgeNotificationEvent"),
    "schedule": ("event_bridge_event", "EventBridgeEvent"),
    "secrets_rotation": ("secrets_manager_event", "SecretsManagerEvent"),
    "ses": ("ses_event", "SESEvent"),
    "sns": ("sns_event", "SNSEvent"),
    "sqs": ("sqs_event", "SQSEvent"),
    "token_authorizer": ("api_gateway_authorizer_event", "APIGatewayAuthorizerTokenEvent"),
    "transfer_login": ("transfer_family_event", "TransferFamilyAuthorizer"),
    "websocket": ("api_gateway_websocket_event", "APIGatewayWebSocketEvent"),
}
# Values of the peer that our views do not have, or have otherwise: a source, a property of the peer, the reason.
DIFFERENCES: list[tuple[str, str, str]] = [
    ("dynamodb", "records.dynamodb.approximate_creation_date_time", "theirs has no fractions of seconds"),
    ("firehose", "records.data", "a sample of SAM has too much padding in its base64, which theirs ignores"),
    ("firehose", "records.data_as_bytes", "the same"),
    ("firehose", "records.data_as_text", "the same"),
    *(
        (f"http {trigger}", path, why)
        for trigger, path, why in [
            ("alb", "body", "a sample says that it is base64, and it is not: ours is an error"),
            ("alb_multi_value", "body", "a sample says that it is base64, and it is not: ours is an error"),
            ("http_api_2", "body", "a sample says that it is base64, and it is not: ours is an error"),
            ("alb_multi_value", "multi_value_query_string_parameters", "theirs is encoded unless a flag is set"),
            ("alb_multi_value", "resolved_query_string_parameters", "theirs is encoded unless a flag is set"),
            ("lattice_1", "raw_path", "theirs has the query in it"),
            ("http_api_2", "query_string_parameters", "theirs joins repeated values by commas, ours has each"),
            ("http_api_2", "raw_query_string", "ours has the parameters in it; `raw` has the text"),
            ("http_api_2", "resolved_headers_field", "theirs splits at commas, and takes dates apart"),
            ("function_url", "resolved_headers_field", "theirs splits at commas, and takes dates apart"),
            (
                "rest_api",
                "headers",
                "`Host` of a sample of SAM differs from that with all values, which counts for ours",
            ),
            ("function_url", "version", "`trigger` tells the payload"),
            ("http_api_1", "version", "`trigger` tells the payload"),
            ("http_api_2", "version", "`trigger` tells the payload"),
            ("lattice_2", "version", "`trigger` tells the payload"),
        ]
    ),
    ("kafka", "bootstrap_servers", "theirs is the text, ours the list of servers"),
    ("kafka", "records.headers", "theirs are the numbers of the bytes, ours the bytes"),
    ("rabbit_mq", "rmq_messages_by_queue", "theirs are the numbers of the bytes of headers, ours the bytes"),
    ("sqs", "records.message_attributes", "a sample has a place-holder as the bytes of a number, which ours ignores"),
    ("request_authorizer", "parsed_arn", "the builders of answers take the ARN apart"),
    ("token_authorizer", "parsed_arn", "the builders of answers take the ARN apart"),
    *(
        (source, path, "it is the same for all events of a source, and `source` of the view names it")
        for source, path in [
            ("active_mq", "event_source"),
            ("dynamodb", "records.event_source"),
            ("kafka", "event_source"),
            ("kinesis", "records.event_name"),
            ("kinesis", "records.event_source"),
            ("rabbit_mq", "event_source"),
            ("sns", "records.event_source"),
            ("sqs", "records.event_source"),
        ]
    ),
    ("schedule", "detail", "theirs is the text of EventBridge Scheduler, ours the object in it"),
]


def kind_of(event: Any) -> str:
    """Return the source of an event, for HTTP requests with their trigger."""
    source = str(source_of(event))
    return f"http {http_trigger_of(event)}" if source == "http" else source


def payloads() -> dict[str, Any]:
    """Return all samples whose source the peer has a class for."""
    found = dict(kinds.SAMPLES)
    for path in sorted((Path(__file__).parent / "payloads").glob("http_*.json")):
        found[path.name] = json.loads(path.read_text("utf-8"))
    for path in sorted(kinds.SHARED.rglob("*.json")):
        found[path.relative_to(kinds.SHARED).as_posix()] = json.loads(path.read_text("utf-8"))
    return {name: payload for name, payload in found.items() if kind_of(payload) in CLASSES}


def forms(value: Any) -> Iterator[str]:
    """Return a value, and the values within it, as texts in which both sides can be compared."""
    if kinds.is_a(value, QueryValues):  # headers too
        value = {name: [value[name], *value.all(name)] for name in value}
    if kinds.is_a(value, dict) and set(value) == {"bytes"} and kinds.is_a(value["bytes"], str):
        value = b64decode(value["bytes"])
    if kinds.is_a(value, dict):
        for one in value.values():
            yield from forms(one)
    elif kinds.is_a(value, list, tuple, set):
        for one in value:
            yield from forms(one)
    elif kinds.is_a(value, datetime):
        yield str(value.timestamp())
    elif kinds.is_a(value, bytes):
        yield b64encode(value).decode()
        yield value.decode("utf-8", "replace")
    elif kinds.is_a(value, bool):
        yield str(value).lower()
    elif kinds.is_a(value, int, float, Decimal):
        yield str(float(value))
    elif kinds.is_a(value, str):
        yield value
        yield from times(value)


def times(text: str) -> Iterator[str]:
    """Return the text as a number, or as the time in it, if it is one."""
    with suppress(ValueError):
        yield str(float(text))
    with suppress(ValueError):
        at = datetime.fromisoformat(text)
        yield str((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def ours(view: Any) -> set[str]:
    found: set[str] = set()
    for _, _, value in kinds.read(view):
        if not kinds.is_a(value, EventError):
            found.update(forms(value))
    return found


def is_found(value: Any, known: set[str]) -> bool:
    """Tell whether a value of the peer is among ours; a number may be seconds, milliseconds or microseconds."""
    if kinds.is_a(value, dict) and set(value) != {"bytes"}:
        return all(is_found(one, known) for one in value.values())
    if kinds.is_a(value, list):
        return all(is_found(one, known) for one in value)
    if value is None or value == "":
        return True
    if any(one in known for one in forms(value)):
        return True
    if kinds.is_a(value, int, float) and not kinds.is_a(value, bool):
        return any(str(value / unit) in known for unit in (1_000, 1_000_000))
    return kinds.is_a(value, str) and value.isdigit() and str(int(value) / 1000) in known


@pytest.mark.skipif(not PYTHON.exists(), reason="Powertools is not installed: make .venvs/peer/.installed")
def test_a_value_of_the_peer_is_a_value_of_ours() -> None:
    events = payloads()
    sent = [(*CLASSES[kind_of(event)], event) for event in events.values()]
    answer = subprocess.run(
        [str(PYTHON), str(PROGRAM)],
        input=json.dumps(sent),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    missing: set[tuple[str, str]] = set()
    for event, theirs in zip(events.values(), json.loads(answer.stdout), strict=True):
        source = kind_of(event)
        known = ours(kinds.view_of(str(source_of(event)))(event))
        for path, value in theirs.items():
            if kinds.is_a(value, dict) and set(value) == {"error"}:
                continue  # the peer cannot read it
            if not is_found(value, known):
                missing.add((source, re.sub(r"\.\d+(?=\.)", "", path)))
    reasons = {(source, path) for source, path, _ in DIFFERENCES}
    assert sorted(missing - reasons) == []
    if kinds.SHARED.is_dir():
        assert sorted(reasons - missing) == [], "these no longer differ"
