"""The command that writes and checks the OpenAPI document, its page, and the route that serves the file."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lambda_kit
from lambda_kit import HttpApp
from lambda_kit.errors import ConfigurationError
from lambda_kit.local import main
from tests.effort import skip_in_the_middle
from tests.http.clients import every_trigger, problem

skip_in_the_middle()

validator: Any = pytest.importorskip("openapi_spec_validator")
yaml: Any = pytest.importorskip("yaml")
ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
# What the core schema of YAML 1.2 takes for something else than a text, in plain style.
PLAIN_1_2 = re.compile(r"null|Null|NULL|~||true|True|TRUE|false|False|FALSE|[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT_1_2 = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


@pytest.fixture(autouse=True)
def _in_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)


def written(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["openapi", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("kind", ["json", "yaml"])
def test_the_command_writes_the_document_and_tells_if_it_is_out_of_date(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = written(capsys, "shop_api:app", "--format", kind)
    document = json.loads(text) if kind == "json" else yaml.safe_load(text)
    validator.validate(document)
    assert document == json.loads(written(capsys, "shop_api:app"))
    committed = tmp_path / f"openapi.{kind}"
    committed.write_text(text)
    assert main(["openapi", "shop_api:app", "--check", str(committed)]) == 0
    committed.write_text(text.replace("/orders/{order_id}", "/old/{order_id}"))
    assert main(["openapi", "shop_api:app", "--check", str(committed)]) == 1
    told = capsys.readouterr().err
    assert f"{committed} is out of date; write it anew with lambda-kit openapi shop_api:app" in told
    assert "/paths/~1old~1{order_id} (only in the file)" in told
    assert "/paths/~1orders~1{order_id} (not in the file)" in told
    assert ("--format yaml" in told) == (kind == "yaml")


def test_a_value_of_another_type_is_a_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(written(capsys, "shop_api:app"))
    (parameter, *_) = document["paths"]["/orders/{order_id}"]["get"]["parameters"]
    parameter["required"] = 1
    committed = tmp_path / "openapi.json"
    committed.write_text(json.dumps(document))
    assert main(["openapi", "shop_api:app", "--check", str(committed)]) == 1
    assert capsys.readouterr().err.splitlines()[1:] == ["  /paths/~1orders~1{order_id}/get/parameters"]
    committed.write_text("{}")
    assert main(["openapi", "shop_api:app", "--check", str(committed)]) == 1
    assert "/openapi (not in the file)" in capsys.readouterr().err


def test_a_handler_shows_what_its_layers_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "layered_api.py").write_text(
        "from typing import Any\n"
        "from lambda_kit import HttpApp, handler, provide\n"
        "class Table: ...\n"
        "app = HttpApp()\n"
        "@app.get('/')\n"
        "def read(table: Table) -> str: ...\n"
        "lambda_handler = handler(provide(table=Table))(app)\n"
    )
    document = json.loads(written(capsys, "layered_api:lambda_handler"))
    assert "parameters" not in document["paths"]["/"]["get"]
    assert main(["openapi", "layered_api:app"]) == 2
    assert "is annotated with Table, which no request holds" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["shop_api"], "write MODULE:APP"),
        (["nothing_here:app"], "cannot be imported"),
        (["shop_api:log"], "is Logger, and no HttpApp"),
        (["shop_api:nope"], "shop_api has no 'nope'; its apps: app"),
        (["shop_api:app", "--check", "missing.json"], "cannot be read"),
        (["shop_api:app", "--check", "shop_api.py"], "cannot be read as JSON"),
        (["shop_api:app", "--check", "shop_api.py", "--format", "yaml"], "cannot be read as YAML"),
        (["shop_api:app", "--format", "xml"], "invalid choice: 'xml'"),
        (["shop_api:app", "--ui-files", "a"], "--ui-files goes with --ui"),
        (["shop_api:app", "--ui", "a", "--check", "b"], "pass one of them"),
        (["shop_api:app", "--ui", "a", "--ui-files", "."], "has no swagger-ui.css"),
    ],
    ids=str,
)
def test_a_command_that_cannot_be_carried_out_says_why(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["openapi", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_a_document_that_is_nested_too_deep_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "nested.json"
    file.write_text("[" * 100_000, "utf-8")
    assert main(["openapi", "shop_api:app", "--check", str(file)]) == 2
    assert "nested.json cannot be read as JSON" in capsys.readouterr().err


def test_without_pyyaml_the_command_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert main(["openapi", "shop_api:app", "--format", "yaml"]) == 2
    assert 'pip install "lambda-kit-sdk[yaml]"' in capsys.readouterr().err
    assert main(["openapi", "shop_api:app"]) == 0


def values_of_yaml() -> Any:
    text = st.text() | st.from_regex(PLAIN_1_2, fullmatch=True) | st.from_regex(FLOAT_1_2, fullmatch=True)
    scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text
    return st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(text, inner), max_leaves=8)


@given(st.dictionaries(st.text(), values_of_yaml()))
def test_yaml_holds_what_json_holds(document: dict[str, Any]) -> None:
    text = import_module("lambda_kit.local._openapi_yaml").text_of(document)
    assert yaml.safe_load(text) == document


@given(st.from_regex(PLAIN_1_2, fullmatch=True) | st.from_regex(FLOAT_1_2, fullmatch=True))
def test_a_text_is_a_text_for_version_1_2_of_yaml_too(text: str) -> None:
    line: str = import_module("lambda_kit.local._openapi_yaml").text_of({"a": text})
    assert line.startswith(("a: '", 'a: "')), line


class Page(HTMLParser):
    """The scripts and links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str | None] = []
        self.document = ""
        self._is_document = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.links += [found[name] for name in ("src", "href") if name in found]
        self._is_document = found.get("id") == "document"

    def handle_data(self, data: str) -> None:
        if self._is_document:
            self.document += data


@pytest.fixture
def swagger_ui(tmp_path: Path) -> Path:
    """The names of the files of swagger-ui-dist, as npm installs them."""
    folder = tmp_path / "node_modules" / "swagger-ui-dist"
    folder.mkdir(parents=True)
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "LICENSE"):
        (folder / name).write_text(f"/* {name} */")
    (folder / "package.json").write_text('{"version": "5.35.0"}')
    return folder


def test_the_page_holds_the_document_and_needs_no_network(
    swagger_ui: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "page_api.py").write_text(
        "from lambda_kit import HttpApp\n"
        "app = HttpApp(title='</title> & \"shop\"')\n"
        "@app.get('/', summary='</script><!-- <script>')\n"
        "def read() -> str: ...\n"
    )
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    monkeypatch.setattr("sys.path", [str(tmp_path), *sys.path])
    told = written(capsys, "page_api:app", "--ui", "site")
    assert told == f"{Path('site') / 'index.html'}\n"
    files = {one.name for one in (below / "site").iterdir()}
    assert files == {
        "index.html",
        "openapi.json",
        "swagger-ui-LICENSE",
        "swagger-ui-bundle.js",
        "swagger-ui.css",
    }
    page = Page((below / "site" / "index.html").read_text())
    assert page.links == ["data:,", "swagger-ui.css", "swagger-ui-bundle.js"]
    document = json.loads(page.document)
    assert document == json.loads((below / "site" / "openapi.json").read_text())
    assert document["paths"]["/"]["get"]["summary"] == "</script><!-- <script>"


def test_files_of_swagger_ui_that_are_missing_or_too_old_are_told(
    swagger_ui: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.path", [str(EXAMPLES), *sys.path])
    monkeypatch.chdir(tmp_path)
    (swagger_ui / "package.json").write_text('{"version": "4.15.5"}')
    assert main(["openapi", "shop_api:app", "--ui", "site"]) == 2
    assert "has Swagger UI 4.15.5, which does not show OpenAPI 3.1" in capsys.readouterr().err
    (swagger_ui / "swagger-ui.css").unlink()
    assert main(["openapi", "shop_api:app", "--ui", "site"]) == 2
    assert "npm install swagger-ui-dist" in capsys.readouterr().err
    assert not (tmp_path / "site").exists()


@every_trigger
def test_the_function_serves_the_file_that_was_written(trigger: Any, tmp_path: Path) -> None:
    for name, media_type in (("a.json", "application/json"), ("a.yaml", "application/yaml")):
        (tmp_path / name).write_text('{"é": 1}', "utf-8")
        app = HttpApp()
        app.openapi(path="/docs/openapi", file=str(tmp_path / name))
        client = app.test_client(trigger)
        answer = client.get("/docs/openapi")
        assert (answer.status, answer.headers["content-type"], answer.json()) == (200, media_type, {"é": 1})
        (tmp_path / name).unlink()
        assert client.get("/docs/openapi").json() == {"é": 1}
        assert app.openapi()["paths"] == {}


def test_a_file_that_is_missing_is_500_and_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    app = HttpApp()
    app.openapi(path="/openapi.json", file=str(tmp_path / "openapi.json"))
    answer = app.test_client().get("/openapi.json")
    assert (answer.status, str(tmp_path) in answer.text) == (500, False)
    assert problem(answer)["detail"] == "the document cannot be read"
    assert "write it with lambda-kit openapi" in caplog.text


def test_what_to_serve_has_to_be_said() -> None:
    options: list[dict[str, Any]] = [{"path": "/a"}, {"file": "a.json"}, {"path": "/a", "file": "a.txt"}]
    for wrong in options:
        with pytest.raises(ConfigurationError, match="openapi"):
            HttpApp().openapi(**wrong)


def test_serving_the_file_loads_nothing_that_makes_documents(tmp_path: Path) -> None:
    (tmp_path / "openapi.json").write_text("{}")
    program = (
        "import sys\n"
        "from lambda_kit import HttpApp\n"
        "app = HttpApp()\n"
        "app.openapi(path='/openapi.json', file='openapi.json')\n"
        "event = {'version': '2.0', 'rawPath': '/openapi.json', 'requestContext': {'http': {'method': 'GET'}}}\n"
        "assert app(event, None)['body'] == '{}'\n"
        "others = ('pydantic', 'typing', 'inspect', 'yaml')\n"
        "print([name for name in sys.modules if 'openapi' in name or name in others])\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(lambda_kit.__file__).parent.parent)},
    )
    assert (done.stdout, done.stderr) == ("['lambda_kit.http._openapi_file']\n", "")
