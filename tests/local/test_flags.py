"""`lambda-kit flags check` and `lambda-kit flags eval`."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.local import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FLAGS = {
    "express": {
        "default": False,
        "rules": {
            "premium": {
                "when_match": True,
                "conditions": [{"action": "EQUALS", "key": "tier", "value": "premium"}],
            }
        },
    },
    "sale": {
        "default": "none",
        "boolean_type": False,
        "rules": {
            "friday": {
                "when_match": "half price",
                "conditions": [
                    {
                        "action": "SCHEDULE_BETWEEN_DAYS_OF_WEEK",
                        "key": "CURRENT_DAY_OF_WEEK",
                        "value": {"DAYS": ["FRIDAY"]},
                    }
                ],
            }
        },
    },
    "banner": {"enabled": True, "text": "Grüezi"},
}


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run the command where flags.json holds a document."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, document: Any = FLAGS) -> tuple[int, str, str]:
        text = document if isinstance(document, str) else json.dumps(document)
        (tmp_path / "flags.json").write_text(text, "utf-8")
        status = main(["flags", *arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return run


def test_what_a_right_document_has_is_counted(run: Callable[..., tuple[int, str, str]]) -> None:
    assert run("check", "flags.json") == (0, "flags.json: 3 flags; 2 with rules, 1 in AppConfig's own form\n", "")
    one = {"a": {"default": True}}
    assert (
        run("check", "flags.json", document=one)[1] == "flags.json: 1 flag; 0 with rules, 0 in AppConfig's own form\n"
    )


def test_all_that_is_wrong_is_told_with_its_path(run: Callable[..., tuple[int, str, str]]) -> None:
    wrong = json.loads(json.dumps(FLAGS))
    wrong["express"]["rules"]["premium"]["conditions"][0]["action"] = "EQUAL"
    del wrong["sale"]["default"]
    status, out, err = run("check", "flags.json", document=wrong)
    first, *problems = err.splitlines()
    assert (status, out, first) == (1, "", "flags.json: the flags cannot be used")
    assert len(problems) == 2
    assert problems[0].startswith("  $.express.rules.premium.conditions[0].action: ")
    assert "'EQUALS'" in problems[0]
    assert problems[1].startswith("  $.sale: ")


def test_what_is_no_json_is_told(run: Callable[..., tuple[int, str, str]]) -> None:
    for text in ("", "{", '{"a": {"default": true}, "a": {"default": true}}', '{"a": {"default": NaN}}'):
        status, out, err = run("check", "flags.json", document=text)
        assert (status, out) == (1, "")
        assert "  $: is not valid JSON: " in err


def test_flags_in_an_envelope_are_found(run: Callable[..., tuple[int, str, str]]) -> None:
    enveloped = {"features": {"flags": FLAGS}}
    arguments = ("flags.json", "--envelope", "features.flags")
    assert run("check", *arguments, document=enveloped)[:2] == (
        0,
        "flags.json: 3 flags; 2 with rules, 1 in AppConfig's own form\n",
    )
    assert run("eval", *arguments, "banner", document=enveloped)[0] == 0
    status, _, err = run("check", "flags.json", "--envelope", "feature", document=enveloped)
    assert status == 1
    assert "there is nothing at the envelope feature" in err


def test_standard_input_is_read(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"a": {"default": 5}}'))
    status, _, err = run("check", "-")
    assert (status, err.splitlines()[0]) == (1, "standard input: the flags cannot be used")


def test_a_flag_is_told_with_the_reason(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, err = run("eval", "flags.json", "express", "--context", '{"tier": "basic"}')
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "express is false: no rule matches, so it is the default",
        "  rule 'premium' does not match",
        '    no  tier is "premium" (given: "basic")',
    ]
    assert run("eval", "flags.json", "express")[1].endswith('tier is "premium" (missing from the context)\n')


def test_a_context_may_stand_in_a_file(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    (tmp_path / "ada.json").write_text('{"tier": "premium"}')
    status, out, _ = run("eval", "flags.json", "express", "--context", "ada.json")
    assert (status, out.splitlines()[0]) == (0, "express is true: rule 'premium' matches")


@pytest.mark.parametrize(
    ("at", "value"),
    [
        ("2026-11-27T00:00:00", "half price"),  # UTC, where no offset is given
        ("2026-11-27T00:00:00+01:00", "none"),
        ("2026-11-26T23:30:00-01:00", "half price"),
    ],
)
def test_the_time_that_rules_go_by_can_be_given(run: Callable[..., tuple[int, str, str]], at: str, value: str) -> None:
    status, out, _ = run("eval", "flags.json", "sale", "--at", at, "--json")
    assert (status, json.loads(out)["value"]) == (0, value)


def test_an_evaluation_as_json_has_its_parts(run: Callable[..., tuple[int, str, str]]) -> None:
    _, out, _ = run("eval", "flags.json", "express", "--context", '{"tier": "premium"}', "--json")
    found = json.loads(out)
    explanation = found.pop("explanation")
    assert found == {
        "flag": "express",
        "value": True,
        "reason": "TARGETING_MATCH",
        "rule": "premium",
        "variant": "on",
    }
    assert explanation[0] == "express is true: rule 'premium' matches"
    assert "Grüezi" in run("eval", "flags.json", "banner", "--json")[1]


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("eval", "flags.json", "expres"), 1, "there is no flag 'expres' in flags.json; did you mean 'express'?"),
        (("eval", "flags.json", "express", "--context", "5"), 2, "--context '5' is neither a file nor a JSON object"),
        (("eval", "flags.json", "express", "--context", "{"), 2, "--context is not JSON: "),
        (("eval", "flags.json", "express", "--at", "noon"), 2, "'noon' is not a time such as 2026-11-27T08:00+01:00"),
        (("eval", "flags.json"), 2, "the following arguments are required: NAME"),
        (("check", "flag.json"), 2, "the file 'flag.json' cannot be read: No such file or directory; did you mean"),
        (("check", "."), 2, "the file '.' cannot be read: Is a directory"),
        (("check", "flags.json", "--envelope", "a..b"), 2, "--envelope is 'a..b', which is no JMESPath expression"),
        (("check", "flags.json", "--envelop", "a"), 2, "unknown option --envelop; did you mean '--envelope'?"),
        (("check", "flags.json", "express"), 2, "unknown argument express (see lambda-kit flags check --help)"),
        (("chekc", "flags.json"), 2, "unknown command 'chekc'; did you mean 'check'? Commands: check, eval"),
    ],
)
def test_what_cannot_be_done_is_said(
    run: Callable[..., tuple[int, str, str]], arguments: tuple[str, ...], status: int, told: str
) -> None:
    found, out, err = run(*arguments)
    assert (found, out) == (status, "")
    assert told in err


def test_without_a_subcommand_those_that_there_are_are_listed(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, err = run()
    assert (status, out) == (2, "")
    assert "check" in err
    assert "eval" in err
