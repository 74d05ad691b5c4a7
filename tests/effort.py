"""How much of a long test runs.

The hypothesis profile decides it for property tests and for tests that repeat something many times: `full` runs all
of it, `quick` a fifth, `thorough` more. `make test` runs `full` on the newest Python and `quick` on the others. `short`
is for the newest Python on a slow machine: a fifth of the repetitions, and all tests that `quick` leaves out.
`mutants` is `quick`, and does not look for the simplest failure.
"""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import HealthCheck, Phase, settings

EXAMPLES = 60  # of a property test, in the profile `full`

settings.register_profile("full", deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("full"), max_examples=EXAMPLES // 5)
settings.register_profile("short", settings.get_profile("quick"))
settings.register_profile("mutants", settings.get_profile("quick"), phases=[Phase.explicit, Phase.generate])
settings.register_profile("thorough", settings.get_profile("full"), max_examples=2_000)


def load_profile() -> None:
    """Use the profile that `HYPOTHESIS_PROFILE` names; `full` by default."""
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "full"))


def scaled(count: int) -> int:
    """Return how many of `count` repetitions the profile asks for; `count` is what `full` runs."""
    examples = settings.get_profile(settings.get_current_profile_name()).max_examples
    return max(1, count * examples // EXAMPLES)


def is_full() -> bool:
    """Tell whether tests run that take many seconds and are the same on each Python: not in the profile `quick`."""
    return os.environ.get("HYPOTHESIS_PROFILE") not in ("quick", "mutants")


def is_at_an_end() -> bool:
    """Tell whether tests run that take seconds and depend little on the version of Python.

    They run on the newest Python, in full, and on the oldest one.
    """
    return is_full() or sys.version_info[:2] == (3, 11)


def skip_in_the_middle(*, but_not_under_the_kit: bool = False) -> None:
    """Skip the file that calls this, at its top, on all Pythons between the oldest and the newest.

    Call it in files that take seconds, and depend little on the version of Python.

    Args:
        but_not_under_the_kit: the file runs where `TEST_RUNTIME` names a runtime client, on any version.
    """
    __tracebackhide__ = True  # the report names the file that is skipped
    if not is_at_an_end() and not (but_not_under_the_kit and "TEST_RUNTIME" in os.environ):
        pytest.skip("it takes seconds, and runs on the oldest and the newest Python", allow_module_level=True)
