"""The pytest plugin."""

from __future__ import annotations

import pytest

PLUGIN_TEST = """
    from lambda_kit import Metrics, Tracer, current_invocation, handler, init

    @init.resource
    def table():
        return []

    @handler
    def place(event, context):
        table().append(1)
        return current_invocation().cold_start, len(table())

    def test_one(lambda_context):
        assert lambda_context.get_remaining_time_in_millis() > 29_000
        assert place({}, lambda_context) == (True, 1)

    def test_two():
        assert place({}, None) == EXPECTED
"""


@pytest.mark.parametrize(("ini", "expected"), [("", "(True, 1)"), ("lambda_kit_reset = false", "(False, 2)")])
def test_the_plugin_resets_the_state_between_tests_unless_told_not_to(
    pytester: pytest.Pytester, ini: str, expected: str
) -> None:
    pytester.makeini(f"[pytest]\n{ini}")
    pytester.makepyfile(PLUGIN_TEST.replace("EXPECTED", expected))
    result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2)


def test_the_plugin_loads_nothing_of_the_kit_by_itself(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_loaded():
            kit = sorted(name for name in sys.modules if name.startswith("lambda_kit"))
            assert not [name for name in kit if name not in EXPECTED], kit
    """.replace("EXPECTED", repr(["lambda_kit", "lambda_kit._pytest_plugin"]))
    )
    pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider").assert_outcomes(passed=1)
