"""`lambda-kit flags`: checks a document of feature flags, and evaluates a flag with the reason."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambda_kit._kernel.callables import closest
from lambda_kit.errors import ConfigurationError, FlagSchemaError
from lambda_kit.local import _events

if TYPE_CHECKING:
    from lambda_kit.flags._model import Flag

CHECK_EPILOG = """\
exit status: 0 the flags can be used, 1 they cannot, 2 the command cannot be carried out as given

example:
  lambda-kit flags check flags.json
"""
EVAL_EPILOG = """\
exit status: 0 success, 1 the flags cannot be used, or there is no such flag, 2 the command cannot be carried out as
given

examples:
  lambda-kit flags eval flags.json express --context '{"tier": "premium"}'
  lambda-kit flags eval flags.json sale --at 2026-11-27T08:00+01:00
"""


def add_check(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `flags check`."""
    _add_document(parser)


def add_eval(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `flags eval`."""
    _add_document(parser)
    parser.add_argument("name", metavar="NAME", help="the flag")
    parser.add_argument("--context", metavar="JSON|FILE", help="what rules look at, a JSON object; {} if left out")
    parser.add_argument(
        "--at", metavar="TIME", type=_moment, help="the time that rules go by, as in 2026-11-27T08:00+01:00 (now)"
    )
    parser.add_argument("--json", action="store_true", help="write the evaluation as one JSON document")


def _add_document(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE|-", help="the document: a file of JSON, or - for standard input")
    parser.add_argument("--envelope", metavar="EXPR", help="where in it the flags are, as a JMESPath expression")


def check(options: argparse.Namespace) -> bool:
    """Print a summary of a document, or all that is wrong with it; return True if it can be used."""
    _, flags = _read(options)
    if flags is None:
        return False
    ruled = sum(bool(flag.rules) for flag in flags.values())
    native = sum(flag.native for flag in flags.values())
    print(f"{_title(options)}: {_counted(len(flags))}; {ruled} with rules, {native} in AppConfig's own form")
    return True


def evaluate(options: argparse.Namespace) -> bool:
    """Print the value of a flag for a context, and the reason; return True if it could be evaluated."""
    context = {} if options.context is None else _events.load_object(options.context, "--context")
    document, flags = _read(options)
    if flags is None:
        return False
    if options.name not in flags:
        hint = closest(options.name, flags)
        sys.stderr.write(f"lambda-kit: there is no flag {options.name!r} in {_title(options)}{hint}\n")
        return False
    from lambda_kit.flags import FeatureFlags, StaticFlags

    at: float | None = options.at
    clock = time.time if at is None else lambda: at
    found = FeatureFlags(StaticFlags(document), clock=clock).explain(options.name, context)
    if options.json:
        told = {name: getattr(found, name) for name in ("flag", "value", "reason", "rule", "variant")}
        print(json.dumps({**told, "explanation": found.lines}, ensure_ascii=False))
    else:
        print(found)
    return True


def _read(options: argparse.Namespace) -> tuple[Any, dict[str, Flag] | None]:
    """Return the document and the compiled flags; print the problems and return None for flags if there are any."""
    from lambda_kit._kernel.expressions import compiled
    from lambda_kit.flags._schema import compile_flags, parse_json

    find = None if options.envelope is None else compiled(options.envelope, "--envelope")
    text = _text(options.file)
    try:
        document = parse_json(text)
        if find is not None:
            document = find(document)
            if document is None:
                raise FlagSchemaError([("$", f"there is nothing at the envelope {options.envelope}")])
        return document, compile_flags(document)
    except FlagSchemaError as error:
        sys.stderr.write(f"{_title(options)}: the flags cannot be used\n")
        sys.stderr.writelines(f"  {path}: {problem}\n" for path, problem in error.problems)
        return None, None


def _text(name: str) -> str:
    if name == "-":
        return _events.standard_input()
    try:
        return Path(name).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        told = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(f"the file {name!r} cannot be read: {told}{_similar(name)}") from error


def _similar(name: str) -> str:
    folder = Path(name).parent
    return closest(name, [str(one) for one in folder.glob("*.json")]) if os.path.isdir(folder) else ""  # noqa: PTH112


def _title(options: argparse.Namespace) -> str:
    return "standard input" if options.file == "-" else str(options.file)


def _counted(flags: int) -> str:
    return "1 flag" if flags == 1 else f"{flags} flags"


def _moment(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 2026-11-27T08:00+01:00") from None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
