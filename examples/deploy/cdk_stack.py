"""A stack with all that functions of the kit need, for the AWS CDK: `pip install aws-cdk-lib`, then `cdk deploy`."""

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct


class ShopStack(Stack):
    def __init__(self, scope: Construct, name: str) -> None:
        super().__init__(scope, name)
        # pip install --target layer/python lambda-kit-sdk, for the architecture of the functions
        kit = lambda_.LayerVersion(
            self,
            "Kit",
            code=lambda_.Code.from_asset("layer"),
            compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
            compatible_architectures=[lambda_.Architecture.ARM_64],
        )
        extensions = lambda_.ParamsAndSecretsLayerVersion.from_version(
            lambda_.ParamsAndSecretsVersions.V1_0_103, parameter_store_ttl=Duration.minutes(5)
        )
        common = {
            "runtime": lambda_.Runtime.PYTHON_3_13,
            "architecture": lambda_.Architecture.ARM_64,
            "code": lambda_.Code.from_asset("src"),
            "layers": [kit],
            "memory_size": 512,
            "timeout": Duration.seconds(30),
            "tracing": lambda_.Tracing.ACTIVE,  # for Tracer
            "logging_format": lambda_.LoggingFormat.JSON,
            "application_log_level_v2": lambda_.ApplicationLogLevel.INFO,
        }

        records = dynamodb.Table(
            self,
            "Idempotency",
            partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute="expiration",
            removal_policy=RemovalPolicy.RETAIN,
        )
        api = lambda_.Function(
            self,
            "Api",
            handler="api.handler",
            params_and_secrets=extensions,
            environment={"LAMBDA_KIT_SERVICE": "shop", "IDEMPOTENCY_TABLE": records.table_name},
            **common,
        )
        records.grant(api, "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:GetItem")
        api.add_function_url(auth_type=lambda_.FunctionUrlAuthType.AWS_IAM)

        dead = sqs.Queue(self, "DeadLetters", retention_period=Duration.days(14))
        orders = sqs.Queue(
            self,
            "Orders",
            visibility_timeout=Duration.seconds(180),  # six times the timeout of the function
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead, max_receive_count=5),
        )
        worker = lambda_.Function(self, "Worker", handler="worker.handler", **common)
        worker.add_event_source(
            sources.SqsEventSource(
                orders,
                batch_size=10,
                max_batching_window=Duration.seconds(1),
                report_batch_item_failures=True,  # without it one failure retries the whole batch
                max_concurrency=20,
            )
        )

        # SnapStart: an alias on a published version
        reports = lambda_.Function(
            self, "Reports", handler="reports.handler", snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS, **common
        )
        lambda_.Alias(self, "ReportsLive", alias_name="live", version=reports.current_version)

        # A streamed response: the kit's own runtime client, which is experimental
        chat = lambda_.Function(
            self,
            "Chat",
            handler="chat.handler",
            environment={"AWS_LAMBDA_EXEC_WRAPPER": "/opt/python/bin/lambda-kit-runtime"},
            **common,
        )
        chat.add_function_url(
            auth_type=lambda_.FunctionUrlAuthType.AWS_IAM, invoke_mode=lambda_.InvokeMode.RESPONSE_STREAM
        )
