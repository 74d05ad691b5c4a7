"""The differences of our client from AWS's that remain, with their reasons: the table of the documentation.

`python -m tests.runtime.differences` writes it anew.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambda_kit._kernel import type_of
from tests.generated import with_part

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.runtime.differential import Observed

PAGE = Path(__file__).parents[2] / "docs" / "runtime.md"
BEGIN = "<!-- generated from the tests -->\n"


@dataclass(frozen=True)
class Difference:
    """One difference.

    Attributes:
        where: what it concerns.
        theirs: what `awslambdaric` does.
        ours: what our client does.
    """

    where: str
    theirs: str
    ours: str


DIFFERENCES = {
    "words-of-the-parser": Difference(
        "An event that is no JSON",
        "`Runtime.UnmarshalError`, in the words of `simplejson`",
        "`Runtime.UnmarshalError`, in the words of the standard library's `json`",
    ),
    "words-of-the-encoder": Difference(
        "A result that is nested too deeply",
        "`Runtime.MarshalError`, in the words of `simplejson`",
        "`Runtime.MarshalError`, in shorter words",
    ),
    "half-a-surrogate": Difference(
        "Text with half of a surrogate pair in a result or an error",
        "The process ends, because UTF-8 cannot hold it",
        "It is written as a JSON escape",
    ),
    "unprintable-error": Difference(
        "An exception whose `str()` raises another one",
        "The process ends",
        "The error is reported, with a message that says so",
    ),
    "causes": Difference(
        "An exception with causes, a context, or a group of exceptions",
        "They are lost",
        "They follow in the log; as `relatedErrors` in JSON. What Lambda gets is the same",
    ),
    "frames-of-the-client": Difference(
        "A stack trace with frames of the client: of a hook of SnapStart, or a handler of other arguments",
        "Has frames of `awslambdaric`",
        "Has frames of `lambda_kit.runtime`",
    ),
    "frames-of-imports": Difference(
        "The stack trace of an exception that a module raises at its import",
        "Has frames of `importlib` first",
        "Starts in the module",
    ),
    "warning-of-an-init-error": Difference(
        "An error of the initialisation",
        "A warning of a paragraph about updates of the runtime is logged before it",
        "The error alone is logged",
    ),
    "message-of-an-init-error": Difference(
        "An error of the initialisation with characters outside of ASCII",
        "Reported in Latin-1, which is no JSON, or not at all",
        "Reported in UTF-8",
    ),
    "streams": Difference(
        "A result that is an iterator",
        "`Runtime.MarshalError`, unless `@handler` collects it",
        "It is sent part by part",
    ),
    "lost-connection": Difference(
        "The Runtime API cannot be reached, or answers what it should not",
        "A line of the C extension, a stack trace on standard error, and the process ends with 1",
        "One line on standard error that says what happened, and the process ends with 1",
    ),
    "environment-of-the-process": Difference(
        "`_X_AMZN_TRACE_ID` in the environment that the C library sees",
        "Changes with each invocation, and 144 bytes of the process are lost each time",
        "Changes before a child process or another program is started from Python; `os.environ` is always right. C "
        "code sees the last value that a child got",
    ),
    "settings-of-the-context": Difference(
        "Variables such as `AWS_LAMBDA_FUNCTION_NAME` that the function changes",
        "The context shows the change",
        "The context shows the value at the start",
    ),
    "preview": Difference(
        "A preview version of Python",
        "A warning is logged at the start",
        "No warning",
    ),
    "name": Difference(
        "The header `User-Agent`",
        "`aws-lambda-python/VERSION-VERSION`",
        "`aws-lambda-python/VERSION-lambda-kit-VERSION`",
    ),
    "exit-in-a-signal-handler": Difference(
        "`sys.exit()` in a handler of SIGTERM, while the client waits for work",
        "The process ends after the next invocation has come",
        "The process ends at once",
    ),
    "retries-of-workers": Difference(
        "A worker of a Managed Instance that cannot ask for work",
        "Asks five times; its warnings name the C extension",
        "Asks five times; its warnings say what happened",
    ),
}


def compared(observed: Observed, keys: tuple[str, ...]) -> Any:
    """Return what was observed, in parts, without what the differences concern."""
    requests = [
        [method, path, headers[1:], _parsed(document, "\n"), _parsed(body, "\n")]  # without the length
        for method, path, headers, document, body in observed.requests
    ]
    output = [_parsed(record, "\r") for record in observed.output.split("\n")]
    frames = [[kind, _parsed(text, "\n")] for kind, text in observed.frames]
    whole: Any = [requests, output, observed.errors, frames, observed.status]
    for key in keys:
        whole = _HIDE[key](whole)
    return whole


def _parsed(text: str, line_end: str) -> Any:
    if text.startswith(("{", '"{')):
        try:
            return json.loads(text)
        except ValueError:
            pass
    return text.split(line_end)


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    """Change each dict, each list of texts, and each text, from the inside to the outside."""
    if type_of(value) is dict:
        value = {name: _each(one, change) for name, one in value.items()}
    elif type_of(value) is list:
        value = [_each(one, change) for one in value]
    return change(value)


def _words(pattern: str) -> Callable[[Any], Any]:
    def change(value: Any) -> Any:
        return re.sub(pattern, "", value) if isinstance(value, str) else value

    return lambda whole: _each(whole, change)


def _related(whole: Any) -> Any:
    def change(value: Any) -> Any:
        if type_of(value) is dict:
            value.pop("relatedErrors", None)
        if type_of(value) is list:
            starts = [at for at, one in enumerate(value) if isinstance(one, str) and re.match(_RELATED, one)]
            return value[: starts[0]] if starts else value
        return value

    return _each(whole, change)


def _frames(of: str) -> Callable[[Any], Any]:
    """Leave out the frames of files whose path has a part."""

    def change(value: Any) -> Any:
        if type_of(value) is dict:
            for name in ("stackTrace", "stack", "paths"):
                if isinstance(value.get(name), list):
                    value[name] = [one for one in value[name] if of not in str(one)]
        if type_of(value) is list:
            kept: list[Any] = []
            inside = False
            for one in value:
                if isinstance(one, str) and one.startswith("\xa0"):
                    inside = of in one if one.startswith("\xa0\xa0File") else inside
                    if inside:
                        continue
                kept.append(one)
            return kept
        return value

    return lambda whole: _each(whole, change)


def _warning(whole: Any) -> Any:
    def is_warning(one: Any) -> bool:
        return "LAMBDA_WARNING" in str(one)

    requests, output, errors, frames, status = whole
    return [
        requests,
        [one for one in output if not is_warning(one)],
        errors,
        [one for one in frames if not is_warning(one)],
        status,
    ]


_RELATED = r"(Caused by|Raised while handling|Exception \d+ of \d+ in the group): "
_HIDE: dict[str, Callable[[Any], Any]] = {
    "words-of-the-parser": _words(r"(?<=Unable to unmarshal input: )[^\r]*"),
    "words-of-the-encoder": _words(r"(?<=Unable to marshal response: )[^\r]*"),
    "causes": _related,
    "frames-of-the-client": _frames(""),
    "frames-of-imports": _frames("importlib"),
    "warning-of-an-init-error": _warning,
    "lost-connection": lambda whole: [
        whole[0],
        [one for one in whole[1] if "LAMBDA_RUNTIME" not in str(one)],
        "",
        *whole[3:],
    ],
}


def table() -> str:
    """Return the table in Markdown."""
    lines = ["| what | `awslambdaric` | `lambda_kit.runtime` |", "| --- | --- | --- |"]
    lines += [f"| {one.where} | {one.theirs} | {one.ours} |" for one in DIFFERENCES.values()]
    return "\n".join(lines) + "\n"


def with_table(page: str) -> str:
    """Return the page with the table."""
    return with_part(page, table(), BEGIN)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text("utf-8")), "utf-8")
