"""The command `lambda-kit bench`, which measures how long a function takes and what it costs, over memory sizes."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambda_kit.errors import ConfigurationError
from lambda_kit.local import _events, _handler, _prices
from lambda_kit.local._bench_arguments import SIZES
from lambda_kit.local._bench_emulation import Emulation, emulation
from lambda_kit.local._bench_machine import Load
from lambda_kit.local._bench_run import Live, Plan, Side, Target, environment_of, measure
from lambda_kit.local._bench_summary import Terms, summarize
from lambda_kit.local._invoke import Terminated, function_settings, interruptions
from lambda_kit.local._settings import Settings, missing, probe

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from lambda_kit.local._bench_machine import Machine


def bench_command(options: argparse.Namespace) -> bool:
    """Carry out `lambda-kit bench`; return whether all invocations succeeded and all sides were measured."""
    how = emulation(options.cpu, options.init_cpu)
    memory: tuple[int, ...] = options.memory or SIZES
    if options.check_emulation:
        from lambda_kit.local._bench_check import check_emulation

        return check_emulation(options, memory, how)
    terms = _terms(options)
    event = _events.load(options.event)
    targets = _targets(options)
    settings = {key: value for key, value in function_settings(options).items() if key not in _OF_SIDES}
    sides = [Side(target, size) for size in memory for target in targets]
    for side in sides:
        _check(side, settings)
    write = _chart_writers(options)
    plan = Plan(options.cold, options.warm, options.seconds)

    from lambda_kit.local._bench_progress import Progress

    progress = Progress(plan, len(sides))
    load = Load()

    def start(side: Side) -> Live:
        return Live(environment_of(side, settings), how.governor(side.memory))

    stopped = "interrupted"
    try:
        with interruptions():
            stopped = measure(sides, plan, event, start, on_invocation=progress.count)
    except (KeyboardInterrupt, Terminated):
        progress.clear()
        _report(options, sides, plan, how, load.machine(), terms, stopped, write)
        raise
    progress.clear()
    _report(options, sides, plan, how, load.machine(), terms, stopped, write)
    return all(side.failed == 0 and side.cold for side in sides)


_OF_SIDES = ("memory", "python", "runtime")


def _report(
    options: argparse.Namespace,
    sides: list[Side],
    plan: Plan,
    how: Emulation,
    machine: Machine,
    terms: Terms,
    stopped: str,
    write: list[Callable[[dict[str, Any]], None]],
) -> None:
    for side in sides:
        for name, error in side.first.items():
            advice = _handler.advice(error, side.target.handler, Path.cwd(), side.target.python)
            if advice is not None:
                side.advice[name] = advice
    variables = {**os.environ, **function_settings(options)["env"]}
    document = summarize(
        sides,
        plan,
        terms,
        machine,
        emulation={"method": how.method, "by": how.name, "init": "boost" if how.boost else "share"},
        stopped=stopped,
        bytecode=not variables.get("PYTHONDONTWRITEBYTECODE"),
    )
    if options.json:
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        from lambda_kit.local._bench_text import text

        encoding = sys.stdout.encoding or "utf-8"
        unicode = _can_encode(encoding)
        sys.stdout.write(text(document, unicode=unicode).encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()
    for one in write:
        one(document)


def _can_encode(encoding: str) -> bool:
    try:
        "█░".encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _terms(options: argparse.Namespace) -> Terms:
    prices = _prices.load(options.prices)
    region = options.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    rates: dict[_prices.Architecture, _prices.Rates]
    try:
        rates = {one: prices.rates(region, one) for one in prices.architectures(region)}
    except ConfigurationError as error:
        if options.region is None:
            raise ConfigurationError(f"{error}, or name a region with --region") from None
        raise
    return Terms(prices, region, rates, options.cold_percent / 100, options.ephemeral_storage)


def _targets(options: argparse.Namespace) -> list[Target]:
    """Return the functions to measure, the first one first, each with a label of its own."""
    if options.handler is None:
        raise ConfigurationError("name the function to measure: lambda-kit bench MODULE.FUNCTION")
    first = (options.handler, options.python or sys.executable, options.runtime)
    found = [first]
    if options.compare or options.compare_python or options.compare_runtime:
        python, runtime = options.compare_python or first[1], options.compare_runtime or first[2]
        found += [(handler, python, runtime) for handler in options.compare or [options.handler]]
    for number, one in enumerate(found):
        if one in found[:number]:
            raise ConfigurationError(f"{one[0]} is to be compared with itself; give another function or interpreter")
    return [Target(*one, label=_label(one, found)) for one in found]


def _label(one: tuple[str, str, str], among: list[tuple[str, str, str]]) -> str:
    """Return the name of a function in reports: its handler, and what tells it from others with that handler."""
    handler, python, runtime = one
    rest = [other for other in among if other[0] == handler]
    more = [text for text, index in ((python, 1), (runtime, 2)) if len({other[index] for other in rest}) > 1]
    return f"{handler} ({', '.join(more)})" if more else handler


def _check(side: Side, settings: dict[str, Any]) -> None:
    target = side.target
    _handler.check(target.handler, Path.cwd())
    everything: dict[str, Any] = {**settings, "memory": side.memory, "python": target.python, "runtime": target.runtime}
    Settings.checked(target.handler, **everything, init_type=None, concurrency=None, cwd=None)
    _, found = probe(target.python, target.runtime)
    if not found:
        raise missing(target.python, target.runtime)


def _chart_writers(options: argparse.Namespace) -> list[Callable[[dict[str, Any]], None]]:
    """Return what writes the chart files; what would keep it from that is raised now, before anything is measured."""
    found: list[Callable[[dict[str, Any]], None]] = []
    for option, name in (("--svg", options.svg), ("--png", options.png)):
        if name is None:
            continue
        if not Path(name).absolute().parent.is_dir() or Path(name).is_dir():
            raise ConfigurationError(f"{option} {name}: its directory does not exist, or it is a directory itself")
        if option == "--svg":
            from lambda_kit.local._bench_svg import svg

            found.append(_writer(Path(name), lambda document: svg(document).encode()))
        else:
            from lambda_kit.local._bench_png import pillow, png

            pillow()
            found.append(_writer(Path(name), png))
    return found


def _writer(path: Path, draw: Callable[[dict[str, Any]], bytes]) -> Callable[[dict[str, Any]], None]:
    def write(document: dict[str, Any]) -> None:
        try:
            path.write_bytes(draw(document))
        except OSError as error:
            raise ConfigurationError(f"{path} cannot be written: {error}") from error

    return write
