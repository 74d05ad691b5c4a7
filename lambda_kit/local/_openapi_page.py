"""A page that shows an OpenAPI document without a network. It holds the document, so that it opens from a file."""

from __future__ import annotations

import html
import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

from lambda_kit.errors import ConfigurationError

_FILES = ("swagger-ui.css", "swagger-ui-bundle.js")
_ALSO = ("LICENSE", "NOTICE")  # the licence asks for them
_PACKAGES = ("fastapi_offline",)  # packages of Python with these files; that of npm is the original
_OLDEST = 5  # of Swagger UI: the first one that shows OpenAPI 3.1
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title}</title>
<link rel="stylesheet" href="swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="swagger-ui-bundle.js"></script>
<script type="application/json" id="document">{document}</script>
<script>
SwaggerUIBundle({{
  spec: JSON.parse(document.getElementById("document").textContent),
  dom_id: "#page",
  deepLinking: true,
  validatorUrl: null,
}});
</script>
</body>
</html>
"""


def write(document: dict[str, Any], folder: Path, files: str | None) -> str:
    """Write the page, the files of Swagger UI and the document into a folder, and return the path of the page.

    Args:
        document: the document.
        folder: the folder, which is made if it is missing.
        files: the folder with the files of Swagger UI; None to find them.

    Raises:
        ConfigurationError: there are no files of Swagger UI, or a file cannot be written.
    """
    source = _source(files)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (*_FILES, *_ALSO):
            if (source / name).exists():
                shutil.copyfile(source / name, folder / (f"swagger-ui-{name}" if name in _ALSO else name))
        # In a script, only "<" could end it or begin a comment.
        text = json.dumps(document).replace("<", "\\u003c")
        page = folder / "index.html"
        page.write_text(_PAGE.format(title=html.escape(document["info"]["title"]), document=text), "utf-8")
        (folder / "openapi.json").write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise ConfigurationError(f"the page cannot be written into {folder}: {error}") from None
    return str(page)


def _source(files: str | None) -> Path:
    if files is not None:
        found = Path(files)
        if missing := [name for name in _FILES if not (found / name).is_file()]:
            raise ConfigurationError(f"--ui-files {files} has no {missing[0]}; pass the folder of swagger-ui-dist")
        return _checked(found)
    for place in _places():
        if all((place / name).is_file() for name in _FILES):
            return _checked(place)
    raise ConfigurationError(
        "there are no files of Swagger UI: run npm install swagger-ui-dist, or pip install --no-deps fastapi-offline, "
        "or pass --ui-files FOLDER with the files of swagger-ui-dist"
    )


def _checked(place: Path) -> Path:
    """Refuse files of a version that does not show OpenAPI 3.1, if there is the description of the package."""
    description = place / "package.json"
    if description.is_file():
        version = str(json.loads(description.read_text("utf-8")).get("version", ""))
        major = version.partition(".")[0]
        if major.isdecimal() and int(major) < _OLDEST:
            raise ConfigurationError(
                f"{place} has Swagger UI {version}, which does not show OpenAPI 3.1; install version {_OLDEST} or later"
            )
    return place


def _places() -> list[Path]:
    here = Path.cwd()
    found = [one / "node_modules" / "swagger-ui-dist" for one in (here, *here.parents)]
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        for place in [] if spec is None else spec.submodule_search_locations or []:
            found += sorted({one.parent for one in Path(place).rglob(_FILES[1])})
    return found
