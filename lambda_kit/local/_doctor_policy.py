"""The smallest IAM policy for the calls of AWS that `lambda-kit doctor` has seen."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from lambda_kit.local._doctor_actions import PARTIQL, S3_OBJECT_OPERATIONS, SERVICES, TRANSACTION
from lambda_kit.local._doctor_findings import DOCS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from lambda_kit.local._doctor_runs import Call

LOGS_PAGE = f"{DOCS}lambda/latest/dg/lambda-intro-execution-role.html"
XRAY_PAGE = f"{DOCS}lambda/latest/dg/services-xray.html"
ACCOUNT = "${AWS::AccountId}"
REGION = "${AWS::Region}"
"""The names that CloudFormation gives to what a run does not tell."""
_TABLE = re.compile(
    r"""(?:from|into|update|exists\s*\(\s*select.*?from)\s+["']?([A-Za-z0-9_.-]+)""", re.IGNORECASE | re.DOTALL
)
_FORM_OF_ID = "arn:aws:secretsmanager:{region}:{account}:secret:{}-??????"
# The ids of inference profiles begin with the group of regions that they route to.
_PROFILE = re.compile(r"(?:us|us-gov|eu|apac|global|jp|au|ca)\.(.+)")
# The services whose resources `Ref` returns the ARN of.
_ARN_BY_REF = ("sns", "secretsmanager", "stepfunctions")
_POLLED = {
    "sqs": ("ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "ReceiveMessage"),
    "kinesis": ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards"),
    "dynamodb": ("DescribeStream", "GetRecords", "GetShardIterator"),
}
POLLED_PAGES = {
    "sqs": f"{DOCS}lambda/latest/dg/services-sqs-configure.html",
    "kinesis": f"{DOCS}lambda/latest/dg/services-kinesis-create.html",
    "dynamodb": f"{DOCS}lambda/latest/dg/services-dynamodb-eventsourcemapping.html",
}


@dataclass(slots=True)
class Policy:
    """The permissions that the role of a function needs.

    Attributes:
        grants: the resources by action, with the reason for each action.
        unmapped: the operations whose action the table does not know, `service:Operation`.
        notes: what the calls do not tell.
    """

    grants: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    reasons: dict[str, str] = field(default_factory=dict[str, str])
    unmapped: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])

    def add(self, action: str, resource: str, reason: str) -> None:
        """Add one action for one resource."""
        self.grants.setdefault(action, set()).add(resource)
        self.reasons.setdefault(action, reason)

    def document(self) -> dict[str, Any]:
        """Return the policy document: one statement for each set of resources."""
        by_resources: dict[tuple[str, ...], list[str]] = {}
        for action, resources in self.grants.items():
            kept = ("*",) if "*" in resources else tuple(sorted(resources))
            by_resources.setdefault(kept, []).append(action)
        statements = [
            {"Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}
            for resources, actions in sorted(by_resources.items())
        ]
        return {"Version": "2012-10-17", "Statement": statements}


def of_calls(calls: Iterable[Call], default_region: str, references: Collection[str] = ()) -> Policy:
    """Return the policy for the calls that were seen.

    Args:
        calls: the calls.
        default_region: the region in which the function ran here, which says nothing about where it will run.
        references: the logical ids of resources with which the function ran in place of their names.
    """
    policy = Policy()
    for call in calls:
        service = SERVICES.get(call.service)
        name = f"{call.service}:{call.operation}"
        if service is None or (service.only and call.operation not in service.only):
            if name not in policy.unmapped:
                policy.unmapped.append(name)
            continue
        region = call.region if call.region and call.region != default_region else REGION
        for action, resource in _grants(call, region):
            known = _referenced(resource, call.service, references)
            policy.add(f"{service.prefix}:{action}", known, f"{call.operation} of {call.service}, by {call.client}")
        _note(policy, call)
    return policy


def _referenced(arn: str, service: str, references: Collection[str]) -> str:
    """Return a resource as a template refers to it, if its name is a logical id there."""
    for one in references:
        found = re.fullmatch(rf"(.+[:/]){re.escape(one)}(/\*|/index/.+|-\?{{6}})?", arn)
        if found is None:
            continue
        if service == "ssm":
            return f"{found[1]}${{{one}}}"
        if service in _ARN_BY_REF:
            return f"${{{one}}}"
        return f"${{{one}.Arn}}{found[2] or ''}"
    return arn


def _note(policy: Policy, call: Call) -> None:
    notes = {
        ("ssm", True): "a SecureString under a key of your own needs kms:Decrypt for that key, too",
        ("secretsmanager", True): "a secret under a key of your own needs kms:Decrypt for that key, too",
    }
    note = notes.get((call.service, call.service == "secretsmanager" or call.names.get("WithDecryption") is True))
    if note is not None and note not in policy.notes:
        policy.notes.append(note)


def _grants(call: Call, region: str) -> list[tuple[str, str]]:
    """Return the actions that a call needs, without the prefix, and the resource of each."""
    service, names, operation = SERVICES[call.service], call.names, call.operation
    if call.service == "dynamodb":
        special = _of_dynamodb(operation, names, region)
        if special is not None:
            return special
    if call.service == "s3":
        return _of_s3(operation, names)
    if operation == "BatchGetSecretValue":
        secrets: list[Any] = names.get("SecretIdList") or []
        each = [arn for one in secrets for arn in _arns(call, "", _FORM_OF_ID, one, region)]
        return [(operation, "*"), *(("GetSecretValue", arn) for arn in each), *([] if each else [("ListSecrets", "*")])]
    if operation in service.everywhere:
        return [(service.other.get(operation, operation), "*")]
    actions = service.other.get(operation, operation).split()
    return [(action, resource) for action in actions for resource in _resources(call, region)]


def _resources(call: Call, region: str) -> list[str]:
    for parameter, form in SERVICES[call.service].resources:
        if parameter == "":
            return [_filled(form, "", region, call.names)]
        value = call.names.get(parameter)
        if isinstance(value, str) and value:
            return _arns(call, parameter, form, value, region)
        if isinstance(value, list) and value:
            values = cast("list[object]", value)
            found = [arn for one in values for arn in _arns(call, parameter, form, str(one), region)]
            if parameter == "EventBusNames" and call.names.get("WithoutBus"):
                found.append(_filled(form, "default", region, call.names))
            return found
    if call.service == "events":
        return [_filled("arn:aws:events:{region}:{account}:event-bus/{}", "default", region, call.names)]
    return ["*"]


def _arns(call: Call, parameter: str, form: str, value: str, region: str) -> list[str]:
    if value.startswith("arn:"):
        # The last part of a secret's ARN is random, and may be left out by a caller; IAM compares the whole.
        return [value if call.service != "secretsmanager" or re.search(r"-\w{6}$", value) else f"{value}-??????"]
    if parameter == "QueueUrl":
        account, _, queue = value.rstrip("/").rpartition("/")
        known = account.rpartition("/")[2]
        return [_filled(form, queue, region, call.names, known if re.fullmatch(r"[1-9]\d{11}", known) else ACCOUNT)]
    if parameter == "KeyId" and value.startswith("alias/"):
        return [_filled("arn:aws:kms:{region}:{account}:key/*", "", region, call.names)]
    if call.service == "lambda":
        name, _, qualifier = value.rpartition(":") if ":" in value else (value, "", call.names.get("Qualifier") or "")
        name = name.rpartition(":")[2]
        whole = f"{name}:{qualifier}" if qualifier else name
        return [_filled(form, whole, region, call.names)]
    if call.service == "ssm":  # a selector of a version or a label follows a colon
        return [_filled(form, value.strip("/").partition(":")[0], region, call.names)]
    profile = _PROFILE.fullmatch(value) if call.service == "bedrock-runtime" else None
    if profile is not None:
        own = _filled("arn:aws:bedrock:{region}:{account}:inference-profile/{}", value, region, call.names)
        return [own, f"arn:aws:bedrock:*::foundation-model/{profile[1]}"]
    index = call.names.get("IndexName") if call.service == "dynamodb" else None
    base = _filled(form, value, region, call.names)
    return [f"{base}/index/{index}"] if isinstance(index, str) else [base]


def _filled(form: str, value: str, region: str, names: Mapping[str, Any], account: str = ACCOUNT) -> str:
    group = str(names.get("GroupName") or "default")
    text = form.replace("{region}", region).replace("{account}", account).replace("{GroupName}", group)
    return text.replace("{}", value)


def _of_dynamodb(operation: str, names: Mapping[str, Any], region: str) -> list[tuple[str, str]] | None:
    """Return the grants for transactions, batches and PartiQL; None for other operations."""

    def table(name: str) -> str:
        return name if name.startswith("arn:") else f"arn:aws:dynamodb:{region}:{ACCOUNT}:table/{name}"

    if operation in ("TransactWriteItems", "TransactGetItems"):
        parts: list[Any] = names.get("TransactItems") or []
        return [(TRANSACTION[kind], table(str(name))) for kind, name in parts if kind in TRANSACTION]
    if operation in ("BatchGetItem", "BatchWriteItem"):
        return [(operation, table(one)) for one in names.get("RequestItems") or ["*"]]
    if operation in ("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"):
        statements = names.get("Statements") or [names.get("Statement") or ""]
        found: list[tuple[str, str]] = []
        for text in statements:
            action = PARTIQL.get(str(text).split(None, 1)[0].lower() if str(text).split() else "")
            place = _TABLE.search(str(text))
            if action is not None:
                found.append((action, table(place[1].partition(".")[0] if place else "*")))
        return found or [(one, table("*")) for one in PARTIQL.values()]
    return None


def _of_s3(operation: str, names: Mapping[str, Any]) -> list[tuple[str, str]]:
    service = SERVICES["s3"]
    action = service.other.get(operation, operation)
    if operation in service.everywhere:
        return [(action, "*")]
    bucket = str(names.get("Bucket") or "*")
    base = bucket if bucket.startswith("arn:") else f"arn:aws:s3:::{bucket}"
    if operation not in S3_OBJECT_OPERATIONS:
        return [(action, base)]
    # The key of one event is not that of the next, so that the grant is for the bucket's objects.
    found = [(action, f"{base}/*")]
    if names.get("VersionId") and action in ("GetObject", "DeleteObject"):
        found = [(f"{action}Version", f"{base}/*")]
    source = names.get("CopySource")
    if isinstance(source, str) and source:
        found.append(("GetObject", f"arn:aws:s3:::{source.lstrip('/').partition('/')[0]}/*"))
    return found


def of_logs(policy: Policy, function_name: str) -> None:
    """Add what Lambda needs for the log of the function.

    Args:
        policy: the policy.
        function_name: the name, or `${ID}` for that of a function in a template.
    """
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{function_name}"
    policy.add("logs:CreateLogGroup", group, f"the function's log: {LOGS_PAGE}")
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        policy.add(action, f"{group}:*", f"the function's log: {LOGS_PAGE}")


def of_tracing(policy: Policy) -> None:
    """Add what active tracing needs."""
    for action in ("xray:PutTelemetryRecords", "xray:PutTraceSegments"):
        policy.add(action, "*", f"active tracing: {XRAY_PAGE}")


def of_source(policy: Policy, kind: str, name: str) -> None:
    """Add what the event source mapping of a queue or a stream needs; an API needs nothing.

    Args:
        policy: the policy.
        kind: as of `Source`.
        name: its logical id in the template, or its ARN.
    """
    if kind not in _POLLED:
        return
    arn = name if name.startswith("arn:") else f"${{{name}.{'StreamArn' if kind == 'dynamodb' else 'Arn'}}}"
    for operation in _POLLED[kind]:
        policy.add(f"{kind}:{operation}", arn, f"the event source mapping: {POLLED_PAGES[kind]}")
    if kind in ("kinesis", "dynamodb"):
        policy.add(f"{kind}:ListStreams", "*", f"the event source mapping: {POLLED_PAGES[kind]}")
