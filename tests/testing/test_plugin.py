"""The pytest plugin."""

from __future__ import annotations

import pytest

from tests.effort import skip_in_the_middle

skip_in_the_middle()

PLUGIN_TEST = """
    import pytest
    from lambda_kit import Metrics, Tracer, current_invocation, handler, init

    @init.resource
    def table():
        return []

    @handler
    def place(event, context):
        table().append(1)
        return current_invocation().cold_start, len(table())

    @pytest.fixture(scope="module")
    def seeded():
        return place({}, None)

    @pytest.fixture
    def built(seeded):
        return table()

    def test_one(lambda_context, built):
        assert lambda_context.get_remaining_time_in_millis() > 29_000
        assert table() is built
        assert place({}, lambda_context) == EXPECTED[0]

    def test_two():
        assert place({}, None) == EXPECTED[1]
"""


@pytest.mark.parametrize(
    ("ini", "expected"), [("", "[(True, 1), (True, 1)]"), ("lambda_kit_reset = false", "[(False, 2), (False, 3)]")]
)
def test_the_plugin_resets_the_state_between_tests_unless_told_not_to(
    pytester: pytest.Pytester, ini: str, expected: str
) -> None:
    pytester.makeini(f"[pytest]\n{ini}")
    pytester.makepyfile(PLUGIN_TEST.replace("EXPECTED", expected))
    result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2)


FIXTURES_TEST = """
    import json
    import logging
    from lambda_kit import Logger, Metrics, Tracer, handler
    from lambda_kit.testing import assert_metric, invoke

    log, metrics, tracer = Logger(service="shop"), Metrics(namespace="Shop", service="shop"), Tracer()

    @handler(log, tracer, metrics)
    def place(event, context):
        log.info("placed", order_id=event["id"], left=context.get_remaining_time_in_millis())
        with tracer.span("charge"):
            metrics.add("Orders", 1)

    def test_all_calls_are_seen(lambda_logs, lambda_spans, lambda_metrics, lambda_invoke, lambda_context):
        assert (len(lambda_logs), len(lambda_spans), dict(lambda_metrics)) == (0, 0, {})
        place({"id": "o-1"}, lambda_context)
        lambda_invoke(place, {"id": "o-2"}, cold=True)
        place({"id": "o-3"}, lambda_context)
        logging.getLogger("shop").warning("done")
        assert [line["order_id"] for line in lambda_logs.find_all(message="placed")] == ["o-1", "o-2", "o-3"]
        assert lambda_logs[-1]["message"] == "done"
        lambda_spans.assert_spans(*[("place", "charge")] * 3)
        lambda_metrics.assert_metric("Orders", total=3)
        assert_metric("Orders", [1, 1, 1])
        assert lambda_metrics["Orders"] == [1, 1, 1]

    def test_nothing_is_left_of_the_test_before(lambda_logs, lambda_spans):
        assert (len(lambda_logs), len(lambda_spans)) == (0, 0)

    def test_printing_goes_on(lambda_logs, capsys):
        print("plain")
        log.info("placed")
        assert capsys.readouterr().out.startswith('plain\\n{')
        assert lambda_logs.messages == ["placed"]

    def test_the_deadline_is_by_the_frozen_clock(lambda_context, lambda_clock):
        lambda_clock.advance(29)
        assert lambda_context.get_remaining_time_in_millis() == 1000

    def test_fails(lambda_invoke):
        lambda_invoke(place, {"id": "o-9"}).logs.one(order_id="o-8")
"""


def test_fixtures_record_freeze_and_show_the_output_of_what_failed(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(FIXTURES_TEST)
    result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider", "--tb=short")
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*lambda_invoke(place, *one(order_id=*",  # the frames of the kit are hidden
            "E   AssertionError: no log entry has order_id='o-8'",
            "E         order_id is 'o-9', not 'o-8'",
            "*- Captured output of invocation 1, of *place call -*",
            '{*"message":"placed"*',
        ]
    )


def test_a_suite_that_does_not_use_the_kit_loads_two_modules_more_and_calls_no_fixture(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_loaded(request):
            print("LOADED", *sorted(sys.modules))
            print("FIXTURES", *request.fixturenames)
        """
    )

    def run(*options: str) -> tuple[set[str], str]:
        done = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider", "-s", *options)
        done.assert_outcomes(passed=1)
        (loaded,) = (line for line in done.outlines if "LOADED" in line)
        (fixtures,) = (line for line in done.outlines if "FIXTURES" in line)
        return set(loaded.partition("LOADED")[2].split()), fixtures

    loaded, fixtures = run()
    assert fixtures == "FIXTURES request"
    assert loaded - run("-p", "no:lambda_kit")[0] == {"lambda_kit", "lambda_kit._pytest_plugin"}


MISSING_TEST = """
    def test_services(lambda_aws):
        pass

    def test_whole(lambda_runtime):
        lambda_runtime("app.handler", python={python!r}, runtime="awslambdaric")
"""


def test_what_is_not_installed_skips_or_fails_a_test_with_the_reason(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = pytester.path / "bare"
    bare.write_text("#!/bin/sh\necho 3.13 0\n")  # an interpreter that says that it has no runtime client
    bare.chmod(0o755)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    pytester.makepyfile(MISSING_TEST.format(python=str(bare)))
    options = ("-p", "no:randomly", "-p", "no:cacheprovider", "-rs")
    skipped = pytester.runpytest_inprocess(*options)
    skipped.assert_outcomes(skipped=2)
    skipped.stdout.fnmatch_lines(
        ["SKIPPED *ministack is neither beside*pip install ministack*", "SKIPPED *cannot import awslambdaric*pip*"]
    )
    failed = pytester.runpytest_inprocess(
        *options, "-o", "lambda_kit_missing=fail", "-o", "lambda_kit_ministack=no/where"
    )
    failed.assert_outcomes(failed=1, errors=1)
    failed.stdout.fnmatch_lines(["*'no/where', which is not a program*", "*cannot import awslambdaric*"])


def test_a_setting_that_has_no_meaning_is_refused(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_one(): pass")
    for setting, hint in (("lambda_kit_missing = fial", "did you mean 'fail'"), ("lambda_kit_runtime = kitt", "'kit'")):
        pytester.makeini(f"[pytest]\n{setting}")
        result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([f"ERROR: {setting.replace(' = ', '=')}*{hint}*"])
