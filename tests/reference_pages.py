"""Writes the pages of `docs/reference/`, `llms.txt`, `security.md`, and the tables of other pages anew from the code.

Run it with `make reference`. A test compares the files with what it would write.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path
from typing import Any

import lambda_kit
from lambda_kit import errors
from tests import error_messages, peer_page, public_api, reference_tables
from tests.generated import with_part

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"

# The pages: the title, and the modules on it.
PAGES = {
    "pipeline": ("Handlers and layers", ["lambda_kit.pipeline"]),
    "invocation": ("The invocation", ["lambda_kit.invocation"]),
    "init_cache": ("The init cache", ["lambda_kit.init_cache"]),
    "logger": ("The logger", ["lambda_kit.logger"]),
    "metrics": ("Metrics", ["lambda_kit.metrics"]),
    "tracer": ("The tracer", ["lambda_kit.tracer"]),
    "parameters": ("Parameters and secrets", ["lambda_kit.parameters"]),
    "flags": ("Feature flags", ["lambda_kit.flags", "lambda_kit.flags.openfeature"]),
    "idempotency": ("Idempotency", ["lambda_kit.idempotency"]),
    "durable": ("Durable executions", ["lambda_kit.durable"]),
    "batch": ("Batches", ["lambda_kit.batch"]),
    "events": ("Events", ["lambda_kit.events"]),
    "answers": (
        "Answers to triggers",
        [
            f"lambda_kit.events.{name}"
            for name in (
                "authorizers",
                "bedrock",
                "cognito",
                "custom_resources",
                "edge",
                "evaluations",
                "pipelines",
                "rotation",
                "step_functions",
            )
        ],
    ),
    "http": ("HTTP", ["lambda_kit.http"]),
    "runtime": ("The runtime client", ["lambda_kit.runtime"]),
    "aws": ("Calls to AWS", ["lambda_kit.aws"]),
    "testing": ("Testing", ["lambda_kit.testing", "lambda_kit.testing.events"]),
    "local": ("Local runs", ["lambda_kit.local"]),
    "errors": ("Errors", ["lambda_kit.errors"]),
}

INHERITED = {"events", "http", "testing"}  # rooms whose classes get much from their base classes

# What to do about each error. Their causes are in their docstrings.
REMEDIES = {
    "LambdaKitError": "Catch it to catch all errors of the kit.",
    "ConfigurationError": "The message names the option and what can be passed. It comes when the module is imported, so a test finds it.",
    "MissingExtra": "Run the `pip install` command of the message, and add the extra to the requirements of the function.",
    "OutsideInvocation": "Call it inside a handler, pass the context to your thread with `copy_context().run`, or use "
    "`current_invocation(default=None)`.",
    "LayerError": "A generator under `@layer` has to yield exactly once on each path, or return an early answer before.",
    "EventLoopRunning": "In a notebook or an async test, await `handler.__wrapped__(event, context)`.",
    "UnexpectedCancellation": "Find who cancels the task or future that the coroutine awaits; the cause has the place.",
    "ExecutionFailed": "`error_type` and `reason` say what ended the execution; see `result.runs`.",
    "TimeLimitReached": "The line of the time limit has the stack. Make that call faster, give it a timeout, or give the function a "
    "longer one.",
    "TimeLimitInterrupt": "Do not catch it. `finally` blocks run.",
    "ResponseTooLarge": "Return less, a link to S3, or run under a runtime client that [streams](streaming.md).",
    "ResourceBuildError": "The cause is the exception of your function. Nothing was cached: the next call tries again.",
    "ResourceCycle": "The chain shows which resources need each other; pass one of them as an argument.",
    "ParameterError": "`source` and `reason` say who answered what. See [parameters](parameters.md).",
    "ParameterAccessDenied": "Give the role the action in `action`, and `kms:Decrypt` for a key of your own.",
    "ParameterNotFound": "Check name, version, label and region; pass `default=` if it may be absent.",
    "TransformError": "The value does not fit `transform=`. The message has no value: read it in the console.",
    "FlagError": "See the errors below it.",
    "FlagSchemaError": "`problems` lists a path for each problem. `lambda-kit flags check FILE` finds them before a deployment.",
    "FlagsUnavailable": "Check the role, the names and the AppConfig layer; pass `default=` to each evaluation.",
    "UnknownFlag": "The message has the closest name. Pass `default=`, or deploy the flag first.",
    "EventError": "The path says what is missing. Compare with `lambda-kit events SOURCE`; is the view the right one?",
    "ParseError": "`problems` has a path for each field. Values are left out on purpose.",
    "InvalidRecord": "The record fails alone. List the class in `permanent=` to send such records to a dead letter.",
    "InvalidResult": "Your handler broke the schema that it promises; the path says where.",
    "AnswerError": "The message says which fields the trigger takes.",
    "AnswerNotSent": "CloudFormation waits until its timeout: check that the function reaches S3 (VPC endpoints).",
    "RotationRefused": "Enable rotation on the secret, and let Secrets Manager call the function.",
    "NotAuthorized": "It is the refusal itself: raise it in an authorizer.",
    "BatchError": "Return a plain value from a record function; declare it with `async def` if it returns a coroutine.",
    "BatchFailed": "`report` has the error of each record; the first one is chained.",
    "SettingsError": "The message lists each field with its source: set the variable, parameter or secret.",
    "IdempotencyError": "See the errors below it. `key` finds the record in the table.",
    "AlreadyInProgress": "A retry later finds the result. If the other run has died, the key is free after `remaining` seconds.",
    "MissingIdempotencyKey": "Check the path of `key=` against the event; `missing_key='run'` runs such calls unprotected.",
    "PayloadMismatch": "The caller used one key for two requests. Compare less with `payload=`, or refuse the request.",
    "LeaseLost": "Give `lease=` more than the longest run. Both runs may have had their effect: check.",
    "UnreadableRecord": "The code or the model has changed since the record was written. Delete the record to let the key run again.",
    "FailedEarlier": "It stands for an exception of an earlier run that cannot be rebuilt; `error_type` names it.",
    "StoreUnavailable": "`ran` says whether your function has run. If it has, a retry after the lease runs it again.",
    "ResultNotStored": "The effect has happened, and no result is there for a replay. Return what JSON can hold, or pass `codec=`.",
    "ResultTooLarge": "Return less, or a reference to S3: DynamoDB items hold 400 kB.",
    "AwsError": "`service`, `operation` and `code` say which call failed. See [calls to AWS](aws.md).",
    "AccessDenied": "Give the role the action that the reason names; `lambda-kit doctor` lists what the calls of a run need.",
    "ConnectionGone": "Forget the connection id.",
    "ConditionalCheckFailed": "`item` is what is stored.",
    "NoAnswer": "In a VPC, check endpoints and security groups. `sent` says whether AWS may have acted.",
    "NoCredentials": (
        "On Lambda, check the role. On your machine, set a profile and install the extra `aws`. Parameters and secrets "
        "can come from [variables](parameters.md#without-aws)."
    ),
    "NotFound": "The message names resource and region: are both right?",
    "Throttled": "Raise the limit, or call less: cache, batch, add jitter to schedules.",
}


HTTP_INTRODUCTION = """\
A route or a dependency raises them, and so does the kit for a request that it refuses. The client gets the status with problem
details; the message in a log or a test is the status, its phrase and the detail: `404 Not Found: there is no order o-1`.
"""
HTTP_REMEDIES = {
    "BadRequest": "The client has to change the request: its JSON, its form, its query or its path cannot be read.",
    "Conflict": "If the kit raised it, a request with the same idempotency key is running: the client asks again later.",
    "ContentTooLarge": "Send less, or raise the limit of the app or of `File(...)`; API Gateway and Lambda have limits of their own.",
    "Forbidden": "If the kit raised it, the token lacks a scope: compare it with `bearer.scopes(...)`. A function URL or API "
    "Gateway that answers 403 itself has not called the function.",
    "Gone": "Raise it for a resource that was removed for good. The kit does not raise it.",
    "HttpError": "The base class: `except HttpError`, and `@app.on_error(HttpError)` for another form of all answers.",
    "InternalServerError": "A client sees no more than the request id: the log line with this id has the exception.",
    "InvalidRequest": "`errors` lists each problem with its place. Compare the request with the OpenAPI document of the app.",
    "MethodNotAllowed": "The path has a route, with other methods: the header `Allow` lists them.",
    "NotFound": "No route has this path: look for a stage or a base path in front of it (`HttpApp(base_path=...)`). Or a route raised it.",
    "PreconditionFailed": "The resource has another version: the client reads it again, then repeats the change.",
    "ServiceUnavailable": "If the kit raised it, the keys of the token's issuer could not be fetched: see the lines above it.",
    "TooManyRequests": "Raise it where you limit clients. The kit does not raise it.",
    "Unauthorized": "The credentials are missing, or were refused: the detail says which. `WWW-Authenticate` names the scheme.",
    "UnprocessableContent": "If the kit raised it, an idempotency key came with another request: the client makes a new key.",
    "UnsupportedMediaType": "The detail names the media type that the route takes: set `Content-Type`.",
}


def reference_pages() -> dict[Path, str]:
    """Return the text of each page of the reference."""
    return {DOCS / "reference" / f"{name}.md": _page(title, modules) for name, (title, modules) in PAGES.items()}


def _page(title: str, modules: list[str]) -> str:
    parts = [f"# {title}\n"]
    for name in modules:
        if len(modules) > 1:
            parts.append(f"## `{name}`\n")
        module = importlib.import_module(name)
        members = ", ".join(public_api.names_of(module))
        inherited = "      inherited_members: true\n" if name.split(".")[1] in INHERITED else ""
        parts.append(f"::: {name}\n    options:\n{inherited}      members: [{members}]\n")
    return "\n".join(parts)


def errors_table() -> str:
    """Return the tables of all errors: how messages begin, the cause of each, and what to do."""
    known = error_messages.messages()
    head = ["| error | its message begins | it means | what to do |", "| --- | --- | --- | --- |"]
    lines = head.copy()
    for name in sorted(errors.__all__):
        shown = f"lambda_kit.errors.{name}" if name in error_messages.classes_of_http() else name
        row = (f"`{shown}`", error_messages.beginnings(name, known), _cause(getattr(errors, name)), REMEDIES[name])
        lines.append(f"| {' | '.join(_in_cell(cell) for cell in row)} |")
    lines += ["", "### Errors of HTTP", "", HTTP_INTRODUCTION, *head]
    for name, error in sorted(error_messages.classes_of_http().items()):
        row = (
            f"`lambda_kit.http.{name}`",
            error_messages.beginnings(f"http.{name}", known),
            _cause(error),
            HTTP_REMEDIES[name],
        )
        lines.append(f"| {' | '.join(_in_cell(cell) for cell in row)} |")
    return "\n".join(lines) + "\n"


def _cause(error: type[Exception]) -> str:
    text = (inspect.getdoc(error) or "").partition("\n\n")[0].replace("\n", " ")
    return text.removesuffix(" It takes the arguments of `HttpError`.")


def lines_table() -> str:
    """Return the table of the lines that the kit writes: the level, the beginning of the message, and who writes it."""
    found: set[tuple[str, str, str]] = set()
    package = Path(lambda_kit.__file__).parent
    for file in sorted(package.rglob("*.py")):
        room = file.relative_to(package).parts[0].removesuffix(".py")
        if room in ("local", "testing", "_pytest_plugin"):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            message = _message(node)
            if message is not None and any(part.isalpha() for part in message[1].split()):
                found.add((*message, "pipeline" if room == "_kernel" else room))
    lines = ["| level | message | from |", "| --- | --- | --- |"]
    order = ["ERROR", "WARNING", "INFO", "DEBUG"]
    for level, text, room in sorted(found, key=lambda one: (order.index(one[0]), one[2], one[1])):
        lines.append(f"| {level} | {_in_cell(text)} | {room} |")
    return "\n".join(lines) + "\n"


# Messages that are little more than their values: what stands at each `%s`.
VALUES = {
    "%s: %s; the answer is %s": ("LAYER", "why the returned value is no answer", "a failure"),
    "%s: the handler raised; the answer is %s": ("LAYER", "a failure"),
    "%s\nThis is about %s%s; %s.": (
        "the feature flags cannot be used: PROBLEMS.",
        "SOURCE",
        "",
        "which flags are in force",
    ),
    "lambda_kit: %s %s was not answered: %s": ("METHOD", "PATH", "why the answer cannot be sent"),
}


def _message(node: ast.AST) -> tuple[str, str] | None:
    """Return level and message of a call of the kit's logger; None for another node."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
        return None
    levels = {"exception": "ERROR", "error": "ERROR", "warning": "WARNING", "info": "INFO", "debug": "DEBUG"}
    first: Any = node.args[0]
    is_log = isinstance(node.func.value, ast.Name) and node.func.value.id == "log"
    if not is_log or node.func.attr not in levels or not isinstance(first, ast.Constant):
        return None
    template = str(first.value)
    if template in VALUES:
        template %= VALUES[template]
    text = " ".join(template.split())
    for directive in ("%s", "%r", "%d", "%g", "%.3f", "%.1f", "%.0f", "%i"):
        text = text.replace(directive, "…")
    return levels[node.func.attr], text if len(text) <= 140 else f"{text[:140].rpartition(' ')[0]} …"


def _in_cell(text: str) -> str:
    return text.replace("|", "\\|")


def nav() -> dict[str, dict[str, str]]:
    """Return the menu of the site: the title and the file of each page, by section."""
    yaml: Any = importlib.import_module("yaml")  # it has no types
    sections: list[dict[str, list[dict[str, str]]]] = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    return {
        name: {title: file for page in entries for title, file in page.items()}
        for section in sections
        for name, entries in section.items()
    }


LLMS = """# lambda_kit

> An SDK for AWS Lambda functions in Python: thin handlers from composable decorators that keep every type, on an init cache that warm
> invocations reuse. The distribution is `lambda-kit-sdk`, the package `lambda_kit`; Python 3.11 and later.

Rules that hold everywhere: a layer is a function decorator; `@handler(outermost, ..., innermost)` stands on top; everything expensive is an
`@init.resource`, and comes in by `provide(...)`; under `handler` the key of `idempotent` is a path in the event; errors derive from
`lambda_kit.errors.LambdaKitError`.
"""
# What the pages of `llms.txt` have, where the title does not say it.
ABOUT = {
    "index.md": "an example, figures beside Powertools, and where each question is answered",
    "install.md": "extras, layers, containers",
    "tutorial.md": "from an empty folder to a tested service",
    "typing.md": "typed handlers and layers",
    "testing.md": "`invoke`, builders of events, fixtures",
    "doctor.md": "`lambda-kit doctor`: imports, package, permissions, settings",
    "bench.md": "`lambda-kit bench`: durations, memory and cost over memory sizes",
    "troubleshooting.md": "each error, what it means and what to do",
    "security.md": "what an event, a flag file, a stored record or a template can and cannot do",
    "explain-onion.md": "layers, and how they are entered and left",
}


def llms() -> str:
    """Return the index of the site for machines: each page of the menu, as the site names its file."""
    parts = [LLMS]
    for section, entries in nav().items():
        lines = [f"## {section}\n"]
        for title, file in entries.items():
            modules = PAGES.get(file.removeprefix("reference/").removesuffix(".md"), ("", []))[1]
            about = ABOUT.get(file) or (
                ", ".join(f"`{one}`" for one in modules) if file.startswith("reference/") else ""
            )
            lines.append(f"- [{title}]({file.removesuffix('.md')}.html){about and f': {about}'}")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def security() -> str:
    """Return the page about security: `SECURITY.md` with links that work on the site."""
    title, _, rest = (ROOT / "SECURITY.md").read_text().partition("\n")
    note = "<!-- written by `make reference` from SECURITY.md: do not edit -->"
    return f"{title}\n\n{note}\n{rest.replace('](docs/', '](')}"


def pages() -> dict[Path, str]:
    """Return the text of each page that is generated, wholly or in part."""
    trouble, operate = DOCS / "troubleshooting.md", DOCS / "operate.md"
    with_gaps = (DOCS / "migrate-from-powertools.md", DOCS / "explain-comparison.md")
    return {
        **reference_pages(),
        **reference_tables.table_pages(DOCS),
        DOCS / "reference-messages.md": error_messages.page(),
        DOCS / "reference-powertools.md": peer_page.page(),
        **{path: with_part(path.read_text(), peer_page.gaps()) for path in with_gaps},
        DOCS / "llms.txt": llms(),
        DOCS / "security.md": security(),
        trouble: with_part(trouble.read_text(), errors_table()),
        operate: with_part(operate.read_text(), lines_table()),
    }


if __name__ == "__main__":
    (DOCS / "reference").mkdir(exist_ok=True)
    for path, text in pages().items():
        path.write_text(text)
