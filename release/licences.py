"""Check the licences of everything that is installed for development, which includes all extras.

    python -m release.licences

A licence that is not on the list is an error: somebody has to look at it, and add it here or drop the dependency.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata
from typing import Any

ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CNRI-Python",  # of the origin of `regex`, for development alone
    "ISC",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "MPL-2.0",  # files that somebody changes stay under it; we change none
    "PSF-2.0",
    "Python-2.0",
    "Unlicense",
    "Zlib",
}
# What older packages write in place of an identifier of SPDX, in lower case.
_SPELLINGS = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache-2.0 license": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mit style": "MIT",
    "the unlicense (unlicense)": "Unlicense",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}


def licences_of(package: metadata.Distribution) -> set[str]:
    """Return the licences of a distribution. All of them hold together; of those joined by OR, one is enough."""
    found: Any = package.metadata
    said = str(found.get("License") or "not said").splitlines()[0]
    expression: str | None = found.get("License-Expression") or (said if " OR " in said else None)
    if expression:
        choices = [set(re.split(r"\s+AND\s+", part.strip("() "))) for part in re.split(r"\s+OR\s+", expression)]
        return min(choices, key=lambda one: len(one - ALLOWED))
    classifiers: list[str] = found.get_all("Classifier", [])
    classified = [one.rpartition(" :: ")[2] for one in classifiers if one.startswith("License :: OSI")]
    return {_SPELLINGS.get(one.strip().lower(), one.strip()) for one in classified or [said]}


def main() -> int:
    """List the packages whose licence is not allowed."""
    refused: list[str] = []
    count = 0
    for package in sorted(metadata.distributions(), key=lambda one: one.metadata["Name"].lower()):
        count += 1
        if unknown := licences_of(package) - ALLOWED:
            refused.append(f"{package.metadata['Name']} {package.version}: {', '.join(sorted(unknown))}")
    for line in refused:
        print(line)
    print(f"{count} packages, {len(refused)} with a licence that is not on the list")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
