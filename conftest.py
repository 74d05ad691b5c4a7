"""Runs the Python blocks of the README, of the documentation pages and of the docstrings as tests."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from sybil import Sybil
from sybil.document import Document, PythonDocStringDocument
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import PythonCodeBlockParser

import lambda_kit
from lambda_kit import testing


def _names_of_docstrings(namespace: dict[str, Any]) -> None:
    """Examples in docstrings are short: they need not import what their module is about."""
    namespace.update({name: getattr(lambda_kit, name) for name in lambda_kit.__all__})
    namespace.update({name: getattr(testing, name) for name in testing.__all__})
    namespace["date"] = date


class _Docstrings(PythonDocStringDocument):
    """The docstrings of a file. A file without a block is not parsed, because each worker collects all of them."""

    @classmethod
    def parse(cls, path: str, *parsers: Any, encoding: str = "utf-8") -> Document:
        text = Path(path).read_text(encoding)
        return super().parse(path, *parsers, encoding=encoding) if "```python" in text else cls(text, path)


_ENVIRONMENT = "environment before the page"


def _keep_environment(namespace: dict[str, Any]) -> None:
    namespace[_ENVIRONMENT] = dict(os.environ)


def _restore_environment(namespace: dict[str, Any]) -> None:
    """Take back what a page has set: the tests of the same process know nothing of it."""
    before: dict[str, str] = namespace[_ENVIRONMENT]
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)


_pages = Sybil(
    parsers=[PythonCodeBlockParser()],
    patterns=["README.md", "docs/*.md"],
    setup=_keep_environment,
    teardown=_restore_environment,
)
_docstrings = Sybil(
    parsers=[PythonCodeBlockParser()],
    patterns=["lambda_kit/**/*.py", "lambda_kit/*.py"],
    document_types={".py": _Docstrings},
    setup=_names_of_docstrings,
)
# Files that take seconds, the longest first. They start first, so that no worker is left alone with one at the end.
_LONG = [
    "examples/shop/tests/test_demo.py",
    "tests/test_docs_site.py",
    "tests/durable/test_histories.py",
    "tests/idempotency/test_processes.py",
    "tests/http/test_schemathesis.py",
    "tests/events/test_hostile.py",
    "tests/soak/test_soak.py",
    "tests/batch/end_to_end/test_sqs.py",
    "tests/batch/test_properties.py",
    "tests/batch/end_to_end/test_fifo.py",
    "tests/idempotency/test_model.py",
    "tests/idempotency/test_interrupts.py",
    "tests/idempotency/test_powertools.py",
    "tests/tracer/test_instrument_aws.py",
    "tests/test_imports.py",
    "tests/idempotency/test_stores.py",
    "tests/runtime/test_differential.py",
    "tests/test_leaks.py",
    "tests/batch/end_to_end/test_streams.py",
    "tests/local/test_rie.py",
    "tests/test_testing.py",
    "tests/aws/test_faults.py",
    "tests/flags/test_rollout.py",
]
_PLACES = {name: place for place, name in enumerate(_LONG)}
pytest_collect_file = (_pages + _docstrings).pytest()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the blocks of a page together and in their order, and put the files first that take long.

    Each block of a page builds on the blocks before it. A file that takes long and starts last would keep one worker
    busy while the others have nothing to do.
    """
    if unstable := [item.nodeid for item in items if re.search(r" at 0x[0-9a-f]", item.nodeid)]:
        raise pytest.UsageError(
            "an id of a parameter holds an address, so each process collects other tests; give ids: " + unstable[0]
        )
    pages: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if isinstance(item, SybilItem):
            pages[str(item.path)].append(item)
    ordered: list[pytest.Item] = []
    for item in items:
        if isinstance(item, SybilItem):
            ordered += sorted(pages.pop(str(item.path), []), key=lambda block: block.location[1] or 0)
        else:
            ordered.append(item)
    items[:] = sorted(ordered, key=lambda item: _PLACES.get(item.nodeid.partition("::")[0], len(_LONG)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Send one report of a test that passes from a worker to the process that prints, and not one of each phase.

    Writing, sending and reading reports took a good part of the time of short tests, of which there are thousands. A
    setup or a teardown that fails or is skipped is reported as ever.
    """
    if not hasattr(item.config, "workerinput"):
        return None
    hook = item.ihook
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in runtestprotocol(item, log=False, nextitem=nextitem):
        if report.when == "call" or not report.passed:
            hook.pytest_runtest_logreport(report=report)
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
