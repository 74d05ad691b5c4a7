"""No public name, signature or default changes unseen: a change has to edit the snapshot."""

from __future__ import annotations

import os

import pytest

from tests import public_api


@pytest.mark.skipif("TEST_RUNTIME" in os.environ, reason="it changes the defaults of local runs")
def test_the_public_names_and_their_signatures_are_those_of_the_snapshot() -> None:
    then, now = public_api.FILE.read_text().splitlines(), public_api.described().splitlines()
    gone = [f"- {line}" for line in then if line not in set(now)]
    new = [f"+ {line}" for line in now if line not in set(then)]
    assert then == now, "\n".join(["the public names have changed; if that is meant, run `make api`:", *gone, *new])


def test_what_the_root_exports_is_described_where_it_is_defined() -> None:
    lines = public_api.FILE.read_text().splitlines()
    for line in lines[1 : lines.index("")]:
        module, _, name = line.partition(": see ")[2].rpartition(".")
        described = lines[lines.index(f"# {module}") + 1 :]
        assert any(one.startswith((f"{name}(", f"class {name}", f"{name}:")) for one in described), line
