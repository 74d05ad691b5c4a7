"""How long tests wait for something that has to happen.

One figure serves all waits, so that a slow machine fails none of them: nothing waits this long unless something is
broken. `TEST_PATIENCE=5 make test` waits five times as long.
"""

from __future__ import annotations

import os

PATIENCE = 60.0 * float(os.environ.get("TEST_PATIENCE", "1"))  # seconds
