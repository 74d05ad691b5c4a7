"""Keys and hashes as Powertools for AWS Lambda (Python) makes them, so that both know the same calls."""

from __future__ import annotations

import functools
import os

from lambda_kit._kernel import callables, type_of
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class PowertoolsKeys:
    """The keys of Powertools, for `idempotent(powertools=...)`.

    Powertools makes a key of a prefix and a hash. The default prefix is the name of the Lambda function, followed by
    module and qualified name of the protected function.

    Args:
        function: module and qualified name that the function had under Powertools: `"shop.charge"`; by default those
            that it has now.
        key_prefix: `key_prefix` as it was given to Powertools.
        hash_function: `hash_function` as it was given to Powertools' `IdempotencyConfig`.

    Raises:
        ConfigurationError: an argument is no text, or there is no such hash function.
    """

    __slots__ = ("_hash", "_prefix", "function")

    def __init__(
        self, *, function: str | None = None, key_prefix: str | None = None, hash_function: str = "md5"
    ) -> None:
        import hashlib

        for name, given in (("function", function), ("key_prefix", key_prefix), ("hash_function", hash_function)):
            value: Any = given
            if not (isinstance(value, str) and value) and (value is not None or name == "hash_function"):
                raise ConfigurationError(f"PowertoolsKeys({name}={given!r}): pass a text")
        if hash_function not in hashlib.algorithms_available or "shake" in hash_function:
            raise ConfigurationError(
                f"PowertoolsKeys(hash_function={hash_function!r}): hashlib has no such function"
                f"{callables.closest(hash_function, hashlib.algorithms_available)}"
            )
        self._hash = functools.partial(hashlib.new, hash_function)
        self._prefix = key_prefix
        self.function = function

    def key(self, found: Any, function: str) -> str:
        """Return the key for the value that was found.

        Raises:
            TypeError: the value cannot be hashed by Powertools.
        """
        prefix = self._prefix
        if prefix is None:
            prefix = f"{os.environ.get('AWS_LAMBDA_FUNCTION_NAME', 'test-func')}.{self.function or function}"
        return f"{prefix}#{self.hash(found)}"

    def hash(self, found: Any) -> str:
        """Return the hash of a value.

        Raises:
            TypeError: the value cannot be hashed by Powertools.
        """
        import json

        return self._hash(json.dumps(found, default=_plain, sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Return the value that Powertools encodes in place of one that JSON lacks."""
    from decimal import Decimal
    from enum import Enum
    from pathlib import PurePath
    from uuid import UUID

    cls: Any = type_of(value)
    if isinstance(value, Decimal):
        return float("nan") if value.is_nan() else str(value)
    if hasattr(cls, "model_dump"):
        return value.model_dump()
    if hasattr(cls, "__dataclass_fields__"):
        import dataclasses

        return dataclasses.asdict(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID | PurePath):
        return str(value)
    if hasattr(cls, "isoformat"):
        return value.isoformat()
    raise TypeError(f"Powertools cannot hash a {cls.__module__}.{cls.__qualname__}")
