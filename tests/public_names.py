"""Writes the table of the public names, `lambda_kit/_kernel/public_names.py`, from what the modules export.

`python -m tests.public_names` writes it anew.
"""

from __future__ import annotations

import importlib
import textwrap
from pathlib import Path

import lambda_kit
from tests import public_api

FILE = Path(lambda_kit.__file__).parent / "_kernel" / "public_names.py"
_HEAD = '''"""The public names of the kit, and the modules that export them. It is loaded when a name is missing.

Written by `python -m tests.public_names`: do not edit.
"""

from __future__ import annotations


def places_of(name: str) -> list[str]:
    """Return the public modules that export a name, the root first."""
    return [module for module, names in _NAMES.items() if name in names.split()]


_NAMES = {
'''


def text() -> str:
    """Return the text of the file."""
    lines: list[str] = []
    for module in public_api.modules():
        names = " ".join(sorted(public_api.names_of(importlib.import_module(module))))
        if len(one := f'    "{module}": "{names}",') <= 120:
            lines += [one] if names else []
            continue
        parts = textwrap.wrap(names, 108, break_long_words=False, break_on_hyphens=False)
        lines += [
            f'    "{module}": (',
            *(f'        "{part} "' for part in parts[:-1]),
            f'        "{parts[-1]}"',
            "    ),",
        ]
    return "\n".join([_HEAD.rstrip("\n"), *lines, "}", ""])


if __name__ == "__main__":
    FILE.write_text(text())
    print(f"{FILE.name}: {len(text().splitlines())} lines")
