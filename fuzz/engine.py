"""Tries one target with atheris, in a process of its own that is forked from one in which all code is instrumented."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from fuzz.kinds import Target

_PATIENCE = 60.0  # seconds that a target may take longer than its time
_ONE_INPUT = 120  # seconds that one input may take on a machine that does other things; `timed` counts its own


class _Nowhere(logging.Handler):
    """Makes the text of each record, and throws it away."""

    def emit(self, record: logging.LogRecord) -> None:
        record.getMessage()


def prepare(names: list[str]) -> dict[str, Target]:
    """Import the kit instrumented, so that its coverage is known, and return the targets by their names.

    The seeds are tried once, because the kit loads many modules with the first call that needs them.
    """
    import atheris as found  # pyright: ignore[reportMissingModuleSource]

    atheris: Any = found
    logging.basicConfig(handlers=[_Nowhere()])
    names_of_modules = io.StringIO()  # atheris prints each
    hook = atheris.instrument_imports(include=["lambda_kit"], enable_loader_override=False)
    with contextlib.redirect_stderr(names_of_modules), hook:
        from fuzz.targets import TARGETS

        for name in names or TARGETS:
            if name in TARGETS:
                for seed in TARGETS[name].all_seeds():
                    with contextlib.suppress(Exception):  # it is reported when the target is tried
                        TARGETS[name].run(seed)
    return TARGETS


@dataclass
class Outcome:
    """What came of one target.

    Attributes:
        good: whether no fault was found.
        output: what libFuzzer and the fault have printed.
    """

    good: bool
    output: str


def run(target: Target, seconds: int, folder: Path, seed: int = 0) -> Outcome:
    """Try a target for some seconds. An input that fails is written into the folder. With a seed, runs are alike."""
    log = folder / f"{target.name}.log"
    child = os.fork()
    if child == 0:
        status = 70
        try:
            _redirect(log)
            _fuzz(target, seconds, folder, seed)
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    latest = time.monotonic() + seconds + _ONE_INPUT + _PATIENCE
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > latest:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            status = 1
            break
        time.sleep(0.05)
    return Outcome(status == 0, log.read_text("utf-8", "replace"))


def _redirect(log: Path) -> None:
    """Send what this process prints into a file: libFuzzer writes to the standard error of C."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)


def _fuzz(target: Target, seconds: int, folder: Path, seed: int) -> None:
    import atheris as found  # pyright: ignore[reportMissingModuleSource]

    from fuzz.kinds import LONGEST, timed

    atheris: Any = found
    corpus = folder / "corpus" / target.name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(target.all_seeds()):
        (corpus / f"seed-{number:04}").write_bytes(data[:LONGEST])
    options = {
        "max_total_time": seconds,
        "seed": seed,
        "max_len": LONGEST,
        "timeout": _ONE_INPUT,
        "rss_limit_mb": 1500,
        "artifact_prefix": f"{folder}/{target.name}-",
        "print_final_stats": 1,
    }
    arguments = [f"-{option}={value}" for option, value in options.items()]

    def one(data: bytes) -> None:
        timed(target.run, data)

    atheris.Setup(["fuzz", *arguments, str(corpus)], one)
    atheris.Fuzz()
