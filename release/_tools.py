"""What the programs of this folder share: running commands, exporting the commit, hashes, sizes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).parent.parent
UV = ROOT / ".venvs" / "uv" / "bin" / "uv"
_ZIP_DATE = (2020, 1, 1, 0, 0, 0)  # the same in each build


def run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a command and return what it prints; its errors are shown.

    Raises:
        SystemExit: it failed.
    """
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{done.stdout}\nfailed with {done.returncode}: {' '.join(map(str, command))}")
    return done.stdout


def version() -> str:
    """Return the version of the package in this folder."""
    for line in (ROOT / "lambda_kit" / "__init__.py").read_text().splitlines():
        if line.startswith("__version__ = "):
            return line.split('"')[1]
    raise SystemExit("lambda_kit/__init__.py has no __version__")


def export_commit(folder: Path) -> None:
    """Write the files of the commit that is checked out into a folder: what is not committed is not published."""
    archive = subprocess.run(["git", "archive", "--format=tar", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")


def commit_time() -> str:
    """Return the time of the commit that is checked out, in epoch seconds."""
    return run("git", "log", "-1", "--format=%ct", cwd=ROOT).strip()


def sha256(file: Path) -> str:
    """Return the SHA-256 hash of a file, as hexadecimal text."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def write_zip(folder: Path, target: Path) -> None:
    """Write a folder into a zip file that is the same for the same files: sorted, with one date for all of them."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(one for one in folder.rglob("*") if one.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), _ZIP_DATE)
            entry.external_attr = (0o100755 if os.access(file, os.X_OK) else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())


def megabytes(size: int) -> str:
    """Return a size in bytes as text in MB."""
    return f"{size / 1e6:.2f} MB"
