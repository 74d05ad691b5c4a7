"""Types of the init cache, checked by mypy and pyright; never run."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import AbstractContextManager
from typing import Any, assert_type

from lambda_kit import init
from lambda_kit.init_cache import AsyncResource, InitCache, Resource, ResourceInfo


class Table:
    name: str

    def close(self) -> None: ...


@init.resource
def table() -> Table:
    return Table()


@init.resource(ttl=300.0, refresh="background", stale_if_error=60.0, close=Table.close, eager=True, on_restore="keep")
def fresh_table() -> Table:
    return Table()


@init.resource(eager="now")
def early_table() -> Table:
    return Table()


@init.resource
async def waiting_table() -> Table:
    return Table()


@init.resource(ttl=5)
async def fresh_waiting_table() -> Table:
    return Table()


assert_type(table, Resource[Table])
assert_type(fresh_table, Resource[Table])
assert_type(early_table, Resource[Table])
assert_type(waiting_table, AsyncResource[Table])
assert_type(fresh_waiting_table, AsyncResource[Table])
assert_type(table(), Table)
assert_type(fresh_table.refresh(), Table)
assert_type(table.info, ResourceInfo)
assert_type(table.info.hits, int)
assert_type(table.override(object()), AbstractContextManager[None])
assert_type(InitCache(clock=lambda: 0.0).report(), tuple[ResourceInfo, ...])


async def use() -> None:
    coroutine: Coroutine[Any, Any, Table] = waiting_table()
    assert_type(await coroutine, Table)
    assert_type(await waiting_table.refresh(), Table)


table(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


@init.resource(tll=5)  # type: ignore[call-overload, untyped-decorator]  # pyright: ignore[reportCallIssue, reportUntypedFunctionDecorator]
def misspelt() -> Table:
    return Table()


@init.resource(refresh="later")  # type: ignore[call-overload, untyped-decorator]  # pyright: ignore[reportArgumentType]
def unknown_choice() -> Table:
    return Table()


@init.resource(eager="soon")  # type: ignore[call-overload, untyped-decorator]  # pyright: ignore[reportArgumentType]
def unknown_time() -> Table:
    return Table()


@init.resource  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType, reportUntypedFunctionDecorator]
def with_arguments(name: str) -> Table:
    return Table()
