"""The resources of `template.yaml`, made in the services on this machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import import_module
from typing import Any

REGION = "eu-west-1"
PRICES = {"tea": 450, "coffee": 890, "pot": 3200, "samovar": 64_900}
FLAGS = {"approvals": {"default": True}}
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "example",
    "AWS_SESSION_TOKEN": "example",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}
SIGNING_KEY = "a key that signs the tokens of this demo, and nothing else"


@dataclass(frozen=True, slots=True)
class Resources:
    """The resources.

    Attributes:
        url: where the services are.
        environ: the variables of the functions.
        stream: the ARN of the table's stream.
        queue: the URL of the queue of orders.
        redrive: the URL of the queue to which messages go that failed too often.
        letters: the URL of the queue of dead letters.
    """

    url: str
    environ: dict[str, str]
    stream: str
    queue: str
    redrive: str
    letters: str

    def client(self, service: str) -> Any:
        """Return a client of boto3, which reaches the services past all faults."""
        return client(service, self.url)

    def orders(self) -> list[dict[str, Any]]:
        """Return the items of the table of orders."""
        found: list[dict[str, Any]] = self.client("dynamodb").scan(TableName="orders", ConsistentRead=True)["Items"]
        return [{name: next(iter(value.values())) for name, value in item.items()} for item in found]

    def depth(self, url: str) -> int:
        """Return how many messages a queue has, those included that are being worked on."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def rotate(self, key: str) -> None:
        """Store a new key of the payment service."""
        self.client("secretsmanager").put_secret_value(SecretId="shop/payments", SecretString=json.dumps({"key": key}))


def client(service: str, url: str) -> Any:
    """Return a client of boto3 for the services at a URL."""
    keys = {name.lower(): value for name, value in CREDENTIALS.items() if "REGION" not in name}
    boto3: Any = import_module("boto3")  # it has no types
    made: Any = boto3.client(service, endpoint_url=url, region_name=REGION, **keys)
    return made


def make(url: str, payments_url: str, key: str, *, visibility: int) -> Resources:
    """Make all resources.

    Args:
        url: where the services are.
        payments_url: where the payment service is.
        key: the first key of the payment service.
        visibility: the visibility timeout of the queue, in seconds.
    """
    dynamodb, sqs = client("dynamodb", url), client("sqs", url)
    hash_key: dict[str, Any] = {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    table = dynamodb.create_table(TableName="orders", StreamSpecification=stream, **hash_key)["TableDescription"]
    dynamodb.create_table(TableName="idempotency", **hash_key)

    def queue(name: str, **attributes: str) -> str:
        made: str = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return made

    letters, redrive = queue("letters"), queue("orders-redrive")
    arn = sqs.get_queue_attributes(QueueUrl=redrive, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 20})
    orders = queue("orders", VisibilityTimeout=str(visibility), RedrivePolicy=policy)
    for name, value in {"/shop/prices": json.dumps(PRICES), "/shop/approval-limit": "50000"}.items():
        client("ssm", url).put_parameter(Name=name, Value=value, Type="String")
    secrets = client("secretsmanager", url)
    secrets.create_secret(Name="shop/payments", SecretString=json.dumps({"key": key}))
    secrets.create_secret(Name="shop/signing", SecretString=SIGNING_KEY)
    _flags(client("appconfig", url))
    environ = {
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": url,
        "ORDERS_QUEUE": orders,
        "LETTERS_QUEUE": letters,
        "PAYMENTS_URL": payments_url,
    }
    return Resources(url, environ, table["LatestStreamArn"], orders, redrive, letters)


def _flags(config: Any) -> None:
    application = config.create_application(Name="shop")["Id"]
    environment = config.create_environment(ApplicationId=application, Name="prod")["Id"]
    profile = config.create_configuration_profile(ApplicationId=application, Name="features", LocationUri="hosted")
    version = config.create_hosted_configuration_version(
        ApplicationId=application,
        ConfigurationProfileId=profile["Id"],
        Content=json.dumps(FLAGS).encode(),
        ContentType="application/json",
    )
    config.start_deployment(
        ApplicationId=application,
        EnvironmentId=environment,
        DeploymentStrategyId="AppConfig.AllAtOnce",
        ConfigurationProfileId=profile["Id"],
        ConfigurationVersion=str(version["VersionNumber"]),
    )
