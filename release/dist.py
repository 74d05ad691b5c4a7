"""Build the wheel and the source distribution of the commit that is checked out, twice, and compare the bytes.

    python -m release.dist

`dist/` gets the two files, a bill of materials for what `pip install lambda-kit-sdk` installs (CycloneDX, JSON), and
`SHA256SUMS`. Two builds in two folders have to give the same bytes: the build tools are pinned by
`requirements/build.txt`, and the only date is that of the commit.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from release._tools import ROOT, UV, commit_time, export_commit, megabytes, run, sha256, version


def build(source: Path, target: Path) -> dict[str, str]:
    """Build both distributions from a folder of sources; return the hash of each file by its name."""
    export_commit(source)
    run(
        UV,
        "build",
        "--quiet",
        "--python",
        sys.executable,
        "--build-constraint",
        source / "requirements" / "build.txt",
        "--require-hashes",
        "--out-dir",
        target,
        cwd=source,
        env={"SOURCE_DATE_EPOCH": commit_time()},
    )
    return {file.name: sha256(file) for file in sorted(target.iterdir()) if file.suffix in (".whl", ".gz")}


def bill_of_materials(wheel: Path, target: Path) -> None:
    """Write what the wheel installs, with versions and licences, as a CycloneDX document."""
    with tempfile.TemporaryDirectory() as made:
        environment = Path(made) / "venv"
        run(UV, "venv", "--quiet", "--python", sys.executable, environment)
        python = environment / "bin" / "python"
        run(UV, "pip", "install", "--quiet", "--python", python, "--constraint", ROOT / "requirements/dev.txt", wheel)
        maker = Path(sys.executable).parent / "cyclonedx-py"
        options = ("--output-reproducible", "--pyproject", ROOT / "pyproject.toml", "--of", "JSON")
        run(maker, "environment", *options, "-o", target, python)
    found = json.loads(target.read_text())
    found["metadata"]["component"]["version"] = version()  # which pyproject.toml does not hold
    target.write_text(json.dumps(found, indent=2) + "\n")


def main() -> int:
    """Build, compare, and list what was built."""
    if run("git", "status", "--porcelain", "--untracked-files=no", cwd=ROOT):
        sys.stderr.write("there are changes that are not committed: they are not in what is built\n")
    dist = ROOT / "dist"
    with tempfile.TemporaryDirectory() as made:
        first, second = (Path(made) / name for name in ("first", "second"))
        hashes = build(first / "source", first / "dist")
        again = build(second / "other-place", second / "dist")
        if hashes != again:
            sys.stderr.write(f"two builds of one commit differ:\n{hashes}\n{again}\n")
            return 1
        shutil.rmtree(dist, ignore_errors=True)
        shutil.copytree(first / "dist", dist, ignore=shutil.ignore_patterns(".gitignore"))
    (wheel,) = dist.glob("*.whl")
    bill = dist / f"lambda_kit_sdk-{version()}.cdx.json"
    bill_of_materials(wheel, bill)
    hashes[bill.name] = sha256(bill)
    (dist / "SHA256SUMS").write_text("".join(f"{text}  {name}\n" for name, text in sorted(hashes.items())))
    for name, text in hashes.items():
        print(f"{megabytes((dist / name).stat().st_size):>9}  {text[:16]}  dist/{name}")
    print("two builds gave the same bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
