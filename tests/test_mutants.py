"""The faults of `make mutants` are single ones, in code that runs."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

from mutants import results
from mutants.cores import CORES
from mutants.operators import mutants_of
from mutants.runner import Trial
from tests.effort import at_both_ends

pytestmark = at_both_ends


ROOT = Path(__file__).parents[1]
SOURCE = '''
"""A docstring."""
TYPE_CHECKING = False
if TYPE_CHECKING:
    import typing

def cheap(price: "int", most=10) -> "bool":
    """Tell whether it is cheap."""
    if price < 0 and not most:
        raise ValueError(f"{price} is below {0}")
    log("x")
    return price + 1 <= most
'''


def test_each_fault_changes_one_place() -> None:
    found = [(one.before.removesuffix(" …"), one.after.removesuffix(" …")) for one in mutants_of(SOURCE)]
    assert found == [
        ("10", "11"),
        ("if price < 0 and (not most):", "if not (price < 0 and (not most)):"),
        ("price < 0 and (not most)", "price < 0 or not most"),
        ("price < 0", "price <= 0"),
        ("0", "1"),
        ("not most", "most"),
        ("log('x')", "pass"),
        ("'x'", "'xx'"),
        ("return price + 1 <= most", "return None"),
        ("price + 1 <= most", "price + 1 < most"),
        ("price + 1", "price - 1"),
        ("1", "2"),
    ]
    plain = ast.unparse(ast.parse(SOURCE))
    texts = {ast.unparse(one.tree) for one in mutants_of(SOURCE)}
    assert len(texts) == 12
    assert plain not in texts
    for one in mutants_of(SOURCE):
        compile(one.tree, "cheap", "exec")


def test_cores_name_files_and_tests_that_exist() -> None:
    for core in CORES.values():
        assert all((ROOT / "lambda_kit" / file).is_file() for file in core.files)
        assert all((ROOT / "tests" / file).is_file() for file in core.tests)


def test_a_fault_knows_its_function() -> None:
    source = "x = 1\nclass A:\n    def f(self):\n        return 2"
    assert [one.function for one in mutants_of(source)] == ["", "A.f", "A.f"]


def test_results_are_kept_with_what_was_written_about_a_survivor(tmp_path: Path) -> None:
    one, other = mutants_of("a < 1")[:2]
    result = results.result_of(2, [Trial("a.py", one, "survived"), Trial("a.py", other, "timed out")], ())
    assert (result.tried, [(each.file, each.before) for each in result.survivors]) == (2, [("a.py", "a < 1")])
    assert "| a | 2 | 2 | 1 | 0 | 1 | 50% |" in results.table({"a": result})
    assert "- `a.py`: `a < 1` became `pass`." in results.table({"a": result})
    words = replace(result.survivors[0], harmless="Nothing reads it.")
    results.save("a b", replace(result, survivors=(words,)), tmp_path)
    kept = results.load("a b", tmp_path)
    assert kept is not None
    assert kept.survivors == (words,)
    again = results.result_of(2, [Trial("a.py", one, "survived")], kept.survivors)
    assert again.survivors == (words,)
    assert "| a | 2 | 1 | 0 | 1 | 0 | 0% |" in results.table({"a": again})
    assert "- `a.py`: `a < 1` became `pass`. Nothing reads it." in results.table({"a": again})


def test_the_page_shows_what_is_kept() -> None:
    page = (ROOT / "docs" / "mutants.md").read_text("utf-8")
    assert page == results.with_table(page)
    for name in CORES:
        kept = results.load(name)
        assert kept is None or kept.tried <= kept.possible
