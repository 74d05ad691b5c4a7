"""The tables of the reference that are made from the code: log fields, metrics, spans, permissions, options.

`tests.reference_pages` writes them. What no code says (the meaning of a field, the feature that calls an operation)
stands here; tests compare it with what the code does.
"""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lambda_kit
from lambda_kit import batch, flags, http, idempotency, init, parameters
from lambda_kit._kernel.environment import VARIABLES
from lambda_kit.aws._services import operations_of
from lambda_kit.local._doctor_actions import SERVICES
from lambda_kit.logger._context import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACKAGE = Path(lambda_kit.__file__).parent

# Fields of log lines: when a line has them, and what they mean.
LOG_FIELDS = {
    "timestamp": ("always", "RFC 3339, UTC, milliseconds"),
    "level": ("always", "`DEBUG`, `INFO`, `WARN`, `ERROR`, `FATAL`, as Lambda's filter spells them"),
    "message": ("always", "the text, with its arguments put in"),
    "location": ("always", "`module.function:line` of the call"),
    "logger": ("lines of `logging` and of the kit itself", "the name of the standard logger"),
    "service": (
        "with `service=` or its variable",
        "the name of the service; other fields of `Logger(...)` are beside it",
    ),
    "functionName": ("in an invocation", "the name of the function"),
    "requestId": ("in an invocation", "the request id; the same in each retry of an asynchronous invocation"),
    "coldStart": ("in an invocation", "true if the caller waited for the initialisation"),
    "initType": (
        "if not initialised on demand",
        "`provisioned-concurrency`, `snap-start`, `lambda-managed-instances`",
    ),
    "xrayTraceId": ("if the invocation has a trace", "the id of the trace, also if it is not sampled"),
    "tenantId": ("with tenant isolation", "the tenant of the invocation"),
    "correlationId": ("with `correlation_id=`", "the id that was found in the event"),
    "executionArn": ("in a durable execution", "the ARN of the execution"),
    "route": ("while `HttpApp` answers", "the path of the route, such as `/orders/{order_id}`"),
    "idempotencyKey": ("while an idempotent function runs, and on replays", "namespace, function and hash"),
    "age": ("on the line of a replay", "seconds since the result was stored"),
    "exception": (
        "with an exception",
        "`type`, `module`, `message`, `notes`, `frames`, `cause`, `context`, `exceptions`",
    ),
    "stack": ("with `stack_info=True`", "the stack as text"),
    "event": ("on the first line, with `log_event=True`", "the event, with secret fields hidden"),
    "replayed": ('with `replays="mark"`, in a durable execution', "true on lines that an earlier run has told"),
    "loggingError": ("if the line could not be put together as asked", "what went wrong"),
    "messageArgs": ("if the arguments do not fit the message", "the arguments"),
}
# Fields that have another form, and not only another name, with `names="powertools"`.
_POWERTOOLS_FORMS = {
    "exception": "`exception`, the traceback as text; `exception_name`; `stack_trace`, what `exception` is here",
}

# Metrics: unit, dimensions, when.
METRICS = {
    "ColdStart": (
        "Count",
        "`function_name`, `service`",
        "`Metrics(cold_start=True)`, in a first invocation that waited for the init",
    ),
    "FlagEvaluations": (
        "Count",
        "`flag`, `variant`, `service`",
        "`Metrics(flags=True)` and `FeatureFlags(record=True)`",
    ),
    "Requests": (
        "Count",
        "`route`, `service`",
        "each request that an `HttpApp` answers; off with `Metrics(routes=False)`",
    ),
    "Latency": ("Milliseconds", "`route`, `service`", "the same"),
    "ServerErrors": ("Count", "`route`, `service`", "the same: 1 for a status of 500 and above, else 0"),
}

# Spans within an open span, by the expression that names them in the code: name, when, annotations.
SPANS = {
    "query.title": (
        "`parameter NAME`, `secret NAME`, `parameters below PATH`, `app configuration NAME`",
        "a value is fetched; a cached one has none",
        ("source", "found", "parameters"),
    ),
    "'parameters'": ("`parameters`", "several parameters are fetched with one call", ("parameters", "source")),
    "'feature flags'": ("`feature flags`", "flags are fetched", ()),
    "_NAMES[request]": ("`idempotency claim`, `idempotency complete`, `idempotency release`", "the store is asked", ()),
    "'batch'": ("`batch`", "records are processed", ("source", "succeeded", "failed", "dead_letters", "skipped")),
    "f'{method} {route.rule}'": ("`GET /orders/{order_id}`", "a route of an `HttpApp` runs", ("status",)),
}
# Annotations that are put on the span that is open, or on the outermost one.
ANNOTATIONS = {
    "ColdStart": "on the outermost span: whether the environment is new",
    "Service": "on the outermost span: the service of the tracer",
    "ExecutionArn": "on the outermost span of a durable execution",
    "Replay": "on the outermost span of a durable execution: whether the run begins with a replay",
    "Replayed": "on a span in code that an earlier run of the durable execution has passed",
    "idempotency": "how a call of an idempotent function ended: `completed`, `replayed`, `released`, `lost`, …",
    "route": "the route of a request",
    "method": "its method",
    "flag_NAME": "the variant of a flag, with `FeatureFlags(record=True)`",
}

# Operations of AWS, by feature.
FEATURES: dict[str, tuple[str, ...]] = {
    "`idempotent` with `DynamoDBStore`": ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
    "`DynamoDBStore`, at endpoints whose refusals do not have the record": ("dynamodb:GetItem",),
    "`Parameter`, `parameters.get`": ("ssm:GetParameter",),
    "several `Parameter`s, `parameters.get_many`": ("ssm:GetParameters",),
    "`parameters.by_path`": ("ssm:GetParametersByPath",),
    "`parameters.put`": ("ssm:PutParameter",),
    "`Secret`, `parameters.secret`": ("secretsmanager:GetSecretValue",),
    "the same, with `rotation=True`": ("secretsmanager:DescribeSecret",),
    "`FeatureFlags` and configurations of AppConfig, also with its agent": (
        "appconfigdata:StartConfigurationSession",
        "appconfigdata:GetLatestConfiguration",
    ),
    "`batch` with `Backoff`": ("sqs:ChangeMessageVisibility", "sqs:ChangeMessageVisibilityBatch"),
    "`SqsSink`, and messages that you send": ("sqs:SendMessage", "sqs:SendMessageBatch"),
    "`S3Sink`": ("s3:PutObject",),
    "`DynamoDBSink`": ("dynamodb:PutItem",),
    "messages that you receive with `aws.connect`": (
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:DeleteMessageBatch",
        "sqs:GetQueueAttributes",
    ),
    "`events.step_functions`": (
        "stepfunctions:SendTaskSuccess",
        "stepfunctions:SendTaskFailure",
        "stepfunctions:SendTaskHeartbeat",
    ),
    "`events.rotation`": (
        "secretsmanager:GetSecretValue",
        "secretsmanager:DescribeSecret",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
    ),
    "a secret that you create with `aws.connect`": ("secretsmanager:CreateSecret",),
    "`events.evaluations`": ("config:PutEvaluations",),
    "`events.pipelines`": (
        "codepipeline:PutJobSuccessResult",
        "codepipeline:PutJobFailureResult",
        "codedeploy:PutLifecycleEventHookExecutionStatus",
    ),
    "WebSockets: `HttpApp` and `Connection`": (
        "apigatewaymanagementapi:PostToConnection",
        "apigatewaymanagementapi:GetConnection",
        "apigatewaymanagementapi:DeleteConnection",
    ),
}

# The objects with options: where a reader finds them.
OPTIONS: dict[str, tuple[tuple[str, Callable[..., Any]], ...]] = {
    "Logger": (("Logger", lambda_kit.Logger),),
    "Metrics": (("Metrics", lambda_kit.Metrics),),
    "Tracer": (("Tracer", lambda_kit.Tracer),),
    "init.resource": (("init.resource", init.resource),),
    "Parameter": (("parameters", parameters.get), ("Parameter", parameters.Parameter)),
    "Secret": (("secrets", parameters.secret), ("Secret", parameters.Secret)),
    "FeatureFlags": (("FeatureFlags", lambda_kit.FeatureFlags),),
    "AppConfigData": (("AppConfigData", flags.AppConfigData),),
    "idempotent": (("idempotent", lambda_kit.idempotent),),
    "DynamoDBStore": (("DynamoDBStore", idempotency.DynamoDBStore),),
    "batch": (("batch", batch.batch),),
    "HttpApp": (("HttpApp", http.HttpApp),),
    "time_limit": (("time_limit", lambda_kit.time_limit),),
}


def log_fields() -> str:
    """Return the table of the fields of log lines, with Powertools' names beside the kit's."""
    others = dict(zip(NAMES["kit"].all, NAMES["powertools"].all, strict=False))
    lines = ['| field | on a line | meaning | with `names="powertools"` |', "| --- | --- | --- | --- |"]
    for name, (when, meaning) in LOG_FIELDS.items():
        other = f"`{others[name]}`" if name in others else _POWERTOOLS_FORMS.get(name, "the same")
        lines.append(f"| `{name}` | {when} | {meaning} | {other} |")
    only = NAMES["powertools"].all[len(NAMES["kit"].all) :]
    lines += [f"| none | in an invocation | as Powertools has it | `{other}` |" for other in only]
    return "\n".join(lines) + "\n"


def metrics() -> str:
    """Return the table of the metrics that the kit writes itself."""
    lines = ["| metric | unit | dimensions | when |", "| --- | --- | --- | --- |"]
    lines += [f"| `{name}` | {unit} | {dimensions} | {when} |" for name, (unit, dimensions, when) in METRICS.items()]
    return "\n".join(lines) + "\n"


def spans() -> str:
    """Return the tables of the spans and the annotations that the kit adds itself."""
    lines = ["| span | when | annotations |", "| --- | --- | --- |"]
    for name, when, added in SPANS.values():
        lines.append(f"| {name} | {when} | {', '.join(f'`{one}`' for one in added)} |")
    lines += ["", "| annotation | where, and what |", "| --- | --- |"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in ANNOTATIONS.items()]
    return "\n".join(lines) + "\n"


def permissions() -> str:
    """Return the table of IAM actions: for each feature the actions, and the form of their resources."""
    lines = ["| feature | actions | resource |", "| --- | --- | --- |"]
    for feature, operations in FEATURES.items():
        actions: list[str] = []
        forms: list[str] = []
        for one in operations:
            service, _, operation = one.partition(":")
            known = SERVICES[service]
            actions += [f"{known.prefix}:{name}" for name in known.other.get(operation, operation).split()]
            forms.append("*" if operation in known.everywhere or not known.resources else known.resources[0][1])
        if "s3:PutObject" in actions:
            forms = [f"{form}/*" for form in forms]
        if operations == ("ssm:GetParametersByPath",):
            forms = [f"{form}/*" for form in forms]
        resources = "<br>".join(f"`{form.replace('{}', 'NAME')}`" for form in dict.fromkeys(forms))
        lines.append(f"| {feature} | {'<br>'.join(f'`{one}`' for one in dict.fromkeys(actions))} | {resources} |")
    return "\n".join(lines) + "\n"


def operations() -> set[str]:
    """Return the operations that the kit's client can call."""
    services = re.findall(r'"([a-z0-9]+)": _(?:table|rest)\(', (PACKAGE / "aws" / "_services.py").read_text())
    return {
        f"{service}:{operation}"
        for service in (*services, "s3", "apigatewaymanagementapi")
        for operation in operations_of(service)
    }


def options() -> str:
    """Return a table of options for each object: the argument, its variable, its default, its meaning."""
    parts: list[str] = []
    for title, sources in OPTIONS.items():
        rows: dict[str, str] = {}
        for owner, made in sources:
            signature = inspect.signature(made).parameters
            for name, meaning in described(made):
                known = name.lstrip("*")
                if known in ("unknown", "options", "fn", "factory"):
                    continue
                default, variable = _default(signature.get(known)), _variable(known, (title, owner))
                rows[name] = f"| `{name}` | {default} | {variable} | {_cell(meaning)} |"
        parts.append(f"## `{title}`\n\n| argument | default | variable | meaning |\n| --- | --- | --- | --- |")
        parts[-1] += "\n" + "\n".join(rows.values()) + "\n"
    return "\n".join(parts)


def described(made: Callable[..., Any]) -> Iterator[tuple[str, str]]:
    """Return each argument in a docstring with its description: those of `Args:`, and the list below `**options`."""
    text = (inspect.getdoc(made) or "").partition("Args:\n")[2]
    name, meaning = "", ""
    for line in text.splitlines():
        if line and not line.startswith(" "):
            break
        found = re.match(r"    (\*{0,2}\w+): (.*)", line) or re.match(r"        - `(\w+)`: (.*)", line)
        if found:
            if name:
                yield name, meaning
            name, meaning = found[1], found[2]
        elif line.strip():
            meaning = f"{meaning} {line.strip()}"
    if name:
        yield name, meaning


def _default(parameter: inspect.Parameter | None) -> str:
    if parameter is None or parameter.kind is parameter.VAR_KEYWORD:
        return "see meaning" if parameter is None else ""
    value: Any = parameter.default
    if value is parameter.empty:
        return "required"
    if value == (...,):
        return "the default names"
    if callable(value) or type(value) is object:
        return "see meaning"
    return f"`{value!r}`".replace("|", "\\|")


def _variable(option: str, owners: tuple[str, ...]) -> str:
    """Return the variable of an option: the table of variables names the option and its objects."""
    for variable, (_, _, _, setting) in VARIABLES.items():
        named = re.match(r"`(\w+)` of (.+)", setting)
        if named and named[1] == option and any(re.search(rf"\b{owner}\b", named[2]) for owner in owners):
            return f"`{variable}`"
    return ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def span_names() -> set[str]:
    """Return the expressions by which capabilities name their spans, as the code has them."""
    return {
        ast.unparse(node.args[0])
        for node in _calls()
        if (getattr(node.func, "id", None) == "operation" or ast.unparse(node.func) == "facts.operation")
        and len(node.args) == 1
    }


def annotation_names() -> set[str]:
    """Return the names that capabilities and the tracer annotate spans with."""
    return {
        keyword.arg
        for node in _calls()
        if isinstance(node.func, ast.Attribute) and node.func.attr == "annotate"
        for keyword in node.keywords
        if keyword.arg
    }


def metric_names() -> set[str]:
    """Return the names of the metrics that the kit writes itself."""
    return {
        str(node.args[0].value)
        for node in _calls("metrics")
        if (getattr(node.func, "id", None) == "Definition" or getattr(node.func, "attr", None) == "_write_count")
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


def _calls(room: str = "") -> Iterator[ast.Call]:
    for file in sorted((PACKAGE / room).rglob("*.py")):
        if file.relative_to(PACKAGE).parts[0] in ("local", "testing"):
            continue
        yield from (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call))


_LOG_FIELDS_TEXT = """\
Each line of the [logger](logger.md) is one JSON object, and the [queries](queries.md) use these names. The lines of the
platform (`START`, `END`, `REPORT`) are not the kit's. Fields of yours stand beside these; one that is called
`timestamp`, `level`, `message` or `location` gets an underscore behind its name.

The last column is the name of the field with `Logger(names="powertools")`; "the same" means that this option does not
change the field. [What differs from Powertools' lines](#beside-the-lines-of-powertools) all the same stands below.
"""
_POWERTOOLS_TEXT = """\
## Beside the lines of Powertools

`Logger(names="powertools")` changes the names of fields, and how an exception is written. These parts of a line are as
the kit has them, and differ from what Powertools writes. Look for them in your queries and dashboards.

| what | Powertools | the kit, with `names="powertools"` |
| --- | --- | --- |
| the event, with `log_event=True` | it is the message: `"message":{…}` | a field: `"message":"event","event":{…}` |
| secret fields of the event | in clear | `[redacted]` |
| `level` | `WARNING`, `CRITICAL` | `WARN`, `FATAL` |
| `timestamp` | `2026-11-29 21:45:05,515+0000` | `2026-11-29T21:45:05.515Z` |
| `location` | `place_order:12` | `app.place_order:12` |
| `service`, if none is set | `service_undefined` | no field |
| `stack_trace` of an exception | `value`; `statement` in its frames | `message`; `code` in its frames |
"""
_METRICS_TEXT = """\
[`Metrics`](metrics.md) writes your values, and these of its own, into the namespace that you name. `service` is a
dimension where it is set. Alarms are in [operate](operate.md).
"""
_SPANS_TEXT = """\
With a [tracer](tracer.md), each function under it has a span. Within an open span, capabilities add these. They need no
setting, and cost nothing without a tracer.
"""
_PERMISSIONS_TEXT = """\
The IAM actions that each feature needs, from the operations that the kit calls. A value under a KMS key of your own
needs `kms:Decrypt` for that key as well, and writing one `kms:GenerateDataKey`. Logs need the actions of
`AWSLambdaBasicExecutionRole`, the daemon of X-Ray `xray:PutTraceSegments` and `xray:PutTelemetryRecords`. The
Parameters and Secrets extension needs the same actions as direct calls. [`lambda-kit doctor`](doctor.md) writes the
smallest policy for the calls that it has seen, yours included. The queue or stream behind an event needs permissions
too, which `doctor --template` lists.
"""
_OPTIONS_TEXT = """\
The arguments of each object, with the [variable](environment.md) that stands in for an argument that is not given. An
argument has precedence over its variable. The [sources of events](reference-event-sources.md) have a table of their
own.
"""
# The pages: the title, what stands above the table, and the table.
TABLES: dict[str, tuple[str, str, Callable[[], str]]] = {
    "log-fields": ("Log fields", _LOG_FIELDS_TEXT, lambda: f"{log_fields()}\n{_POWERTOOLS_TEXT}"),
    "metrics-emitted": ("Metrics of the kit", _METRICS_TEXT, metrics),
    "spans": ("Spans of the kit", _SPANS_TEXT, spans),
    "permissions": ("Permissions", _PERMISSIONS_TEXT, permissions),
    "options": ("Options", _OPTIONS_TEXT, options),
}


def table_pages(docs: Path) -> dict[Path, str]:
    """Return the text of each page with a table."""
    note = "<!-- written by `make reference`: do not edit -->"
    return {
        docs / f"reference-{name}.md": f"# {title}\n\n{note}\n\n{text}\n{table()}"
        for name, (title, text, table) in TABLES.items()
    }
