"""How much of a long test runs.

The hypothesis profile decides it for property tests and for tests that repeat something many times: `full` runs all
of it, `quick` a fifth, `thorough` more. `make test` runs `full` on the newest Python and `quick` on the others.
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


at_both_ends = pytest.mark.skipif(
    not is_full() and sys.version_info[:2] != (3, 11),
    reason="it starts many processes, and runs on the oldest and the newest Python",
)
"""A mark for files of tests that take many seconds, and depend little on the version of Python."""
