"""Hashes and codes, against those of the standard library, and what they load."""

from __future__ import annotations

import hashlib
import hmac
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambda_kit._kernel import hashes
from tests.patience import PATIENCE

LENGTHS = st.integers(0, 300) | st.sampled_from([16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1])


@given(LENGTHS, st.binary(max_size=3))
def test_a_hash_is_that_of_the_standard_library(length: int, more: bytes) -> None:
    data = b"x" * length
    made = hashes.sha256(data)
    copy = made.copy()
    copy.update(more)
    assert made.hexdigest() == hashlib.sha256(data).hexdigest()
    assert copy.digest() == hashlib.sha256(data + more).digest()


@given(st.binary(max_size=130), LENGTHS)
@example(b"k" * 64, 0)
@example(b"k" * 65, 1)
def test_a_code_is_that_of_the_standard_library(key: bytes, length: int) -> None:
    message = b"m" * length
    signing = hashes.Hmac(key)
    for _ in range(2):  # what is kept for the key stays as it is
        assert signing.of(message).digest() == hmac.digest(key, message, "sha256")


SHORT = "hashes.sha256(b'key'); hashes.Hmac(b'secret').of(b'text')"


@pytest.mark.parametrize(
    ("code", "loaded"),
    [
        (SHORT, []),
        ("hashes.sha256(b'x' * 20_000)", ["_hashlib"]),
        (
            "import _hashlib; hashes.sha256(b'key'); assert type(hashes.sha256(b'')).__module__ == '_hashlib'",
            ["_hashlib"],
        ),
    ],
)
def test_openssl_is_loaded_for_much_data_and_used_where_it_is_loaded(code: str, loaded: list[str]) -> None:
    assert run(f"from lambda_kit._kernel import hashes; {code}") == f"{loaded}\n"


def test_an_interpreter_without_hashes_of_its_own_uses_openssl() -> None:
    without = "import sys; sys.modules['_sha2'] = sys.modules['_sha256'] = None"
    assert run(f"{without}; from lambda_kit._kernel import hashes; {SHORT}") == "['_hashlib']\n"


def run(code: str) -> str:
    end = "import sys; print([one for one in ('_hashlib', 'hmac') if one in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; {end}"], check=True, capture_output=True, text=True, timeout=PATIENCE
    )
    return done.stdout
