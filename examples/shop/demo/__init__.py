"""The shop, run whole on this machine: `python -m shop.demo`, from the folder above."""

from __future__ import annotations

import sys
from pathlib import Path

_SOURCE = str(Path(__file__).parents[1] / "src")
if _SOURCE not in sys.path:
    sys.path.append(_SOURCE)  # where the code of the functions is; on Lambda it is the root
