"""One contract for every store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lambda_kit.idempotency import MemoryStore, SQLiteStore
from lambda_kit.testing import StoreContract

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()


class TestSQLiteStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SQLiteStore]:
        store = SQLiteStore(tmp_path / "records.db")
        yield store
        store.close()
