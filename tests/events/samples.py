"""The sample payloads of AWS, as others have published them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "payloads"


def payload(name: str) -> Any:
    """Return a sample payload, made anew for each call."""
    return json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))
