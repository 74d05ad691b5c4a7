"""Every operation that the kit calls, against services that nobody here wrote, beside boto3."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.aws import connect
from lambda_kit.errors import AwsError, ConditionalCheckFailed, NotFound
from tests.effort import skip_in_the_middle

if TYPE_CHECKING:
    from tests.conftest import Aws

skip_in_the_middle()

TABLE = "records"
type_of: Any = type  # for type checkers, which would narrow what a check of `type(x)` is about


def plain(value: Any) -> Any:
    """Return what boto3 has returned as the lean client returns it: times in seconds, no metadata, what can be read."""
    cls: Any = type_of(value)
    if cls is dict:
        return {name: plain(item) for name, item in value.items() if name != "ResponseMetadata"}
    if cls is list:
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return pytest.approx(value.timestamp(), abs=0.001)
    if hasattr(value, "read"):
        return value.read()
    return value


@pytest.fixture(params=["lean", "boto3"])
def caller(request: pytest.FixtureRequest, aws: Aws) -> Any:
    """A function that makes the callers of a service, by the lean client and by a boto3 client given to it."""

    def make(service: str) -> Any:
        return connect(service, None if request.param == "lean" else aws.boto3(service))

    return make


@pytest.fixture
def table(aws: Aws) -> Any:
    client = aws.boto3("dynamodb")
    client.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def test_parameters_are_put_and_got(aws: Aws, caller: Any) -> None:
    ssm, boto3 = caller("ssm"), aws.boto3("ssm")
    assert ssm.call("PutParameter", {"Name": "/a/1", "Value": "é\n", "Type": "String"})["Version"] == 1
    assert ssm.call("PutParameter", {"Name": "/a/1", "Value": "2", "Type": "String", "Overwrite": True})["Version"] == 2
    for i in range(2, 26):
        boto3.put_parameter(Name=f"/a/{i}", Value=str(i), Type="SecureString" if i % 2 else "String")
    params = {"Name": "/a/1", "WithDecryption": True}
    assert ssm.call("GetParameter", params) == plain(boto3.get_parameter(**params))
    names = {"Names": ["/a/2", "/a/3", "/none"], "WithDecryption": True}
    assert ssm.call("GetParameters", names) == plain(boto3.get_parameters(**names))
    found: list[Any] = []
    page: dict[str, Any] = {}
    while True:
        params = {"Path": "/a", "Recursive": True, "MaxResults": 10, "WithDecryption": True, **page}
        reply = ssm.call("GetParametersByPath", params)
        assert reply == plain(boto3.get_parameters_by_path(**params))
        found += reply["Parameters"]
        if not reply.get("NextToken"):
            break
        page = {"NextToken": reply["NextToken"]}
    assert sorted(one["Name"] for one in found) == sorted(f"/a/{i}" for i in range(1, 26))


def test_secrets_are_made_and_got_text_and_binary(aws: Aws, caller: Any) -> None:
    secrets, boto3 = caller("secretsmanager"), aws.boto3("secretsmanager")
    made = secrets.call("CreateSecret", {"Name": "s", "SecretString": '{"a": "é"}'})
    assert (set(made), made["Name"]) == (
        set(plain(boto3.create_secret(Name="other", SecretString="x"))),
        "s",
    )
    assert secrets.call("GetSecretValue", {"SecretId": "s"}) == plain(boto3.get_secret_value(SecretId="s"))
    put = secrets.call("PutSecretValue", {"SecretId": "s", "SecretBinary": b"\x00\xff"})
    theirs = plain(boto3.put_secret_value(SecretId="other", SecretBinary=b"\x00\xff"))
    own = ("ARN", "Name", "VersionId")  # of the two secrets
    assert {name: put[name] for name in put if name not in own} == {
        name: theirs[name] for name in theirs if name not in own
    }
    found = secrets.call("GetSecretValue", {"SecretId": "s"})
    assert found == plain(boto3.get_secret_value(SecretId="s"))
    assert found["SecretBinary"] == b"\x00\xff"
    assert secrets.call("DescribeSecret", {"SecretId": "s"}) == plain(boto3.describe_secret(SecretId="s"))


def test_a_configuration_is_polled(aws: Aws, caller: Any) -> None:
    names = {
        "ApplicationIdentifier": "shop",
        "EnvironmentIdentifier": "prod",
        "ConfigurationProfileIdentifier": "flags",
    }
    deploy(aws, b'{"a": 1}')
    data, boto3 = caller("appconfigdata"), aws.boto3("appconfigdata")
    token = data.call("StartConfigurationSession", names)["InitialConfigurationToken"]
    first = data.call("GetLatestConfiguration", {"ConfigurationToken": token})
    assert first["Configuration"] == b'{"a": 1}'
    assert first["ContentType"] == "application/json"
    theirs = boto3.start_configuration_session(**names)["InitialConfigurationToken"]  # each token serves once
    same = plain(boto3.get_latest_configuration(ConfigurationToken=theirs))
    assert {**first, "NextPollConfigurationToken": ""} == {**same, "NextPollConfigurationToken": ""}
    token = first["NextPollConfigurationToken"]
    second = data.call("GetLatestConfiguration", {"ConfigurationToken": token})
    assert second["Configuration"] == b""
    deploy(aws, b'{"a": 2}')
    third = data.call("GetLatestConfiguration", {"ConfigurationToken": second["NextPollConfigurationToken"]})
    assert third["Configuration"] == b'{"a": 2}'


def deploy(aws: Aws, content: bytes) -> None:
    """Deploy a version of the configuration shop/prod/flags."""
    config = aws.boto3("appconfig")
    applications = {one["Name"]: one["Id"] for one in config.list_applications()["Items"]}
    application = applications.get("shop") or config.create_application(Name="shop")["Id"]
    environments = config.list_environments(ApplicationId=application)["Items"]
    environment = next((one["Id"] for one in environments), None)
    environment = environment or config.create_environment(ApplicationId=application, Name="prod")["Id"]
    profiles = config.list_configuration_profiles(ApplicationId=application)["Items"]
    profile = next((one["Id"] for one in profiles), None)
    profile = (
        profile
        or config.create_configuration_profile(ApplicationId=application, Name="flags", LocationUri="hosted")["Id"]
    )
    version = config.create_hosted_configuration_version(
        ApplicationId=application, ConfigurationProfileId=profile, Content=content, ContentType="application/json"
    )["VersionNumber"]
    strategy = config.create_deployment_strategy(
        Name=f"at once {version}",
        DeploymentDurationInMinutes=0,
        FinalBakeTimeInMinutes=0,
        GrowthFactor=100,
        ReplicateTo="NONE",
    )["Id"]
    config.start_deployment(
        ApplicationId=application,
        EnvironmentId=environment,
        ConfigurationProfileId=profile,
        ConfigurationVersion=str(version),
        DeploymentStrategyId=strategy,
    )


ITEM: dict[str, Any] = {
    "id": {"S": "é"},
    "n": {"N": "1.5"},
    "b": {"B": b"\x00\xff"},
    "bs": {"BS": [b"a", b"b"]},
    "m": {"M": {"l": {"L": [{"B": b"deep"}, {"NULL": True}, {"BOOL": False}]}}},
}


def test_items_are_written_read_and_deleted(aws: Aws, caller: Any, table: Any) -> None:
    dynamodb = caller("dynamodb")
    assert dynamodb.call("PutItem", {"TableName": TABLE, "Item": ITEM}) == {}
    key = {"TableName": TABLE, "Key": {"id": {"S": "é"}}, "ConsistentRead": True}
    found = dynamodb.call("GetItem", key)
    assert found == plain(table.get_item(**key))
    assert found["Item"] == ITEM
    update = {
        "TableName": TABLE,
        "Key": {"id": {"S": "é"}},
        "UpdateExpression": "SET n = :n",
        "ExpressionAttributeValues": {":n": {"B": b"new"}},
        "ReturnValues": "ALL_NEW",
    }
    assert dynamodb.call("UpdateItem", update)["Attributes"] == {**ITEM, "n": {"B": b"new"}}
    assert dynamodb.call("DeleteItem", {"TableName": TABLE, "Key": {"id": {"S": "é"}}}) == {}
    assert dynamodb.call("GetItem", key) == {}


def test_a_condition_that_does_not_hold_comes_with_the_item_that_is_there(aws: Aws, caller: Any, table: Any) -> None:
    dynamodb = caller("dynamodb")
    table.put_item(TableName=TABLE, Item=ITEM)
    key: dict[str, Any] = {"Key": {"id": ITEM["id"]}}
    writes: list[tuple[str, dict[str, Any]]] = [
        ("PutItem", {"Item": ITEM}),
        ("UpdateItem", {**key, "UpdateExpression": "REMOVE n"}),
        ("DeleteItem", key),
    ]
    for operation, params in writes:
        write = {"TableName": TABLE, "ConditionExpression": "attribute_not_exists(id)", **params}
        with pytest.raises(ConditionalCheckFailed) as caught:
            dynamodb.call(operation, {**write, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"})
        assert caught.value.item == ITEM
        assert (caught.value.code, caught.value.status) == ("ConditionalCheckFailedException", 400)
        with pytest.raises(ConditionalCheckFailed) as caught:
            dynamodb.call(operation, write)
        assert caught.value.item is None


def test_messages_are_sent_hidden_and_deleted(aws: Aws, caller: Any) -> None:
    sqs, boto3 = caller("sqs"), aws.boto3("sqs")
    url = boto3.create_queue(QueueName="q")["QueueUrl"]
    attributes = {"a": {"DataType": "Binary", "BinaryValue": b"\x00"}}
    sent = sqs.call("SendMessage", {"QueueUrl": url, "MessageBody": "é", "MessageAttributes": attributes})
    theirs = plain(boto3.send_message(QueueUrl=url, MessageBody="é", MessageAttributes=attributes))
    assert {**sent, "MessageId": ""} == {**theirs, "MessageId": ""}
    batch = sqs.call("SendMessageBatch", {"QueueUrl": url, "Entries": [{"Id": "1", "MessageBody": "two"}]})
    assert [one["Id"] for one in batch["Successful"]] == ["1"]
    received = boto3.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])["Messages"]
    assert sorted(one["Body"] for one in received) == ["two", "é", "é"]
    handles = [one["ReceiptHandle"] for one in received]
    entries = [{"Id": str(i), "ReceiptHandle": one, "VisibilityTimeout": 30} for i, one in enumerate(handles)]
    hidden = sqs.call("ChangeMessageVisibilityBatch", {"QueueUrl": url, "Entries": entries})
    assert [one["Id"] for one in hidden["Successful"]] == ["0", "1", "2"]
    sqs.call("ChangeMessageVisibility", {"QueueUrl": url, "ReceiptHandle": handles[0], "VisibilityTimeout": 0})
    for handle in handles:
        sqs.call("DeleteMessage", {"QueueUrl": url, "ReceiptHandle": handle})
    assert "Messages" not in boto3.receive_message(QueueUrl=url)


@pytest.mark.parametrize(
    ("service", "operation", "params", "code"),
    [
        ("ssm", "GetParameter", {"Name": "/none"}, "ParameterNotFound"),
        ("secretsmanager", "GetSecretValue", {"SecretId": "none"}, "ResourceNotFoundException"),
        ("dynamodb", "GetItem", {"TableName": "none", "Key": {"id": {"S": "1"}}}, "ResourceNotFoundException"),
    ],
)
def test_what_is_not_there_is_the_same_error_for_both(
    aws: Aws, service: str, operation: str, params: dict[str, Any], code: str
) -> None:
    raised: list[NotFound] = []
    for client in (None, aws.boto3(service)):
        with pytest.raises(NotFound) as caught:
            connect(service, client).call(operation, params)
        raised.append(caught.value)
    mine, theirs = raised
    assert (mine.code, mine.reason, mine.status) == (theirs.code, theirs.reason, theirs.status)
    assert (mine.code, mine.service, mine.operation) == (code, service, operation)


@pytest.mark.parametrize(
    ("service", "operation", "params", "code"),
    [
        ("ssm", "PutParameter", {"Name": "/there", "Value": "2", "Type": "String"}, "ParameterAlreadyExists"),
        ("secretsmanager", "CreateSecret", {"Name": "there", "SecretString": "2"}, "ResourceExistsException"),
        ("appconfigdata", "GetLatestConfiguration", {"ConfigurationToken": "none"}, "BadRequestException"),
        ("dynamodb", "PutItem", {"TableName": TABLE, "Item": {"other": {"S": "1"}}}, "ValidationException"),
    ],
)
def test_what_is_refused_is_the_same_error_for_both(
    aws: Aws, table: Any, service: str, operation: str, params: dict[str, Any], code: str
) -> None:
    aws.boto3("ssm").put_parameter(Name="/there", Value="1", Type="String")
    aws.boto3("secretsmanager").create_secret(Name="there", SecretString="1")
    raised: list[AwsError] = []
    for client in (None, aws.boto3(service)):
        with pytest.raises(AwsError) as caught:
            connect(service, client).call(operation, params)
        raised.append(caught.value)
    mine, theirs = raised
    assert (type(mine), mine.code, mine.status) == (type(theirs), theirs.code, theirs.status)
    assert (mine.code, mine.status) == (code, 400)


def test_a_queue_that_is_not_there_is_the_same_error_for_both(aws: Aws) -> None:
    params = {"QueueUrl": f"{aws.url}/000000000000/none", "MessageBody": "x"}
    codes: set[tuple[str, str]] = set()
    for client in (None, aws.boto3("sqs")):
        with pytest.raises(AwsError) as caught:
            connect("sqs", client).call("SendMessage", params)
        codes.add((type(caught.value).__name__, caught.value.code))
    assert len(codes) == 1
