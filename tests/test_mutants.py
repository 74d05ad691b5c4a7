"""The faults of `make mutants` are single ones, in code that runs."""

from __future__ import annotations

import ast
from pathlib import Path

from mutants.__main__ import table
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


def test_the_table_has_scores_and_survivors() -> None:
    one, other = mutants_of("a < 1")[:2]
    text = table({"a": (2, [Trial("a.py", one, "survived"), Trial("a.py", other, "timed out")])})
    assert "| a | 2 | 2 | 1 | 50% |" in text
    assert "- `a.py`, line 1: `a < 1` became `pass`" in text
