"""The messages of the kit's errors, as the code has them: for the page "Troubleshooting" and the page of all messages.

What the code puts into a message is shown as `…`. A message that is not written where its error is raised, but put
together by a helper, is not found; the classes that build their own message are asked for it.
"""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import lambda_kit
from lambda_kit import errors, http
from lambda_kit.http._errors import REASONS

_LONGEST = 160  # characters of a message on the page of all messages
_BEGINNING = 70  # characters of a message in the table of errors
_FEW = 2  # a class with more messages has a link to them in the table of errors


def classes_of_http() -> dict[str, type[http.HttpError]]:
    """Return the public errors of `lambda_kit.http`, by their names."""
    found = {name: getattr(http, name) for name in http.__all__}
    return {name: one for name, one in found.items() if isinstance(one, type) and issubclass(one, http.HttpError)}


_CODES = {
    "AccessDenied": ("ssm", "GetParameter", "AccessDeniedException"),
    "AwsError": ("ssm", "GetParameter", "…"),
    "ConditionalCheckFailed": ("dynamodb", "PutItem", "ConditionalCheckFailedException"),
    "ConnectionGone": ("apigatewaymanagementapi", "PostToConnection", "GoneException"),
    "NoAnswer": ("ssm", "GetParameter", None),
    "NoCredentials": ("ssm", "GetParameter", None),
    "NotFound": ("dynamodb", "PutItem", "ResourceNotFoundException"),
    "Throttled": ("ssm", "GetParameter", "ThrottlingException"),
}


def _built() -> dict[str, str]:
    """Return messages of classes that put them together, from objects; a test compares the last ones with real ones."""
    found = {
        name: str(getattr(errors, name)("…", service=service, operation=operation, code=code))
        for name, (service, operation, code) in _CODES.items()
    }
    reasons = {
        "ParameterError": "…",
        "ParameterAccessDenied": "the role of the function is not allowed to; …",
        "ParameterNotFound": "…",
        "TransformError": "its value does not fit the transform …",
    }
    for name, reason in reasons.items():
        found[name] = str(getattr(errors, name)(reason, names=("/a",), source="ssm", what="parameter"))
    return {
        **found,
        "ParseError": "the event does not fit …: …",
        "InvalidResult": "the response does not fit …: …",
        "InvalidRecord": "the record does not fit …: …",
    }


@functools.lru_cache(maxsize=1)  # it parses the whole package
def messages() -> dict[str, list[str]]:
    """Return the messages of each error of `lambda_kit.errors`, and those of `lambda_kit.http` as `http.NAME`."""
    of_http = classes_of_http()
    found: dict[str, set[str]] = {name: set() for name in (*errors.__all__, *(f"http.{name}" for name in of_http))}
    for file in sorted(Path(lambda_kit.__file__).parent.rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        is_http = "http" in file.parts
        for node in ast.walk(tree):
            for name, text in _said(node):
                key = f"http.{name}" if name in of_http and (is_http or name not in errors.__all__) else name
                if key in found and re.search(r"[a-z]{3}", text):
                    found[key].add(text)
    for name, text in _built().items():
        found[name] = {text}
    for name, error in of_http.items():
        status = getattr(error, "_STATUS", None)
        if status is not None:
            start = f"{status} {REASONS[status]}"
            found[f"http.{name}"] = {f"{start}: {text}" for text in found[f"http.{name}"]} or {start}
    for name in errors.__all__:  # the message of the base class
        for base in getattr(errors, name).__mro__[1:]:
            if not found[name] and base is not errors.LambdaKitError:
                found[name] |= found.get(base.__name__, set())
    return {name: sorted(said, key=lambda text: (text.casefold(), text)) for name, said in found.items()}


def _said(node: ast.AST) -> list[tuple[str, str]]:
    """Return the class and the text of a message, for a call of an error's class, or for a class that builds one."""
    if isinstance(node, ast.Call) and node.args:
        name: str = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
        return [(name, _text(node.args[0]))] if name[:1].isupper() else []
    if not isinstance(node, ast.ClassDef):
        return []
    return [
        (node.name, _text(call.args[0]))
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__" and call.args
    ]


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return " ".join(node.value.split())
    if isinstance(node, ast.JoinedStr):
        parts = [str(one.value) if isinstance(one, ast.Constant) else "…" for one in node.values]
        return " ".join(re.sub("…+", "…", "".join(parts)).split())
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return f"{_text(node.left)}{_text(node.right)}"
    return "…"


def beginnings(name: str, known: dict[str, list[str]]) -> str:
    """Return the cell of an error: how its messages begin, or a link to all of them."""
    said = known[name]
    if not said:
        return "none of its own"
    if len(said) > _FEW:
        return f"[{len(said)} messages](reference-messages.md#{name.replace('.', '').lower()})"
    return "<br>".join(_code(one, _BEGINNING) for one in said)


def page() -> str:
    """Return the text of the page of all messages."""
    lines = [
        "# Messages of errors",
        "",
        "<!-- written by `make reference`: do not edit -->",
        "",
        "This page has the beginning of each message of each error: search it for the words of yours. `…` stands for a",
        "value. What to do is in [Troubleshooting](troubleshooting.md). Messages of AWS and of Python are not here.",
        "",
    ]
    for name, said in sorted(messages().items(), key=lambda one: one[0].rpartition(".")[2]):
        if said:
            lines += [f"## {name}", "", *(f"- {_code(one, _LONGEST)}" for one in said), ""]
    return "\n".join(lines)


def _code(text: str, longest: int) -> str:
    short = text if len(text) <= longest else f"{text[:longest].rpartition(' ')[0]} …"
    return f"`{short.replace('`', chr(39)).replace('|', '¦')}`"
