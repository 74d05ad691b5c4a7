"""The page of all names of Powertools with what to use here, and the list of what the kit does not have.

The answers are those that errors give: the code has them in tables beside the objects. What no error says, such as the
arguments of a decorator, stands here. A test compares the page with the names that the installed Powertools has.
"""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

from lambda_kit._kernel.peer_names import GROUPS, NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

# Methods and arguments, by the object of Powertools: the module and the tables of the code that answer for them.
TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "Logger": ("lambda_kit.logger._unknown", ("_THEIR_OPTIONS", "_THEIR_METHODS")),
    "Metrics": ("lambda_kit.metrics._unknown", ("_THEIR_OPTIONS", "_THEIR_METHODS")),
    "Tracer": ("lambda_kit.tracer._unknown", ("_PEER_OPTIONS", "_PEER_ATTRIBUTES")),
    "FeatureFlags": ("lambda_kit.flags._feature_flags", ("_THEIR_OPTIONS", "_THEIR_METHODS")),
    "BatchProcessor": ("lambda_kit.batch._processor", ("_THEIRS",)),
    "IdempotencyConfig": ("lambda_kit.idempotency._settings", ("_INSTEAD.idempotent",)),
    "DynamoDBPersistenceLayer": ("lambda_kit.idempotency._settings", ("_INSTEAD.DynamoDBStore",)),
    "a data class": ("lambda_kit.events._hints", ("_THEIRS",)),
}
# What no error says. `MORE[object][name]`
MORE: dict[str, dict[str, str]] = {
    "Logger": {
        "service": "the same: Logger(service=...)",
        "level": "the same: Logger(level=...)",
        "debug": "the same; fields are keywords: log.debug('x', a=1)",
        "info": "the same; fields are keywords: log.info('x', a=1)",
        "warning": "the same",
        "error": "the same",
        "critical": "the same",
        "exception": "the same",
    },
    "logger.inject_lambda_context": {
        "log_event": "write Logger(log_event=True)",
        "correlation_id_path": "write Logger(correlation_id=...)",
        "clear_state": "fields that were appended in an invocation end with it",
        "flush_buffer_on_uncaught_error": "an exception of the handler always writes the buffer",
    },
    "LoggerBufferConfig": {
        "max_bytes": "write Logger(buffer=20_480): the bytes of one invocation",
        "buffer_at_verbosity": "lines below the level of the logger are kept",
        "flush_on_error_log": "an error always writes the buffer",
    },
    "Metrics": {
        "service": "the same: Metrics(service=...)",
        "namespace": "the same: Metrics(namespace=...)",
    },
    "metrics.log_metrics": {
        "capture_cold_start_metric": "write Metrics(cold_start=True)",
        "raise_on_empty_metrics": "an invocation without metrics writes nothing; a test asserts on what was written",
        "default_dimensions": "pass the dimensions themselves: Metrics(stage='prod')",
    },
    "metrics.add_metric": {
        "name": "the first argument of add",
        "unit": "text, the third argument, 'Count' by default: the order is add(name, value, unit)",
        "value": "the second argument of add",
        "resolution": "write add(..., high_resolution=True)",
    },
    "Tracer": {"service": "the same: Tracer(service=...)"},
    "tracer.capture_lambda_handler, capture_method": {
        "capture_response": "write Tracer(capture_response=True); it is off by default",
        "capture_error": "write Tracer(capture_error=...)",
    },
    "get_parameter, get_secret, get_parameters, get_parameters_by_name, get_app_config": {
        "name": "the first argument: parameters.get(name), parameters.secret(name)",
        "path": "the first argument: parameters.by_path(path)",
        "parameters": "parameters.get_many(names) takes names; options of one go to a Parameter of its own",
        "environment": "parameters.app_config(application, environment, profile): in this order, by position",
        "application": "parameters.app_config(application, environment, profile): in this order, by position",
        "transform": "the same, or a type: transform='json', transform=Order",
        "decrypt": "values are decrypted, unless you pass decrypt=False",
        "recursive": "the same: recursive=True is the default",
        "force_fetch": "it is called fresh",
        "max_age": "it is called ttl: seconds, 300 by default",
        "raise_on_error": "a name that is missing is always an error, ParameterNotFound",
        "raise_on_transform_error": "a value that cannot be transformed is always an error, TransformError",
    },
    "set_parameter": {
        "name": "the first argument: parameters.put(name, value)",
        "value": "the second argument of put",
        "overwrite": "the same",
        "description": "use boto3: put writes values alone",
        "parameter_type": "write put(..., secure=True) for a SecureString; a StringList needs boto3",
        "tier": "use boto3: put writes values alone",
        "kms_key_id": "it is called key_id",
    },
    "AppConfigStore, AppConfigExtensionStore": {
        "environment": "the second argument: AppConfigData(application, environment, profile)",
        "application": "the first argument: AppConfigData(application, environment, profile)",
        "name": "the third argument: AppConfigData(application, environment, profile)",
        "max_age": "write FeatureFlags(..., ttl=60.0)",
        "envelope": "write FeatureFlags(..., envelope=...)",
        "sdk_config": "pass client= to AppConfigData, a boto3 client",
        "boto_config": "pass client= to AppConfigData, a boto3 client",
        "boto3_session": "pass client= to AppConfigData, a boto3 client",
        "boto3_client": "it is called client",
        "use_extension": "AppConfigAgent in place of AppConfigData",
        "jmespath_options": "the envelope is an expression of JMESPath with the functions of the kit",
        "logger": "the kit logs to the logger 'lambda_kit'",
    },
    "flags.evaluate": {
        "name": "the first argument: flags.enabled(name, customer='c-1'), flags.evaluate(name, ...)",
        "context": "the second argument, keywords, or both",
        "default": "the same",
    },
    "BatchProcessor": {"model": "the same: @batch(model=Order)"},
    "process_partial_response": {
        "event": "the same: process_batch(event, fn)",
        "record_handler": "the second argument: process_batch(event, fn)",
        "processor": "leave it out: options are arguments of @batch",
        "context": "leave it out: the invocation is known",
    },
    "DynamoDBPersistenceLayer": {"table_name": "the first argument: DynamoDBStore('idempotency')"},
    "@idempotent, @idempotent_function": {
        "persistence_store": "the first argument: idempotent(DynamoDBStore(...), key=...)",
        "config": "pass the options themselves: key=, payload=, ttl=, cache=",
        "data_keyword_argument": 'key= begins with the name of the argument: key="order.id"; '
        "under @batch it is an expression over the record's content: see below",
        "key_prefix": "name=, or powertools=PowertoolsKeys(key_prefix=...)",
        "output_serializer": "codec=",
    },
    "lambda_handler_decorator": {
        "decorator": "a generator under lambda_kit.layer: what it does before its yield, and after it",
        "trace_execution": "put a Tracer around the layers: @handler(tracer, your_layer)",
    },
    "extract_data_from_envelope": {
        "data": "the event, as a view of lambda_kit.events, or jmespath.search(expression, event)",
        "envelope": "parse(Order, at='detail') opens it for a model",
        "jmespath_options": "leave it out",
    },
}
# What the kit does not have: a capability, and the names that belong to it.
GAPS: dict[str, tuple[str, ...]] = {
    "a circuit breaker": ("circuit_breaker",),
    "data masking, beyond `redact=` for log lines": ("DataMasking",),
    "streaming of objects from S3": ("S3Object",),
    "decoding of Avro and Protobuf for Kafka consumers": ("kafka_consumer",),
    "metrics for Datadog": ("DatadogMetrics",),
    "resolvers for AppSync, its fields and its channels: there are views of the events": (
        "AppSyncResolver",
        "AppSyncEventsResolver",
    ),
    "resolvers for Bedrock agents, with the OpenAPI document for them: there are views and `events.bedrock`": (
        "BedrockAgentResolver",
        "BedrockAgentFunctionResolver",
    ),
    "writing of secrets": ("set_secret", "SetSecretError"),
    "parameters in DynamoDB": ("DynamoDBProvider",),
    "an OAuth 2 client": ("OAuth2Client",),
    "a client of Lambda's metadata endpoint": ("get_lambda_metadata",),
}
_INTRODUCTION = """\
Each public name of Powertools for Python 3.37, and what to use here: names that you import, then methods and arguments.
Errors say the same: if you write one of these names, the message has the answer. The steps, and what changes besides
names, are in [Move from Powertools](migrate-from-powertools.md).

A name that the kit has too is in no table: `Logger`, `Metrics`, `Tracer`, `FeatureFlags`, `idempotent`, `parse`, …
"""


def members(owner: str) -> dict[str, str]:
    """Return the methods and arguments of an object of Powertools, with what to use here."""
    found: dict[str, str] = {}
    module, tables = TABLES.get(owner, ("", ()))
    for table in tables:
        name, _, part = table.partition(".")
        known: Mapping[str, Any] = getattr(importlib.import_module(module), name)
        found.update(known[part] if part else known)
    return found | MORE.get(owner, {})


def owners() -> list[str]:
    """Return the objects whose methods and arguments have a table."""
    return list(dict.fromkeys((*TABLES, *MORE)))


def page() -> str:
    """Return the text of the page."""
    parts = ["# Names of Powertools\n", "<!-- written by `make reference`: do not edit -->\n", _INTRODUCTION]
    parts.append("## Names to import\n")
    for title, names in GROUPS.items():
        parts.append(_table(f"### {title[0].upper()}{title[1:]}", "name", names))
    parts.append("## Methods and arguments\n")
    parts += [_table(f"### {_code(owner)}", "method or argument", members(owner)) for owner in owners()]
    parts.append(f"## What the kit does not have\n\n{gaps()}")
    return "\n".join(parts)


def gaps() -> str:
    """Return the list of what the kit does not have."""
    return "\n".join(f"- {title} ({', '.join(f'`{name}`' for name in names)})" for title, names in GAPS.items()) + "\n"


def without_counterpart() -> set[str]:
    """Return the names whose answer is that the kit has nothing like it."""
    return {name for name, said in NAMES.items() if re.match(r"the kit (has no|does not) ", said)}


def _code(owner: str) -> str:
    return owner if owner.startswith("a ") else ", ".join(f"`{one}`" for one in owner.split(", "))


def _table(heading: str, column: str, rows: Mapping[str, str]) -> str:
    lines = [heading, "", f"| {column} | here |", "| --- | --- |"]
    lines += [f"| `{name}` | {_cell(said)} |" for name, said in sorted(rows.items())]
    return "\n".join(lines) + "\n"


_CODE = re.compile(
    r"""@?[A-Za-z_][\w.]*(?:\((?:[^()]|\([^()]*\))*\)[\w.]*)+  # a call, also of what a call returns
    | lambda_kit[\w.]*\w | (?:lambda_kit\.)?\w+\[\w+\]        # a dotted name, a generic
    | [a-z_]+=(?:\.\.\. | '[^']*' | "[^"]*" | \w+(?:\([^()]*\))? | \[\.\.\.\])?  # an option
    | @\w+(?:\.\w+)* | (?<=\s)(?:\.\w+)+(?:\([^()]*\))?        # a decorator, an attribute
    """,
    re.VERBOSE,
)


def _cell(said: str) -> str:
    """Return a sentence of an error as a cell, with its code marked."""
    said = re.sub(r"(?<![=(\[])['\"]([^'\"]+)['\"](?=[\s,;.]|$)", r"`'\1'`", said)
    parts = re.split(r"(`[^`]*`)", said)
    marked = [part if part.startswith("`") else _CODE.sub(lambda found: f"`{found[0]}`", part) for part in parts]
    return "".join(marked).replace("|", "\\|")
