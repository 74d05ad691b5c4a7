"""A stack with what functions of the kit need, for the AWS CDK: `pip install aws-cdk-lib`, then `cdk deploy`."""

from pathlib import Path

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_appconfig as appconfig
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

ROOT = Path(__file__).parent.parent.parent
# The AppConfig agent in your region, from
# https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-integration-lambda-extensions-versions.html
APP_CONFIG_EXTENSION = "arn:aws:lambda:us-east-1:027255383542:layer:AWS-AppConfig-Extension-Arm64:67"


class ShopStack(Stack):
    def __init__(self, scope: Construct, name: str) -> None:
        super().__init__(scope, name)
        # The kit as a layer, which `make dist layer` builds in its repository.
        kit = lambda_.LayerVersion(
            self,
            "Kit",
            code=lambda_.Code.from_asset(str(ROOT / "dist" / "lambda-kit-sdk-core-python3.13-arm64.zip")),
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
        # Feature flags, which the AppConfig agent fetches
        application = appconfig.Application(self, "Shop", application_name="shop")
        prod = appconfig.Environment(self, "Prod", application=application, environment_name="prod")
        flags = appconfig.CfnConfigurationProfile(
            self,
            "Flags",
            application_id=application.application_id,
            name="flags",
            location_uri="hosted",
            type="AWS.AppConfig.FeatureFlags",
        )
        agent = lambda_.LayerVersion.from_layer_version_arn(self, "AppConfigAgent", APP_CONFIG_EXTENSION)
        api = lambda_.Function(
            self,
            "Api",
            handler="api.handler",
            params_and_secrets=extensions,
            environment={
                "LAMBDA_KIT_SERVICE": "shop",
                "IDEMPOTENCY_TABLE": records.table_name,
                "FLAGS": f"{application.application_id}:{prod.environment_id}:{flags.ref}",
            },
            **common | {"layers": [kit, agent]},
        )
        api.add_to_role_policy(
            iam.PolicyStatement(
                actions=["appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration"],
                resources=[f"{prod.environment_arn}/configuration/{flags.ref}"],
            )
        )
        api.add_to_role_policy(
            iam.PolicyStatement(
                actions=["ssm:GetParameter"],
                resources=[self.format_arn(service="ssm", resource="parameter", resource_name="shop/*")],
            )
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

        # A container image, which has the kit inside: no layer
        lambda_.DockerImageFunction(
            self,
            "Hello",
            code=lambda_.DockerImageCode.from_image_asset(
                str(ROOT),
                file="examples/deploy/Dockerfile",
                exclude=["*", "!dist", "!requirements", "!examples"],
            ),
            architecture=lambda_.Architecture.ARM_64,
        )

        # Managed Instances: EC2 instances in your network that Lambda runs, with several requests at a time in each
        network = ec2.Vpc(self, "Network", max_azs=3)
        instances = lambda_.CapacityProvider(
            self,
            "Instances",
            subnets=network.private_subnets,
            security_groups=[ec2.SecurityGroup(self, "InstancesGroup", vpc=network)],
            architectures=[lambda_.Architecture.ARM_64],
        )
        # Memory is for all processes of an environment, of which there is one for each request at a time.
        prices = lambda_.Function(self, "Prices", handler="prices.handler", **common | {"memory_size": 4096})
        instances.add_function(
            prices, per_execution_environment_max_concurrency=16, execution_environment_memory_gib_per_v_cpu=4
        )
