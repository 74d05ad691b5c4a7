"""Faults on the way to the services: throttling, and replies that are lost after AWS has acted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from shop.demo.processes import Child, ask, free_port

if TYPE_CHECKING:
    from pathlib import Path

THROTTLED = {"error": {"code": "ThrottlingException", "status": 400}}
LOST = {"response": {"abort_bytes": 0}}  # the request is carried out, and the connection ends without a reply
RULES: list[dict[str, Any]] = [
    {"operation": "PutItem", "times": 2, **THROTTLED},
    {"operation": "UpdateItem", "times": 2, **THROTTLED},
    {"operation": "SendMessage", "times": 1, **THROTTLED},
    {"operation": "PutItem", "times": 3, **LOST},
    {"operation": "UpdateItem", "times": 3, **LOST},
    {"operation": "SendMessage", "times": 2, **LOST},
]


class Faults(Child):
    """A proxy before the services.

    Attributes:
        url: where the services are called through it.
    """

    def __init__(self, program: Path, upstream: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [str(program), "--upstream", upstream, "--port", str(port), "--host", "127.0.0.1"]
        super().__init__(command, f"{self.url}/_microburst/fired")

    def warm_up(self) -> None:
        """Let it load the models of all services, which takes seconds, before a function waits for it."""
        ask(self.url, "POST", b"{}")

    def begin(self) -> None:
        """Disturb, from now on."""
        ask(f"{self.url}/_microburst/rules", "POST", json.dumps(RULES).encode(), {"content-type": "application/json"})

    def fired(self) -> dict[str, int]:
        """Return how many requests were disturbed: `throttled` and `lost`."""
        actions = [one["action"] for one in json.loads(ask(f"{self.url}/_microburst/fired")[1])]
        throttled = sum(one.startswith("error") for one in actions)
        return {"throttled": throttled, "lost": len(actions) - throttled}
