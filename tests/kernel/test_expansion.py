"""Decompression with a bound."""

from __future__ import annotations

import base64
import contextlib
import gzip
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit._kernel import expansion, expressions
from lambda_kit.errors import ConfigurationError
from tests.effort import skip_in_the_middle

if TYPE_CHECKING:
    from collections.abc import Callable

skip_in_the_middle()

PACK: dict[bool, Callable[[bytes], bytes]] = {True: gzip.compress, False: zlib.compress}


@given(data=st.binary(max_size=2_000), use_gzip=st.booleans(), spare=st.integers(0, 3))
def test_compressed_data_comes_back_as_it_was_within_the_bound(data: bytes, use_gzip: bool, spare: int) -> None:
    assert expansion.decompress(PACK[use_gzip](data), len(data) + spare, gzip=use_gzip) == data


@given(data=st.binary(min_size=1, max_size=2_000), use_gzip=st.booleans(), beyond=st.integers(1, 2_000))
def test_data_beyond_the_bound_is_an_error(data: bytes, use_gzip: bool, beyond: int) -> None:
    with pytest.raises(expansion.TooLarge, match="it expands to more than"):
        expansion.decompress(PACK[use_gzip](data), max(len(data) - beyond, 0), gzip=use_gzip)


@given(data=st.binary(max_size=200), use_gzip=st.booleans(), keep=st.floats(0, 0.99))
def test_data_that_is_cut_is_an_error(data: bytes, use_gzip: bool, keep: float) -> None:
    packed = PACK[use_gzip](data)
    with pytest.raises(ValueError, match="it is "):
        expansion.decompress(packed[: int(len(packed) * keep)], 1_000, gzip=use_gzip)


@given(data=st.binary(max_size=200), use_gzip=st.booleans())
def test_any_bytes_are_a_value_or_a_value_error(data: bytes, use_gzip: bool) -> None:
    with contextlib.suppress(ValueError):
        expansion.decompress(data, 1_000, gzip=use_gzip)


@given(parts=st.lists(st.binary(max_size=50), min_size=1, max_size=5))
def test_the_members_of_gzip_are_bounded_together(parts: list[bytes]) -> None:
    packed = b"".join(map(gzip.compress, parts)) + b"\0\0"
    whole = b"".join(parts)
    assert expansion.decompress(packed, len(whole), gzip=True) == whole
    if whole:
        with pytest.raises(expansion.TooLarge):
            expansion.decompress(packed, len(whole) - 1, gzip=True)


def bomb(size: int) -> str:
    return base64.b64encode(gzip.compress(bytes(size), mtime=0)).decode()


@pytest.mark.parametrize("name", ["parse_base64_gzip", "powertools_base64_gzip"])
def test_an_expression_finds_nothing_in_a_bomb_warns_and_takes_no_memory(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    find = expressions.compiled(f"{name}(body)", "key")
    event = {"body": bomb(128 * 1024 * 1024)}
    tracemalloc.start()
    try:
        assert find(event) is None
        assert tracemalloc.get_traced_memory()[1] < 3 * expansion.DEFAULT_LIMIT
    finally:
        tracemalloc.stop()
    assert ["LAMBDA_KIT_MAX_EXPANSION" in record.getMessage() for record in caplog.records] == [True]


def test_the_bound_of_expressions_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    find = expressions.compiled("parse_base64_gzip(body)", "key")
    event = {"body": bomb(1_000)}
    assert find(event) == "\0" * 1_000
    monkeypatch.setenv("LAMBDA_KIT_MAX_EXPANSION", "999")
    assert find(event) is None
    monkeypatch.setenv("LAMBDA_KIT_MAX_EXPANSION", "much")
    with pytest.raises(ConfigurationError, match="LAMBDA_KIT_MAX_EXPANSION is 'much'"):
        expressions.compiled("parse_base64_gzip(body)", "key")
