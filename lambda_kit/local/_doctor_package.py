"""The size of a deployment package, for `lambda-kit doctor`: of a folder or a zip file, against Lambda's limits."""

from __future__ import annotations

import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lambda_kit.errors import ConfigurationError
from lambda_kit.local._doctor_findings import DOCS, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MB = 2**20
MOST_ZIPPED, MOST_UNZIPPED, MOST_IMAGE = 50 * MB, 250 * MB, 10 * 1024 * MB
QUOTAS = f"{DOCS}lambda/latest/dg/gettingstarted-limits.html"
RUNTIME_PACKAGES = f"{DOCS}lambda/latest/dg/python-package.html"
_SHARE = 0.9  # of a limit, from which on a warning says so
# The packages that Lambda's runtimes of Python have; the names are those of folders and modules.
_IN_RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six", "awslambdaric")
_SKIPPED = {
    ".git",
    ".hg",
    ".venv",
    "venv",
    ".venvs",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".aws-sam",
    ".tox",
    "node_modules",
}
_MOST_FILES = 200_000


class File(NamedTuple):
    """A file of a package.

    Attributes:
        path: inside the package, with `/`.
        size: in bytes.
        zipped: bytes that it takes in a zip file.
    """

    path: str
    size: int
    zipped: int


@dataclass(frozen=True, slots=True)
class Package:
    """A deployment package.

    Attributes:
        source: the folder or the file.
        is_zip: whether it is a zip file, so that `zipped` is its own size.
        size: bytes, unzipped.
        zipped: bytes, zipped; for a folder, the sum of its files, each compressed as zip does.
        parts: the size of each package, module and folder at the top, the largest first.
        droppable: the bytes of what a function does not need, by kind.
        in_runtime: the bytes of packages that Lambda's runtime has too, by name.
    """

    source: str
    is_zip: bool
    size: int
    zipped: int
    parts: dict[str, int]
    droppable: dict[str, int]
    in_runtime: dict[str, int]


def measure(source: str) -> Package:
    """Return the sizes of a package.

    Raises:
        ConfigurationError: it is neither a folder nor a zip file, or cannot be read.
    """
    path = Path(source)
    try:
        if path.is_dir():
            files, is_zip = list(_of_folder(path)), False
        elif path.is_file():
            files, is_zip = _of_zip(path), True
        else:
            raise ConfigurationError(f"--package {source!r} is neither a folder nor a zip file")
    except OSError as error:
        raise ConfigurationError(f"--package {source!r} cannot be read: {error}") from error
    zipped = path.stat().st_size if is_zip else sum(one.zipped for one in files)
    return _package(str(path), files, zipped, is_zip=is_zip)


def _of_folder(root: Path) -> Iterator[File]:
    count = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(one for one in folders if one not in _SKIPPED)
        for name in sorted(names):
            path = Path(folder, name)
            if not path.is_file():
                continue
            count += 1
            if count > _MOST_FILES:
                raise ConfigurationError(
                    f"{root} has more than {_MOST_FILES} files; name the folder that is deployed with --package"
                )
            size = path.stat().st_size
            yield File(
                path.relative_to(root).as_posix(), size, _compressed(path) + 2 * len(str(path.relative_to(root))) + 98
            )


def _compressed(path: Path) -> int:
    squeeze = zlib.compressobj(6, zlib.DEFLATED, -15)
    total = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            total += len(squeeze.compress(block))
    return total + len(squeeze.flush())


def _of_zip(path: Path) -> list[File]:
    try:
        with zipfile.ZipFile(path) as archive:
            return [
                File(one.filename, one.file_size, one.compress_size) for one in archive.infolist() if not one.is_dir()
            ]
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError) as error:
        raise ConfigurationError(f"--package {str(path)!r} is not a zip file that can be read: {error}") from None


def _package(source: str, files: Iterable[File], zipped: int, *, is_zip: bool) -> Package:
    parts: dict[str, int] = {}
    droppable: dict[str, int] = {}
    in_runtime: dict[str, int] = {}
    total = 0
    for one in files:
        total += one.size
        top = _top(one.path)
        parts[top] = parts.get(top, 0) + one.size
        if (kind := _kind(one.path)) is not None:
            droppable[kind] = droppable.get(kind, 0) + one.size
        elif top in _IN_RUNTIME:
            in_runtime[top] = in_runtime.get(top, 0) + one.size
    largest = dict(sorted(parts.items(), key=lambda item: -item[1]))
    return Package(source, is_zip, total, zipped, largest, droppable, in_runtime)


def _top(path: str) -> str:
    """Return the name under which a file counts: its package, its module, or its folder."""
    parts = path.split("/")
    if parts[0] == "python" and len(parts) > 1:  # a layer
        parts = parts[1:]
        if parts[0] == "lib" and len(parts) > 3:
            parts = parts[3:]
    first = parts[0]
    for end in (".dist-info", ".egg-info", ".libs", ".data"):
        if first.endswith(end):
            first = first.removesuffix(end).partition("-")[0]
    if first == "__pycache__":
        return parts[-1].partition(".")[0]
    return first.removesuffix(".py") if len(parts) == 1 else first


def _kind(path: str) -> str | None:
    """Return the kind of a file that a function does not need; None for others."""
    folders, _, name = path.rpartition("/")
    names = folders.split("/")
    if name.endswith(".pyc"):
        return "bytecode (without it, each cold start compiles)"
    if "tests" in names[1:] or "test" in names[1:]:
        return "tests of packages"
    if name.endswith((".pyi", ".pxd", ".pyx")) or name == "py.typed":
        return "types and sources of extensions"
    if {"docs", "doc", "examples"} & set(names[1:]):
        return "documentation and examples of packages"
    if name.endswith((".c", ".h", ".cpp", ".a", ".js.map")):
        return "sources of extensions"
    return None


def findings(package: Package, *, image: bool = False) -> list[Finding]:
    """Return the findings about a package.

    Args:
        package: the package.
        image: whether the function is deployed as a container image, which has another limit.
    """
    found: list[Finding] = []
    largest = ", ".join(f"{name} {shown(size)}" for name, size in list(package.parts.items())[:5])
    for size, limit, name, basis in (
        (
            package.zipped,
            MOST_ZIPPED,
            "zipped",
            "the size of the zip file" if package.is_zip else "the files, each compressed as zip does",
        ),
        (package.size, MOST_UNZIPPED, "unzipped", "the sum of the sizes of all files"),
    ):
        if size <= _SHARE * limit or image:
            continue
        over = size > limit
        upload = name == "zipped"
        found.append(
            Finding(
                f"package.{name}",
                "error" if over and not upload else "warning",
                f"the package is {shown(size)} {name}; the limit is {shown(limit)}"
                + (" for a direct upload" if upload else ""),
                f"{basis}; Lambda's quota",
                (
                    f"upload it through S3, or make it smaller: {largest}"
                    if upload
                    else f"make it smaller ({largest}), or use a container image, up to 10 GB"
                ),
                QUOTAS,
            )
        )
    if image and package.size > _SHARE * MOST_IMAGE:
        found.append(
            Finding(
                "package.image",
                "error" if package.size > MOST_IMAGE else "warning",
                f"the package is {shown(package.size)}; the limit of an image is {shown(MOST_IMAGE)}, with its base",
                "the sum of the sizes of all files; Lambda's quota",
                f"make it smaller: {largest}",
                QUOTAS,
            )
        )
    spare = sum(package.droppable.values())
    if spare >= MB:
        kinds = ", ".join(
            f"{name} {shown(size)}" for name, size in sorted(package.droppable.items(), key=lambda one: -one[1])
        )
        found.append(
            Finding(
                "package.droppable",
                "info",
                f"{shown(spare)} of the package can be left out: {kinds}",
                "the names of files and folders inside packages",
                "leave them out when the package is built",
            )
        )
    own = {name: size for name, size in package.in_runtime.items() if size >= 100_000}
    if own:
        kinds = ", ".join(f"{name} {shown(size)}" for name, size in sorted(own.items(), key=lambda one: -one[1]))
        found.append(
            Finding(
                "package.in-runtime",
                "info",
                f"{shown(sum(own.values()))} of the package are in Lambda's runtime too: {kinds}",
                "the packages that AWS's managed runtimes of Python include",
                "keep them if you pin their versions, which AWS recommends; leave them out if size matters more",
                RUNTIME_PACKAGES,
            )
        )
    return found


def shown(size: float) -> str:
    """Return a size for people."""
    if size >= 100 * MB:
        return f"{size / MB:.0f} MB"
    return f"{size / MB:.1f} MB" if size >= MB / 10 else f"{size / 1024:.1f} kB"


def foreign(root: str) -> list[str]:
    """Return the names of the packages that were installed into the function's folder."""
    found = {"lambda_kit"}
    for info in Path(root).glob("*.dist-info"):
        try:
            lines = (info / "RECORD").read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        for line in lines:
            name = line.partition(",")[0].strip('"').partition("/")[0]
            if name and not name.endswith((".dist-info", ".data", "..")):
                found.add(name.removesuffix(".py").partition(".")[0])
    return sorted(one for one in found if one)
