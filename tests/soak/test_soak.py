"""Very many invocations of the whole pipeline under both runtime clients: nothing grows.

The profile says how many: 100,000 in `thorough` (`make soak`), 150 in `quick`.
"""

from __future__ import annotations

import itertools
import json
import os
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from lambda_kit.local import Environment
from tests.effort import is_full, skip_in_the_middle
from tests.events.answers.fakes import Got, serving
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNT = {"quick": 150, "thorough": 100_000}.get(
    os.environ.get("HYPOTHESIS_PROFILE", "full"), 1000
)  # 100,000 in the profile `thorough`
WARM_UP = 100
SHARES = (0.1, 0.5, 1.0)
FUNCTIONS = Path(__file__).parent / "functions"
MEMORY = 1536  # kB that may come: for what is loaded at some time
LEAK = 0.2  # blocks of memory for each invocation
ONCE = 64  # blocks that a part of the run may take whatever its length: a table that grows, a thread that has run once
CLIENTS = ("awslambdaric", "kit")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the tests read /proc")
skip_in_the_middle()


def events() -> Iterator[tuple[dict[str, Any], str]]:
    """Yield events and the status of each, for ever: orders, the same again, one that is refused, one that is none."""
    for number in itertools.count():
        order = {"id": f"o-{number % 20}", "total": 10 * (number % 10)}
        yield order, "success"
        yield order, "success"
        yield {"id": f"r-{number % 20}", "total": 1, "refused": True}, "error"
        yield {"id": f"x-{number % 20}", "total": "many"}, "error"
        yield {**order, "note": "x" * 2000}, "success"


class State(NamedTuple):
    """What a process holds; `blocks` are those of its memory that are allocated."""

    kB: int
    descriptors: int
    threads: int
    blocks: int


def state_of(told: Any) -> State:
    """Return the state of the process that has told its id and its blocks."""
    proc = Path("/proc", str(told["pid"]))
    words = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
    descriptors = len(list((proc / "fd").iterdir()))
    return State(int(words["VmRSS"].split()[0]), descriptors, int(words["Threads"]), told["blocks"])


def check(name: str, states: list[State], count: int) -> None:
    """Check that the later states are like the first, and print them.

    A block that leaks with each invocation leaks in each part of the run; what is done once at some time, such as the
    first refresh in the background, is in one part alone.

    Args:
        name: the name of the process.
        states: its states: after the warm-up, and after each of `SHARES`.
        count: the number of its invocations after the warm-up.
    """
    shares = (0.0, *SHARES)
    for share, state in zip(shares, states, strict=True):
        print(f"{name:20} {count * share:7.0f} {state}")
    # What is done once may be done after the first look, in a worker that has handled little until then.
    settled = states[1:]
    assert {(one.descriptors, one.threads) for one in settled} == {(settled[0].descriptors, settled[0].threads)}
    assert max(one.kB for one in settled) - settled[0].kB < MEMORY
    if count < 100:
        return  # what is done once weighs too much: each of four workers in the profile `quick`
    parts = zip(pairwise(shares), pairwise(states), strict=True)
    growth = [(b.blocks - a.blocks, count * (end - start)) for (start, end), (a, b) in parts]
    assert min(blocks - max(ONCE, LEAK * times) for blocks, times in growth) < 0, growth


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[dict[str, Any]]:
    (tmp_path / "parameters.json").write_text('{"parameters": {"/soak/currency": "CHF"}}')
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as daemon:  # nobody reads what it gets
        daemon.bind(("127.0.0.1", 0))
        yield {
            "cwd": FUNCTIONS,
            "memory": 512,
            "timeout": PATIENCE,
            "env": {
                "LAMBDA_KIT_PARAMETERS_SOURCE": "environment",
                "LAMBDA_KIT_PARAMETERS_FILE": str(tmp_path / "parameters.json"),
                "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
            },
        }


def run(environment: Environment, work: Iterator[tuple[dict[str, Any], str]], count: int) -> None:
    for event, status in itertools.islice(work, count):
        trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
        outcome = environment.invoke(event, trace_id=trace)
        assert outcome.status == status, outcome.payload


@pytest.mark.parametrize("runtime", CLIENTS)
def test_memory_descriptors_and_threads_are_flat(runtime: str, settings: dict[str, Any]) -> None:
    work, done = events(), 0
    states: list[State] = []
    with Environment("whole.lambda_handler", runtime=runtime, **settings) as environment:
        run(environment, work, WARM_UP)
        for share in (0.0, *SHARES):
            run(environment, work, int(COUNT * share) - done)
            done = int(COUNT * share)
            states.append(state_of(environment.invoke({"do": "state"}).payload))
    check(runtime, states, COUNT)


@pytest.mark.parametrize("runtime", CLIENTS if is_full() else CLIENTS[1:])  # each takes seconds
def test_each_of_four_forked_workers_stays_as_it_is(runtime: str, settings: dict[str, Any], tmp_path: Path) -> None:
    workers, rounds = 4, itertools.count()
    states: dict[int, list[State]] = {}
    with (
        Environment("whole.lambda_handler", runtime=runtime, concurrency=workers, **settings) as environment,
        ThreadPoolExecutor(workers) as pool,
    ):

        def look() -> None:
            directory = tmp_path / str(next(rounds))
            directory.mkdir()
            event = {"do": "meet", "directory": str(directory), "count": workers, "patience": PATIENCE}
            for outcome in list(pool.map(environment.invoke, [event] * workers)):
                states.setdefault(outcome.payload["pid"], []).append(state_of(outcome.payload))

        done = -WARM_UP
        for share in (0.0, *SHARES):
            each = (int(COUNT * share) - done) // workers
            list(pool.map(run, [environment] * workers, [events() for _ in range(workers)], [each] * workers))
            done = int(COUNT * share)
            look()
    assert [len(one) for one in states.values()] == [1 + len(SHARES)] * workers
    for pid, one in states.items():
        check(f"{runtime} {pid}", one, COUNT // workers)


class Account:
    """The credentials of a container, and SSM: who asked, and at which time by its own clock."""

    def __init__(self) -> None:
        self.key = "OLD"
        self.calls: list[tuple[str, float]] = []

    def __call__(self, got: Got) -> tuple[int, bytes]:
        if got.method == "GET":
            keys = {"AccessKeyId": self.key, "SecretAccessKey": "s", "Token": "t", "Expiration": "2099-01-01T00:00:00Z"}
            return 200, json.dumps(keys).encode()
        signed = datetime.strptime(got.headers["x-amz-date"] + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
        key = got.headers["authorization"].partition("Credential=")[2].partition("/")[0]
        self.calls.append((key, signed))
        found = {"Name": "/soak/limit", "Type": "String", "Value": f"limit {len(self.calls)}", "Version": 1}
        return 200, json.dumps({"Parameters": [found], "Parameter": found, "InvalidParameters": []}).encode()


@pytest.mark.parametrize("runtime", CLIENTS)
def test_a_restored_environment_has_the_new_credentials_and_the_new_time(runtime: str) -> None:
    account, began = Account(), time.time()
    with serving(account) as url:
        env = {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{url}/credentials",
            "AWS_ENDPOINT_URL": url,
            "AWS_REGION": "eu-west-1",
            "LAMBDA_KIT_PARAMETERS_SOURCE": "aws",
        }
        said: list[str] = []
        with Environment(
            "restored.lambda_handler",
            runtime=runtime,
            init_type="snap-start",
            cwd=FUNCTIONS,
            memory=512,
            timeout=PATIENCE,
            env=env,
            on_output=said.append,
        ) as environment:
            before = list(account.calls)
            account.key = "NEW"
            outcomes = [environment.invoke({}) for _ in range(WARM_UP // 10)]
    assert [key for key, _ in before] == ["OLD"]
    assert before[0][1] < began - 2 * 86_400
    assert [key for key, _ in account.calls[1:]] == ["NEW"]
    assert account.calls[1][1] >= int(began)
    assert {outcome.payload for outcome in outcomes} == {"limit 2"}
    first = json.loads(outcomes[0].output)
    assert datetime.fromisoformat(first["timestamp"]).timestamp() >= began - 1
