"""Build the layers: zips with the kit and pinned dependencies, for each architecture, and show their size.

    python -m release.layer [--python 3.13] [--only core|models|all]

`core` has the kit and what it always needs; it is pure Python. `models` adds the extras `pydantic` and `fast`, `all`
the extra `all`; both leave boto3 out, which the managed runtimes have. Beside each size stands that of the peer with
those of its extras that do the same; its `all` has fewer capabilities. Its layers are built in the same way.

Each layer has two names: with the version, to be kept, and without it, for templates (`examples/deploy`).
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from release._tools import ROOT, UV, megabytes, run, sha256, version, write_zip

ARCHITECTURES = {"x86_64": "x86_64-manylinux_2_28", "arm64": "aarch64-manylinux_2_28"}
IN_THE_RUNTIME = (ROOT / "requirements" / "in-the-runtime.txt").read_text("ascii").split()
PEER = {"core": "aws-lambda-powertools", "models": "aws-lambda-powertools[parser]", "all": "aws-lambda-powertools[all]"}


def install(folder: Path, python: str, platform: str, *arguments: str | Path) -> None:
    """Install wheels for another machine into a folder."""
    run(
        UV,
        "pip",
        "install",
        "--quiet",
        "--target",
        folder,
        "--python",
        sys.executable,
        "--python-version",
        python,
        "--python-platform",
        platform,
        "--only-binary",
        ":all:",
        *arguments,
    )


def names(kind: str, architecture: str, python: str) -> tuple[str, str]:
    """Return the two file names of a layer: with the version of the kit, and without it."""
    rest = f"{kind}-python{python}-{architecture}.zip"
    return f"lambda-kit-sdk-{version()}-{rest}", f"lambda-kit-sdk-{rest}"


def trim(folder: Path) -> None:
    """Remove what no function needs: bytecode of another interpreter, and the list of files of each package."""
    for cache in folder.rglob("__pycache__"):
        shutil.rmtree(cache)
    for name in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_build.json"):
        for file in folder.rglob(f"*.dist-info/{name}"):
            file.unlink()
    (folder / ".lock").unlink(missing_ok=True)


def build(kind: str, architecture: str, python: str, wheel: Path, target: Path) -> None:
    """Build one layer."""
    platform = ARCHITECTURES[architecture]
    with tempfile.TemporaryDirectory() as made:
        packages = Path(made) / "python"
        pinned = ROOT / "requirements" / f"layer-{kind}.txt"  # all of it: what is not there is in the runtime
        install(packages, python, platform, "--no-deps", "--require-hashes", "-r", pinned)
        install(packages, python, platform, "--no-deps", wheel)
        trim(packages)
        write_zip(Path(made), target)


def peer_size(kind: str, architecture: str, python: str) -> int:
    """Return the size of the peer's layer, built in the same way, without what the runtime has."""
    with tempfile.TemporaryDirectory() as made:
        packages = Path(made) / "python"
        install(packages, python, ARCHITECTURES[architecture], PEER[kind])
        for distribution in IN_THE_RUNTIME:
            name = distribution.replace("-", "_")
            module = name.removeprefix("python_")
            for found in [
                *packages.glob(module),
                *packages.glob(f"{module}.py"),
                *packages.glob(f"{name}-*.dist-info"),
            ]:
                shutil.rmtree(found) if found.is_dir() else found.unlink()
        trim(packages)
        target = Path(made) / "peer.zip"
        (Path(made) / "layer").mkdir()
        packages.rename(Path(made) / "layer" / "python")
        write_zip(Path(made) / "layer", target)
        return target.stat().st_size


def main() -> int:
    """Build the layers that were asked for and list them."""
    parser = argparse.ArgumentParser(prog="python -m release.layer", description="Build the layers into dist/.")
    parser.add_argument("--python", default="3.13", help="the Python of the function (default: %(default)s)")
    parser.add_argument("--only", choices=sorted(PEER), help="build only this one")
    options = parser.parse_args()
    dist = ROOT / "dist"
    wheels = sorted(dist.glob(f"*-{version()}-*.whl"))
    if not wheels:
        sys.stderr.write("dist/ has no wheel of this version: run `make dist` first\n")
        return 1
    print(f"{'layer':<52} {'size':>9} {'peer':>9}  sha256")
    for kind in [options.only] if options.only else PEER:
        for architecture in ARCHITECTURES:
            name, lasting = names(kind, architecture, options.python)
            build(kind, architecture, options.python, wheels[0], dist / name)
            shutil.copyfile(dist / name, dist / lasting)
            size, peer = (dist / name).stat().st_size, peer_size(kind, architecture, options.python)
            print(f"{name:<52} {megabytes(size):>9} {megabytes(peer):>9}  {sha256(dist / name)[:16]}")
    print("each is in dist/ without the version, too, for templates: lambda-kit-sdk-KIND-pythonX.Y-ARCHITECTURE.zip")
    return 0


if __name__ == "__main__":
    sys.exit(main())
