"""Run the tests against the wheel in dist/, in a new environment and a folder without the sources of the package.

python -m release.test_wheel PYTHON [ARGUMENT OF PYTEST...]
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from release._tools import ROOT, UV, export_commit, run, version


def main(arguments: list[str]) -> int:
    """Install the wheel, and run the tests of the commit that is checked out."""
    wheels = sorted((ROOT / "dist").glob(f"*-{version()}-*.whl"))
    if not wheels or not arguments:
        sys.stderr.write("usage: python -m release.test_wheel PYTHON [ARGUMENT OF PYTEST...], after `make dist`\n")
        return 1
    python, *rest = arguments
    with tempfile.TemporaryDirectory() as made:
        project, environment = Path(made) / "project", Path(made) / "venv"
        export_commit(project)
        shutil.rmtree(project / "lambda_kit")
        (project / ".venvs").symlink_to(ROOT / ".venvs")  # services that tests start, each in an environment of its own
        (project / ".cache").symlink_to(ROOT / ".cache")
        run(UV, "venv", "--quiet", "--no-python-downloads", "--python", python, environment)
        inside = environment / "bin" / "python"
        wanted = f"lambda-kit-sdk[pydantic,local,testing] @ {wheels[0].as_uri()}"
        groups = ("--group", f"{project / 'pyproject.toml'}:test")
        run(UV, "pip", "install", "--quiet", "--python", inside, wanted, *groups)
        command: list[str | Path] = [
            inside,
            "-m",
            "pytest",
            "-q",
            "-n",
            "3",
            "--dist",
            "loadfile",
            "-o",
            "testpaths=tests examples",
            *rest,
        ]
        return subprocess.run(command, cwd=project, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
