"""Joint builds: the values of several synchronous resources are built with one call."""

from __future__ import annotations

import functools
import time

from lambda_kit.init_cache._build import Build

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, NoReturn

    from lambda_kit.init_cache._entry import Entry


def build_together(
    entries: Iterable[Entry], fetch: Callable[[list[Entry]], dict[Entry, Callable[[], Any]]], after: int = 0
) -> dict[Entry, Exception]:
    """Build the values of several synchronous resources with one call, where they are needed.

    A caller of one of them waits for this build meanwhile. A resource that has a good value, or is being built
    elsewhere, is left alone.

    Args:
        entries: the resources.
        fetch: takes the resources that need a value. It returns for each a function that makes the value from what was
            fetched, and that calls no resource. A resource that is left out is built by its own factory when called.
        after: the sequence number that a good value must have been built after; 0 if any will do.

    Returns:
        The exceptions, by resource; of all resources if `fetch` raised. Each counts as a failure of the factory.
    """
    mine = [(entry, Build(entry.state)) for entry in entries]
    try:  # of one call alone: CPython leaves some of the jumps in a `try` block outside of its `finally`
        return _build(mine, fetch, after)
    finally:
        for entry, build in mine:
            entry.state.abandon(build)  # unless it has ended


def _build(
    mine: list[tuple[Entry, Build]], fetch: Callable[[list[Entry]], dict[Entry, Callable[[], Any]]], after: int
) -> dict[Entry, Exception]:
    failed: dict[Entry, Exception] = {}
    started = [(entry, build) for entry, build in mine if entry.state.join(build, after)]
    if not started:
        return failed
    began = time.perf_counter()
    started_at = {entry: entry.now() for entry, _ in started}
    try:
        makers = fetch([entry for entry, _ in started])
    except Exception as error:
        makers = {entry: functools.partial(_raise, error) for entry, _ in started}
    for entry, build in started:
        if entry not in makers:
            continue
        try:
            value = makers[entry]()
        except Exception as error:
            failed[entry] = error
            entry.state.fail(build, error, after)
        else:
            entry.state.succeed(build, value, started_at[entry], time.perf_counter() - began)
    for entry, build in mine:  # resources that `fetch` left out; again in the `finally` if an interrupt strikes here
        entry.state.abandon(build)
    return failed


def _raise(error: Exception) -> NoReturn:
    raise error
