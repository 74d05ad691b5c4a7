"""`lambda-kit openapi`: writes the OpenAPI document of an app, or checks that the committed one is up to date."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambda_kit.errors import ConfigurationError
from lambda_kit.http import HttpApp

if TYPE_CHECKING:
    import argparse

EPILOG = """\
exit status: 0 success, 1 the committed document is out of date, 2 the command cannot be carried out as given

examples:
  lambda-kit openapi shop_api:app > openapi.json
  lambda-kit openapi shop_api:app --check openapi.json
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `openapi`."""
    parser.add_argument("app", metavar="MODULE:APP", help="the app, found from the current directory")
    parser.add_argument("--server", action="append", default=[], metavar="URL", help="a server; may be repeated")
    parser.add_argument("--check", metavar="FILE", help="compare the document with this file, and write nothing")


def run(options: argparse.Namespace) -> bool:
    """Write the document, or compare it; return True unless a file that it was compared with is out of date."""
    text = json.dumps(_app(options.app).openapi(servers=options.server), indent=2, ensure_ascii=False) + "\n"
    if options.check is None:
        sys.stdout.write(text)
        return True
    try:
        committed: Any = json.loads(Path(options.check).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{options.check} cannot be read as JSON: {error}") from None
    if committed == json.loads(text):
        return True
    sys.stderr.write(f"{options.check} is out of date: write it anew with lambda-kit openapi {options.app}\n")
    return False


def _app(place: str) -> HttpApp:
    module, separator, name = place.partition(":")
    if not separator or not name:
        raise ConfigurationError(f"{place!r} is no app; write MODULE:APP, such as shop_api:app")
    sys.path.insert(0, str(Path.cwd()))
    try:
        loaded = importlib.import_module(module)
    except ImportError as error:
        raise ConfigurationError(f"{module} cannot be imported: {error}") from error
    finally:
        del sys.path[0]
    if not hasattr(loaded, name):
        apps = [one for one, value in vars(loaded).items() if isinstance(value, HttpApp)]
        raise ConfigurationError(f"{module} has no {name!r}; its apps: {', '.join(apps) or 'none'}")
    found = getattr(loaded, name)
    if not isinstance(found, HttpApp):
        raise ConfigurationError(f"{name} of {module} is {type(found).__name__}, and no HttpApp")
    return found
