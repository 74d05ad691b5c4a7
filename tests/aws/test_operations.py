"""Operations on the wire: what is sent is what the installed botocore sends, what is read is what it reads."""

from __future__ import annotations

import base64
import functools
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.aws._boto import _plain
from lambda_kit.aws._failures import hide, read_failure
from lambda_kit.aws._services import operations_of
from lambda_kit.errors import ConfigurationError
from tests.aws import botocores
from tests.effort import skip_in_the_middle

skip_in_the_middle()

_session = botocores.session.get_session()
SERVICES = (
    *("ssm", "secretsmanager", "appconfigdata", "dynamodb", "sqs"),
    *("stepfunctions", "config", "codepipeline", "codedeploy"),
)
MODELS = {service: _session.get_service_model(service) for service in SERVICES}
ALL = [(service, name) for service in SERVICES for name in operations_of(service)]
REQUEST_ID = "7a62c49f-347e-4fc4-9331-6e8eaf5bd4c7"


def protocol_of(service: str) -> str:
    """The protocol that the kit speaks; botocore prefers another one for some services, which all speak JSON too."""
    metadata = MODELS[service].metadata
    return "json" if "json" in metadata.get("protocols", ()) else metadata["protocol"]


def shape_values(shape: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that fit a shape of botocore's model, as its users write them."""
    kind = shape.type_name
    if kind == "structure":
        if shape.name == "AttributeValue":
            return attribute_values()
        members = {name: shape_values(one, depth + 1) for name, one in shape.members.items()}
        required = {name: one for name, one in members.items() if name in shape.required_members}
        optional = {name: one for name, one in members.items() if name not in required}
        return st.fixed_dictionaries(required, optional=optional)
    if kind == "list":
        return st.lists(shape_values(shape.member, depth + 1), max_size=2)
    if kind == "map":
        return st.dictionaries(shape_values(shape.key), shape_values(shape.value, depth + 1), max_size=2)
    scalars: dict[str, st.SearchStrategy[Any]] = {
        "string": st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
        "blob": st.binary(max_size=12),
        "boolean": st.booleans(),
        "integer": st.integers(-(2**31), 2**31 - 1),
        "long": st.integers(-(2**63), 2**63 - 1),
        "double": st.floats(allow_nan=False, allow_infinity=False),
        "timestamp": st.integers(0, 2**32)
        if shape.name in ("OrderingTimestamp", "Time")
        else st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    }
    return scalars[kind]


@functools.cache  # a strategy is dear to make
def values_of_operation(service: str, name: str, direction: str) -> st.SearchStrategy[Any]:
    return shape_values(getattr(model_of(service, name), f"{direction}_shape"))


@functools.cache
def attribute_values() -> st.SearchStrategy[Any]:
    """DynamoDB's attribute values, to some depth, also in attributes that have the names of types."""
    names = st.sampled_from(["B", "BS", "M", "L", "S", "id", "é"])
    leaves = st.one_of(
        st.fixed_dictionaries({"S": st.text(st.characters(exclude_categories=["Cs"]), max_size=5)}),
        st.fixed_dictionaries({"N": st.integers().map(str)}),
        st.fixed_dictionaries({"B": st.binary(max_size=8)}),
        st.fixed_dictionaries({"BS": st.lists(st.binary(max_size=4), max_size=3)}),
        st.fixed_dictionaries({"BOOL": st.booleans()}),
        st.just({"NULL": True}),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.fixed_dictionaries({"L": st.lists(inner, max_size=3)}),
            st.fixed_dictionaries({"M": st.dictionaries(names, inner, max_size=3)}),
        ),
        max_leaves=6,
    )


def model_of(service: str, name: str) -> Any:
    return MODELS[service].operation_model(name)


def wire_value(shape: Any, value: Any) -> Any:
    """What AWS sends for a value: times as numbers, bytes as base64."""
    if shape.type_name == "structure":
        return {name: wire_value(shape.members[name], one) for name, one in value.items()}
    if shape.type_name == "list":
        return [wire_value(shape.member, one) for one in value]
    if shape.type_name == "map":
        return {name: wire_value(shape.value, one) for name, one in value.items()}
    if shape.type_name == "timestamp":
        return value if isinstance(value, int) else value.timestamp()
    return base64.b64encode(value).decode() if shape.type_name == "blob" else value


@pytest.mark.parametrize(("service", "name"), ALL, ids=lambda one: one)
@given(data=st.data())
def test_a_request_is_the_one_that_botocore_writes(service: str, name: str, data: st.DataObject) -> None:
    model = model_of(service, name)
    params = data.draw(values_of_operation(service, name, "input"))
    idempotent = dict.fromkeys(model.idempotent_members, "0123456789abcdef0123456789abcdef")
    params = {**params, **idempotent}
    serializer = botocores.serialize.create_serializer(protocol_of(service), include_validation=False)
    wanted = serializer.serialize_to_request(params, model)
    operation = operations_of(service)[name]
    query, body = operation.request(params)
    assert (operation.method, operation.path) == (wanted["method"], wanted["url_path"])
    assert query == botocores.utils.percent_encode_sequence(wanted["query_string"] or {})
    assert body == (wanted["body"] or b"")
    assert operation.headers == {header.lower(): value for header, value in wanted["headers"].items()}


@pytest.mark.parametrize(("service", "name"), ALL, ids=lambda one: one)
@given(data=st.data())
def test_a_reply_is_read_as_botocore_reads_it(service: str, name: str, data: st.DataObject) -> None:
    model = model_of(service, name)
    operation = operations_of(service)[name]
    headers = {"x-amzn-requestid": REQUEST_ID}
    body = b""
    shape = model.output_shape
    if name == "GetLatestConfiguration":
        body = data.draw(st.binary(max_size=40))
        known = ["next-poll-configuration-token", "content-type", "version-label", "next-poll-interval-in-seconds"]
        for one in data.draw(st.lists(st.sampled_from(known), unique=True)):
            headers[one] = data.draw(st.sampled_from(["15", "60"]) if "interval" in one else st.sampled_from(["a", ""]))
    elif shape is not None:
        sent = wire_value(shape, data.draw(values_of_operation(service, name, "output")))
        names = st.sampled_from(sorted(shape.members)) if shape.members else st.nothing()
        for one in data.draw(st.lists(names, unique=True)):
            sent[one] = None  # AWS writes null for what there is not
        body = json.dumps(sent, ensure_ascii=data.draw(st.booleans())).encode()
    wanted = boto_parsed(service, model, 200, headers, body)
    if name == "GetLatestConfiguration":
        wanted["Configuration"] = body  # of which botocore makes a stream
    assert operation.reply(headers, body) == _plain(wanted)


def boto_parsed(service: str, model: Any, status: int, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    response: Any = {
        "status_code": status,
        "headers": botocores.awsrequest.HeadersDict(headers),
        "body": body,
        "context": {},
    }
    streams = model.name == "GetLatestConfiguration" and status < 300
    if streams:
        response["body"] = b""
    parser = botocores.parsers.create_parser(protocol_of(service))
    parsed: dict[str, Any] = parser.parse(response, model.output_shape)
    if status >= 300:
        endpoint = object.__new__(botocores.endpoint.Endpoint)
        endpoint._add_modeled_error_fields(response, parsed, model, parser)
    parsed.pop("ResponseMetadata", None)
    return parsed


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
codes = st.sampled_from(
    [
        "ParameterNotFound",
        "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "com.amazonaws.sqs#QueueDoesNotExist",
        "ThrottlingException:http://internal.amazon.com/coral/",
        "a#b#c",
        "",
    ]
)


@given(
    data=st.data(),
    target=st.sampled_from([one for one in ALL if one[1].startswith(("Get", "Put", "Send", "Start"))]),
    status=st.sampled_from([300, 301, 400, 403, 404, 429, 500, 503, 599]),
    members=st.fixed_dictionaries(
        {}, optional={"__type": codes, "message": texts, "Message": texts, "code": codes, "Code": codes}
    ),
    headers=st.fixed_dictionaries(
        {},
        optional={
            "x-amzn-errortype": codes,
            "x-amzn-query-error": st.sampled_from(
                ["AWS.SimpleQueueService.NonExistentQueue;Sender", "Alone", ";Sender", "a;b;c", ""]
            ),
        },
    ),
    empty=st.booleans(),
)
def test_a_failure_is_read_as_botocore_reads_it(
    data: st.DataObject,
    target: tuple[str, str],
    status: int,
    members: dict[str, str],
    headers: dict[str, str],
    empty: bool,
) -> None:
    service, name = target
    if status == 300:
        status = 400  # botocore takes 300 for a success in one place and for a failure in another
    body = b"" if empty else json.dumps(members).encode()
    wanted = boto_parsed(service, model_of(service, name), status, headers, body)["Error"]
    said = read_failure(service, status, headers, body)
    assert (said.code, said.message) == (wanted["Code"], wanted["Message"])


@given(item=st.dictionaries(st.sampled_from(["B", "id"]), attribute_values(), min_size=1))
def test_the_item_of_a_condition_that_failed_is_the_one_that_botocore_attaches(item: dict[str, Any]) -> None:
    model = model_of("dynamodb", "PutItem")
    shape = MODELS["dynamodb"].shape_for("AttributeMap")
    body = json.dumps(
        {
            "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
            "message": "The conditional request failed",
            "Item": wire_value(shape, item),
        }
    ).encode()
    wanted = boto_parsed("dynamodb", model, 400, {}, body)
    said = read_failure("dynamodb", 400, {}, body)
    assert said.item == wanted["Item"] == item


@pytest.mark.parametrize("item", ["[]", '"x"', '{"a": 1}', '{"a": {"B": "abc"}}', '{"a": {"M": []}}'])
def test_an_item_that_is_none_is_left_out(item: str) -> None:
    said = read_failure("dynamodb", 400, {}, f'{{"__type": "X", "Item": {item}}}'.encode())
    assert (said.code, said.item) == ("X", None)


@pytest.mark.parametrize("body", [b"<html>503</html>", b"secret=1", b"\xff\xfe\x00", b"[1]", b'"text"', b"[" * 100_000])
def test_a_failure_that_is_not_in_json_is_not_quoted(body: bytes) -> None:
    said = read_failure("ssm", 400, {}, body)
    assert (said.code, said.message) == ("400", "the reply is not in JSON")


def test_a_server_error_without_words_has_those_of_http() -> None:
    said = read_failure("ssm", 503, {}, b" <html>busy</html>")
    assert (said.code, said.message) == ("503", "Service Unavailable")


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'"x"', b"{", b'{"Parameter": {"LastModifiedDate": "soon"}}'])
def test_a_reply_that_is_not_what_the_operation_answers_is_an_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        operations_of("ssm")["GetParameter"].reply({}, body)


def test_times_may_also_be_text() -> None:
    reply = operations_of("secretsmanager")["DescribeSecret"].reply(
        {}, b'{"NextRotationDate": "2030-01-02T03:04:05Z", "CreatedDate": "1.5"}'
    )
    assert reply == {"NextRotationDate": datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp(), "CreatedDate": 1.5}


def test_a_token_that_tells_repetitions_apart_is_made_up_unless_it_is_given() -> None:
    operation = operations_of("secretsmanager")["PutSecretValue"]
    params = {"SecretId": "s", "SecretString": "v"}
    made = [json.loads(operation.request(params)[1])["ClientRequestToken"] for _ in range(2)]
    assert made[0] != made[1]
    assert all(
        re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", one) for one in made
    )
    assert "ClientRequestToken" not in params
    assert json.loads(operation.request({**params, "ClientRequestToken": "mine"})[1])["ClientRequestToken"] == "mine"


@pytest.mark.parametrize(("service", "name"), ALL, ids=lambda one: one)
def test_tokens_are_made_up_for_the_operations_for_which_botocore_does_it(service: str, name: str) -> None:
    _, body = operations_of(service)[name].request({})
    made = set(json.loads(body)) if body else set[str]()
    assert made == set(model_of(service, name).idempotent_members)


def test_what_json_does_not_have_is_refused_without_being_quoted() -> None:
    with pytest.raises(TypeError, match="of type set, which JSON does not have"):
        operations_of("ssm")["PutParameter"].request({"Value": {"secret"}})


def test_values_of_secret_parameters_are_taken_out_of_the_words_of_aws() -> None:
    message = "Value 'hunter2' at 'value' failed: hunter2 is too short"
    assert hide(message, {"Value": "hunter2"}, ("Value",)) == (
        "Value '[hidden]' at 'value' failed: [hidden] is too short"
    )
    assert hide("Value 'a' at 'value'", {"Value": "a"}, ("Value",)) == "Value '[hidden]' at 'value'"
    assert hide("no such thing", {}, ("Value",)) == "no such thing"


def test_an_unknown_service_gets_the_closest_name() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'secretsmanager'"):
        operations_of("secretmanager")
