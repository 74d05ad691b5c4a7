"""The configuration of a function in a SAM or CloudFormation template, for `lambda-kit doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lambda_kit._kernel.callables import closest
from lambda_kit.errors import ConfigurationError
from lambda_kit.local._doctor_config import Config, Source
from lambda_kit.local._doctor_document import Resolver, Unknown, is_list, is_object, load, section
from lambda_kit.local._values import pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

SERVERLESS, PLAIN, MAPPING = "AWS::Serverless::Function", "AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping"
_VISIBILITY = 30  # seconds: of a queue that does not say
_KINDS = {"SQS": "sqs", "Kinesis": "kinesis", "DynamoDB": "dynamodb", "Api": "api", "HttpApi": "http-api"}
_ARN_KINDS = {"sqs": "sqs", "kinesis": "kinesis", "dynamodb": "dynamodb"}
_RESOURCE_KINDS = {"AWS::SQS::Queue": "sqs", "AWS::Kinesis::Stream": "kinesis", "AWS::DynamoDB::Table": "dynamodb"}


def read(path: str, handler: str, resource: str | None, parameters: Sequence[str]) -> Config:
    """Return the configuration of a function.

    Args:
        path: the template.
        handler: the handler, which names the function if `resource` does not.
        resource: its logical id.
        parameters: `KEY=VALUE` for parameters of the template.

    Raises:
        ConfigurationError: the template cannot be read, has no such function, or a value of a wrong type.
    """
    given = pairs("--parameter", parameters)
    document = load(path)
    return _Template(document, Resolver(document, given, path), path).config(handler, resource)


class _Template:
    def __init__(self, document: dict[str, Any], resolver: Resolver, path: str) -> None:
        self._path = path
        self._resolver = resolver
        self._resources = {
            str(name): cast("dict[str, Any]", one)
            for name, one in section(document, "Resources", path).items()
            if isinstance(one, dict)
        }
        shared = section(document, "Globals", path)
        self._globals = self._part(shared.get("Function"), "Globals.Function")

    def config(self, handler: str, resource: str | None) -> Config:
        name = self._function(handler, resource)
        own = self._part(self._resources[name].get("Properties"), f"{name}.Properties")
        serverless = self._resources[name].get("Type") == SERVERLESS
        values = {**self._globals, **own} if serverless else own
        at = _Reader(values, f"the template {self._path}: {name}")
        config = Config(template=self._path, resource=name)
        config.timeout = at.number("Timeout") or 3
        config.memory = at.number("MemorySize") or 128
        config.runtime = at.text("Runtime")
        config.image = at.text("PackageType") == "Image"
        config.reserved = at.number("ReservedConcurrentExecutions")
        config.code = at.text("CodeUri")
        config.name = at.text("FunctionName")
        config.file_system = bool(values.get("FileSystemConfigs"))
        config.storage = at.inner("EphemeralStorage").number("Size")
        config.snap_start = at.inner("SnapStart").text("ApplyOn") == "PublishedVersions"
        config.provisioned = bool(values.get("ProvisionedConcurrencyConfig")) or self._is_provisioned(name)
        logging = at.inner("LoggingConfig")
        config.log_format = (logging.text("LogFormat") or "").lower() or None
        config.log_level = logging.text("ApplicationLogLevel")
        tracing = at.text("Tracing") if serverless else at.inner("TracingConfig").text("Mode")
        config.tracing = tracing == "Active"
        architectures = values.get("Architectures")
        if architectures in (["arm64"], ["x86_64"]):
            config.architecture = architectures[0]
        config.processes = _processes(at)
        config.env = self._environment(own, config, serverless=serverless)
        config.sources = [*self._events(own, name), *self._mappings(name)]
        config.allowed = _allowed(values) if serverless else None
        config.notes += at.notes
        return config

    def _part(self, given: Any, where: str) -> dict[str, Any]:
        value = self._resolver.value(given)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise ConfigurationError(
                f"the template {self._path}: {where} is a {type(value).__name__}, and not an object"
            )
        return cast("dict[str, Any]", value)

    def _function(self, handler: str, resource: str | None) -> str:
        functions = {name: one for name, one in self._resources.items() if one.get("Type") in (SERVERLESS, PLAIN)}
        if resource is not None:
            if resource not in functions:
                raise ConfigurationError(
                    f"--resource {resource!r}: the template {self._path} has no such function"
                    f"{closest(resource, functions)} Its functions: {', '.join(functions) or 'none'}"
                )
            return resource
        wanted = handler.replace("/", ".")
        found: list[str] = []
        for name, one in functions.items():
            properties = one.get("Properties")
            own = properties.get("Handler") if is_object(properties) else None
            known = self._resolver.value(own if own is not None else self._globals.get("Handler"))
            if isinstance(known, str) and known.replace("/", ".") == wanted:
                found.append(name)
        if len(found) == 1:
            return found[0]
        what = "no function" if not found else f"{len(found)} functions ({', '.join(found)})"
        raise ConfigurationError(
            f"the template {self._path} has {what} with the handler {handler}; name one with --resource: "
            f"{', '.join(functions) or 'it has no functions'}"
        )

    def _environment(self, own: dict[str, Any], config: Config, *, serverless: bool) -> dict[str, str]:
        found: dict[str, str] = {}
        for values in (self._globals, own) if serverless else (own,):
            at = (
                _Reader(values, f"the template {self._path}: {config.resource}").inner("Environment").inner("Variables")
            )
            for name, value in at.values.items():
                if isinstance(value, Unknown):
                    found[name] = value.resource or value.text
                    config.placeholders[name] = found[name]
                    if value.resource and value.text == value.resource:
                        config.references.append(value.resource)
                elif isinstance(value, bool):
                    found[name] = str(value).lower()
                elif isinstance(value, str | int | float):
                    found[name] = str(value)
                else:
                    raise ConfigurationError(f"{at.where}: {name} is a {type(value).__name__}, and not a text")
        return found

    def _is_provisioned(self, function: str) -> bool:
        for one in self._resources.values():
            if one.get("Type") not in ("AWS::Lambda::Alias", "AWS::Lambda::Version"):
                continue
            values = self._part(one.get("Properties"), "Properties")
            name = values.get("FunctionName")
            if "ProvisionedConcurrencyConfig" in values and getattr(name, "resource", name) == function:
                return True
        return False

    def _events(self, own: dict[str, Any], function: str) -> list[Source]:
        found: list[Source] = []
        for name, event in _Reader(own, f"the template {self._path}: {function}").inner("Events").values.items():
            if not isinstance(event, dict):
                raise ConfigurationError(f"the template {self._path}: the event {name} of {function} is not an object")
            event = cast("dict[str, Any]", event)
            kind = _KINDS.get(str(event.get("Type")))
            if kind is None:
                continue
            values = self._part(event.get("Properties"), f"{function}.Events.{name}.Properties")
            at = _Reader(values, f"the template {self._path}: {function}.Events.{name}")
            if kind in ("api", "http-api"):
                found.append(Source(cast("Any", kind), name))
            else:
                place = values.get("Queue") if kind == "sqs" else values.get("Stream")
                found.append(self._source(kind, place, at, name))
        return found

    def _mappings(self, function: str) -> list[Source]:
        found: list[Source] = []
        for name, one in self._resources.items():
            if one.get("Type") != MAPPING:
                continue
            values = self._part(one.get("Properties"), f"{name}.Properties")
            target = values.get("FunctionName")
            if getattr(target, "resource", target) != function:
                continue
            place = values.get("EventSourceArn")
            kind = self._kind(place)
            if kind is not None:
                found.append(self._source(kind, place, _Reader(values, f"the template {self._path}: {name}"), name))
        return found

    def _kind(self, place: Any) -> str | None:
        if isinstance(place, Unknown):
            return _RESOURCE_KINDS.get(str(self._resources.get(place.resource, {}).get("Type")))
        parts = str(place).split(":")
        return _ARN_KINDS.get(parts[2]) if len(parts) > 5 else None

    def _source(self, kind: str, place: Any, at: _Reader, name: str) -> Source:
        resource = place.resource if isinstance(place, Unknown) else ""
        types = at.values.get("FunctionResponseTypes")
        source = Source(
            cast("Any", kind),
            resource or (str(place) if isinstance(place, str) else name),
            batch_size=at.number("BatchSize"),
            window=at.number("MaximumBatchingWindowInSeconds"),
            reports_failures=isinstance(types, list) and "ReportBatchItemFailures" in types,
        )
        if kind == "sqs":
            source.concurrency = at.inner("ScalingConfig").number("MaximumConcurrency")
            if resource and self._resources.get(resource, {}).get("Type") == "AWS::SQS::Queue":
                self._queue(resource, source)
        else:
            source.retries = at.number("MaximumRetryAttempts")
            source.destination = bool(at.inner("DestinationConfig").values.get("OnFailure"))
        return source

    def _queue(self, resource: str, source: Source) -> None:
        values = self._part(self._resources[resource].get("Properties"), f"{resource}.Properties")
        at = _Reader(values, f"the template {self._path}: {resource}")
        visibility = at.number("VisibilityTimeout")
        unknown = isinstance(values.get("VisibilityTimeout"), Unknown)
        source.visibility = None if unknown else _VISIBILITY if visibility is None else visibility
        source.fifo = values.get("FifoQueue") in (True, "true")
        redrive = values.get("RedrivePolicy")
        if not isinstance(redrive, Unknown):
            source.receives = at.inner("RedrivePolicy").number("maxReceiveCount") if redrive else 0


class _Reader:
    """Reads the properties of one part of a template, and checks their types.

    Args:
        values: the properties.
        where: the part, for messages.
    """

    def __init__(self, values: dict[str, Any], where: str) -> None:
        self.values = values
        self.where = where
        self.notes: list[str] = []

    def number(self, name: str) -> int | None:
        value = self.values.get(name)
        if isinstance(value, Unknown):
            self.notes.append(f"{self.where}: {name} is {value.text}, which only a deployment knows")
            return None
        if value is None:
            return None
        text = str(value).strip()
        if isinstance(value, bool) or not text.removeprefix("-").isdecimal() or len(text) > 9:
            raise ConfigurationError(f"{self.where}: {name} is {str(value)[:40]!r}, and not a whole number")
        return int(text)

    def text(self, name: str) -> str | None:
        value = self.values.get(name)
        return value if isinstance(value, str) else None

    def inner(self, name: str) -> _Reader:
        value = self.values.get(name)
        if value is None or isinstance(value, Unknown):
            return _Reader({}, f"{self.where}.{name}")
        if not isinstance(value, dict):
            raise ConfigurationError(f"{self.where}: {name} is a {type(value).__name__}, and not an object")
        return _Reader(cast("dict[str, Any]", value), f"{self.where}.{name}")


def _allowed(values: dict[str, Any]) -> list[str] | None:
    """Return the actions that the policies of a SAM function allow; None if one of them is not a policy document."""
    given = values.get("Policies")
    policies = given if is_list(given) else [given]
    if "Role" in values or given is None:
        return None
    found: list[str] = []
    for policy in policies:
        statements = policy.get("Statement") if is_object(policy) else None
        for statement in statements if is_list(statements) else [statements]:
            if not is_object(statement) or "Action" not in statement:
                return None
            if statement.get("Effect") == "Allow":
                actions = statement["Action"]
                found += [str(one) for one in (actions if is_list(actions) else [actions])]
    return found


def _processes(at: _Reader) -> int | None:
    """Return the processes of a Managed Instance; None if the function is none, or does not say."""
    inner = at.inner("CapacityProviderConfig")
    managed = inner.inner("LambdaManagedInstancesCapacityProviderConfig")
    found = managed.number("PerExecutionEnvironmentMaxConcurrency")
    return found if found is not None else inner.number("PerExecutionEnvironmentMaxConcurrency")
