"""`lambda-kit openapi`: writes the OpenAPI document of an app, or checks that the committed one is up to date."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lambda_kit._kernel import callables
from lambda_kit.errors import ConfigurationError
from lambda_kit.http import HttpApp

if TYPE_CHECKING:
    import argparse

FORMATS = ("json", "yaml")
EPILOG = """\
exit status: 0 success, 1 the committed document is out of date, 2 the command cannot be carried out as given

The app, or a handler around it: then it is known what the layers of the handler pass.

examples:
  lambda-kit openapi shop_api:app > openapi.json
  lambda-kit openapi shop_api:app --check openapi.json
  lambda-kit openapi shop_api:lambda_handler --format yaml > openapi.yaml
  lambda-kit openapi shop_api:app --ui site
"""
_MOST_PLACES = 10  # of differences that are named


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `openapi`."""
    parser.add_argument("app", metavar="MODULE:APP", help="the app, found from the current directory")
    parser.add_argument("--server", action="append", default=[], metavar="URL", help="a server; may be repeated")
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="the format that is written (json), or that of the file to check (by its name)",
    )
    parser.add_argument("--check", metavar="FILE", help="compare the document with this file, and write nothing")
    parser.add_argument(
        "--ui", metavar="FOLDER", help="write a page of the document that needs no network, and the document"
    )
    parser.add_argument(
        "--ui-files",
        metavar="FOLDER",
        help="the files of swagger-ui-dist (by default from npm's node_modules, or an installed package of Python)",
    )


def run(options: argparse.Namespace) -> bool:
    """Write the document, or compare it; return True unless a file that it was compared with is out of date."""
    app, provided = _app(options.app)
    document = app.openapi(*provided, servers=options.server)
    if options.ui_files is not None and options.ui is None:
        raise ConfigurationError("--ui-files goes with --ui FOLDER")
    if options.ui is not None:
        if options.check is not None:
            raise ConfigurationError("--check writes nothing, and --ui writes a page; pass one of them")
        from lambda_kit.local import _openapi_page

        print(_openapi_page.write(document, Path(options.ui), options.ui_files))
        return True
    if options.check is not None:
        return _is_current(document, Path(options.check), options)
    sys.stdout.write(_text(document, options.format or "json"))
    return True


def _text(document: dict[str, Any], kind: str) -> str:
    if kind == "json":
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    from lambda_kit.local import _openapi_yaml

    return _openapi_yaml.text_of(document)


def _is_current(document: dict[str, Any], path: Path, options: argparse.Namespace) -> bool:
    kind = options.format or ("yaml" if path.suffix.lower() in (".yaml", ".yml") else "json")
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None
    if kind == "json":
        try:
            committed: Any = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ConfigurationError(f"{path} cannot be read as JSON: {error}") from None
    else:
        from lambda_kit.local import _openapi_yaml

        committed = _openapi_yaml.value_of(text, str(path))
    places = list(_differences(committed, document))
    if not places:
        return True
    shown = "".join(f"  {one}\n" for one in places[:_MOST_PLACES])
    more = f"  and {len(places) - _MOST_PLACES} more\n" if len(places) > _MOST_PLACES else ""
    command = f"lambda-kit openapi {options.app}" + (" --format yaml" if kind == "yaml" else "")
    sys.stderr.write(f"{path} is out of date; write it anew with {command}. It differs at:\n{shown}{more}")
    return False


def _differences(old: Any, new: Any, place: str = "") -> list[str]:
    """Return the JSON pointers of what is different, and how."""
    if isinstance(old, dict) and isinstance(new, dict):
        before, after = cast("dict[str, Any]", old), cast("dict[str, Any]", new)
        found: list[str] = []
        for name in dict.fromkeys([*before, *after]):
            inner = f"{place}/{str(name).replace('~', '~0').replace('/', '~1')}"
            if name not in after:
                found.append(f"{inner} (only in the file)")
            elif name not in before:
                found.append(f"{inner} (not in the file)")
            else:
                found += _differences(before[name], after[name], inner)
        return found
    # True == 1: the texts tell them apart.
    return [] if old == new and json.dumps(old) == json.dumps(new) else [place or "/"]


def _app(place: str) -> tuple[HttpApp, frozenset[str]]:
    """Return an app, and the names of the keywords that the layers of its handler pass."""
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
    app = found if isinstance(found, HttpApp) else callables.plain(found)  # a function under http(...) is an app itself
    if not isinstance(app, HttpApp):
        raise ConfigurationError(f"{name} of {module} is {type(found).__name__}, and no HttpApp")
    return app, callables.provided_keywords(found)
