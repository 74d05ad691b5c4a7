"""The capabilities of the kit under both clients: the same results, lines, metrics and spans."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest

from lambda_kit.testing import FakeXRayDaemon
from tests.runtime.differential import CLIENTS, Client

EVENTS: list[Any] = [{"id": "o-1"}, {"id": "o-1"}, {"id": "o-2"}, {"id": "o-3", "fail": True}, {}]
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="awslambdaric has wheels for Linux alone")


def observed(client: str, handler: str) -> tuple[list[Any], list[Any]]:
    """Return what a client did in each invocation, and the names of the spans."""
    with FakeXRayDaemon() as daemon:
        headers = {"Lambda-Runtime-Trace-Id": TRACE, "Lambda-Runtime-Aws-Tenant-Id": "t"}
        env = {"AWS_XRAY_DAEMON_ADDRESS": daemon.environ["AWS_XRAY_DAEMON_ADDRESS"], "AWS_REGION": "eu-west-1"}
        with Client(client, handler, env) as process:
            seen = [
                process.invoke(json.dumps(event).encode(), headers, number=number)
                for number, event in enumerate(EVENTS)
            ]
        names = sorted((one["name"], bool(one.get("fault"))) for one in daemon.documents)
    return [(one.requests, normal(one.output), one.errors, one.status) for one in seen], names


def normal(output: str) -> str:
    return re.sub(r'"Timestamp": ?\d+', '"Timestamp":0', output)


@pytest.mark.parametrize("handler", ["rooms.place", "rooms.asynchronous", "rooms.stored"])
def test_the_capabilities_do_the_same_under_both_clients(handler: str) -> None:
    theirs, ours = (observed(client, handler) for client in CLIENTS)
    assert ours == theirs
    if handler == "rooms.place":
        assert '"cold": true' in ours[0][0][0][0][-1]
        assert '"trace": "1-5759e988-bd862e3fe1be46a994272793"' in ours[0][0][0][0][-1]
        assert '"message":"placing"' in ours[0][0][1]
