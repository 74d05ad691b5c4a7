"""The generated pages of the documentation are those that the code gives, and no public name is missing."""

from __future__ import annotations

import inspect
import re

import pytest
from pydantic import BaseModel

import lambda_kit
from lambda_kit import HttpApp, Logger, current_invocation, errors, handler, idempotent
from lambda_kit.batch import batch
from lambda_kit.events import parse
from lambda_kit.idempotency import MemoryStore
from lambda_kit.testing import events, invoke, make_context
from tests import error_messages, public_api, reference_pages, reference_tables
from tests.effort import skip_in_the_middle

skip_in_the_middle()


def test_the_pages_are_those_that_the_code_gives() -> None:
    stale = [path.name for path, text in reference_pages.pages().items() if path.read_text() != text]
    assert stale == [], "run `make reference`"


def test_each_public_module_has_a_place_in_the_reference() -> None:
    shown = [name for _, modules in reference_pages.PAGES.values() for name in modules]
    assert sorted(shown) == sorted(set(public_api.modules()) - {"lambda_kit"})


def test_each_error_says_what_to_do() -> None:
    assert set(reference_pages.REMEDIES) == set(errors.__all__)


def test_each_error_of_http_says_what_to_do_and_is_told_from_the_error_of_aws_of_the_same_name() -> None:
    assert set(reference_pages.HTTP_REMEDIES) == set(error_messages.classes_of_http())
    page = (reference_pages.DOCS / "troubleshooting.md").read_text()
    assert "| `lambda_kit.errors.NotFound` | `dynamodb PutItem failed with ResourceNotFoundException: …` |" in page
    assert "| `lambda_kit.http.NotFound` | `404 Not Found` |" in page
    assert "| `NotFound` |" not in page


def is_said(error: BaseException, name: str) -> bool:
    """Tell whether a message on the page is that of an error: its words in their order, with anything at each `…`."""
    message = " ".join(str(error).split())
    forms = [".*".join(map(re.escape, one.split("…"))) for one in error_messages.messages()[name]]
    return any(re.match(form, message) for form in forms)


def test_messages_of_real_errors_are_on_the_page() -> None:
    class Order(BaseModel):
        id: int

    @handler(parse(Order))
    def place(order: Order, context: object) -> None: ...

    @handler
    @batch(model=Order, raise_if_all_failed=True)
    def ship(order: Order) -> None: ...

    refused = invoke(place, {"id": "x"}).error
    assert isinstance(refused, errors.ParseError)
    assert is_said(refused, "ParseError")
    failed = invoke(ship, events.sqs(["{}"])).error
    assert isinstance(failed, errors.BatchFailed)
    assert is_said(failed, "BatchFailed")
    assert isinstance(failed.__cause__, errors.InvalidRecord)
    assert is_said(failed.__cause__, "InvalidRecord")
    with pytest.raises(errors.ConfigurationError) as raised:
        HttpApp(base_path="orders")
    assert is_said(raised.value, "ConfigurationError")
    with pytest.raises(errors.OutsideInvocation) as outside:
        current_invocation()
    assert is_said(outside.value, "OutsideInvocation")
    assert is_said(
        errors.NotFound("no", service="dynamodb", operation="PutItem", code="ResourceNotFoundException"), "NotFound"
    )


def test_the_index_for_machines_has_each_page_of_the_site() -> None:
    links = re.findall(r"\]\(([^)]+)\)", (reference_pages.DOCS / "llms.txt").read_text())
    written = [path.relative_to(reference_pages.DOCS).as_posix() for path in reference_pages.DOCS.rglob("*.md")]
    assert sorted(links) == sorted(f"{name.removesuffix('.md')}.html" for name in written)


def test_each_page_has_the_title_that_the_menu_gives_it() -> None:
    titles = {file: title for entries in reference_pages.nav().values() for title, file in entries.items()}
    headings = {
        file: (reference_pages.DOCS / file).read_text().partition("\n")[0].removeprefix("# ") for file in titles
    }
    assert headings == titles


def test_the_header_of_the_site_has_the_version() -> None:
    (name,) = re.findall(
        r"^repo_name: (.*?)(?: #.*)?$", (reference_pages.ROOT / "mkdocs.yml").read_text(), re.MULTILINE
    )
    assert name == f"lambda-kit-sdk {lambda_kit.__version__}"


def test_each_operation_that_the_kit_calls_belongs_to_a_feature_with_its_permissions() -> None:
    listed = {one for operations in reference_tables.FEATURES.values() for one in operations}
    assert listed == reference_tables.operations()


def test_each_line_on_the_page_of_operations_has_words_of_its_own() -> None:
    code = "\n".join(path.read_text("utf-8") for path in reference_tables.PACKAGE.rglob("*.py"))
    assert [text for text in reference_pages.VALUES if repr(text)[1:-1] not in code] == []
    rows = [line.split(" | ") for line in reference_pages.lines_table().splitlines()[2:]]
    bare = [row[1] for row in rows if len(re.findall(r"[A-Za-z]{2,}", row[1].removeprefix("lambda_kit: "))) < 4]
    assert bare == []


def test_each_metric_span_and_annotation_of_the_code_is_in_its_table() -> None:
    assert reference_tables.metric_names() == set(reference_tables.METRICS)
    assert reference_tables.span_names() == set(reference_tables.SPANS)
    of_spans = {name for _, _, added in reference_tables.SPANS.values() for name in added}
    assert reference_tables.annotation_names() <= of_spans | set(reference_tables.ANNOTATIONS)


def test_each_option_has_a_meaning_and_each_argument_a_row() -> None:
    for sources in reference_tables.OPTIONS.values():
        for name, made in sources:
            rows = dict(reference_tables.described(made))
            arguments = [
                one.name for one in inspect.signature(made).parameters.values() if one.kind is not one.VAR_KEYWORD
            ]
            assert [one for one in arguments if not rows.get(one)] == [], name


def test_the_fields_of_log_lines_are_those_of_the_table() -> None:
    """Lines of an invocation with all that the kit adds, beside the names of the table."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0")
        patch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "provisioned-concurrency")
        log = Logger(service="shop", correlation_id="id", log_event=True)
        app = HttpApp()

        @app.get("/orders")
        @idempotent(MemoryStore(), key=lambda _: "1", name="orders", cache=0)
        def orders() -> str:
            log.info("%d", "no number")
            try:
                raise KeyError("x")
            except KeyError:
                log.exception("failed", stack_info=True)
            return "done"

        event = {**events.http("GET", "/orders"), "id": "c-1"}
        context = make_context(tenant_id="t-1")
        served = handler(log)(app)
        lines = [*invoke(served, event, context=context).logs, *invoke(served, event, context=context).logs]
    found = {name for line in lines for name in line}
    assert found - set(reference_tables.LOG_FIELDS) == set()
    # A durable execution has the others: tests/durable.
    assert set(reference_tables.LOG_FIELDS) - found == {"executionArn", "replayed"}
