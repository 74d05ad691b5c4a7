"""Random durable handlers, run by AWS's testing SDK: what happened twice, or was told twice, goes to standard output.

Usage: histories.py SEED COUNT [powertools]

With `powertools` the same handlers run under Powertools in place of the kit.

Each history is a random handler: steps, waits, retries, callbacks, branches, child contexts, idempotent functions
within it and within steps. It is started three times with one key: twice at once, and once after that. Runs die between
checkpoints, by an error after which Lambda tries them again or by one that leaves everything as it stands.

What may happen twice is counted: an effect after which the run dies before anything could note it.
"""

from __future__ import annotations

import functools
import io
import json
import logging
import random
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

sdk: Any = import_module("aws_durable_execution_sdk_python")
config: Any = import_module("aws_durable_execution_sdk_python.config")
exceptions: Any = import_module("aws_durable_execution_sdk_python.exceptions")
testing: Any = import_module("aws_durable_execution_sdk_python_testing")
executor: Any = import_module("aws_durable_execution_sdk_python_testing.executor")

SIDE_BY_SIDE = 48  # histories that run at once: most of their time is waiting
STARTS = 3
RACE = "Cannot return PENDING status with no pending operations"  # a race that the testing SDK knows of
EXPECTED = ("RunDiesError", "Killed", "AlreadyInProgress", "DeclinedError")  # what may end a run
PATIENCE = 30


class RunDiesError(exceptions.InvocationError):  # type: ignore[misc]
    """The run ends, and Lambda tries it again."""


class Killed(BaseException):
    """The run ends as if the process had been killed."""


class DeclinedError(Exception):
    """A failure of the user's code, which the handler catches."""


Node = dict[str, Any]


class Maker:
    """Makes random handlers. A handler is a list of nodes: dicts with a kind, a number, and what the kind needs."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.number = 0

    def nodes(self, depth: int, most: int) -> list[Node]:
        """Return a list of nodes, with branches and functions within each other up to a depth."""
        return [self.node(depth) for _ in range(self.random.randint(1, most))]

    def node(self, depth: int) -> Node:
        """Return one node."""
        self.number += 1
        kinds = ["line"] * 4 + ["step"] * 4 + ["charged step", "wait", "wait", "direct", "callback"]
        if depth > 0:
            kinds += ["function", "function", "child", "map", "parallel"]
        kind = self.random.choice(kinds)
        node: Node = {"kind": kind, "number": self.number, "dies": self.deaths()}
        if kind in ("step", "charged step"):
            node["failures"] = self.random.choice([0, 0, 0, 1, 2])
        elif kind in ("direct", "function"):
            node["declined"] = self.random.random() < 0.2
        if kind in ("function", "child"):
            node["nodes"] = self.nodes(depth - 1, 3)
        elif kind in ("map", "parallel"):
            node["branches"] = [self.nodes(depth - 1, 3) for _ in range(self.random.randint(1, 3))]
            node["flat"] = self.random.random() < 0.3
        return node

    def deaths(self) -> dict[str, str]:
        """Return at which points of the node the first run that comes there dies, and how."""
        if self.random.random() < 0.85:
            return {}
        return {self.random.choice(["before", "after"]): self.random.choice(["error", "kill"])}


class World:
    """One history: its handler, its starts, and what happened.

    Attributes:
        effects: how often each effect happened, by its number.
        unavoidable: how often it happened right before its run died, so that nothing could note it.
    """

    def __init__(self, seed: int) -> None:
        maker = Maker(seed)
        self.seed = seed
        self.nodes = maker.nodes(2, 7)
        self.fails = maker.random.random() < 0.15
        self.key = f"k{seed}"
        self.effects: Counter[int] = Counter()
        self.unavoidable: Counter[int] = Counter()
        self.failures: Counter[tuple[str, int]] = Counter()
        self.died: set[tuple[int, str]] = set()
        self.deaths: Counter[str] = Counter()
        self.reached: set[tuple[str, int]] = set()
        self.held: set[tuple[str, int]] = set()
        self.runs: Counter[str] = Counter()
        self.results: list[tuple[str, str, Any]] = []
        self.lock = threading.Lock()

    def effect(self, node: Node, arn: str) -> None:
        """Do something that must not happen twice; die after it, if the node says so."""
        with self.lock:
            self.effects[node["number"]] += 1
        self.die(node, "after", arn, costs=True)

    def die(self, node: Node, point: str, arn: str, *, costs: bool = False) -> None:
        """Die at this point, if the node says so and no run has died here before."""
        way = node["dies"].get(point)
        with self.lock:
            if way is None or (node["number"], point) in self.died:
                return
            self.died.add((node["number"], point))
            self.deaths[arn] += 1
            if costs:
                self.unavoidable[node["number"]] += 1
        raise RunDiesError("the run dies") if way == "error" else Killed

    def fails_now(self, node: Node, arn: str) -> bool:
        """Tell whether a step fails once more in this execution."""
        with self.lock:
            self.failures[arn, node["number"]] += 1
            return self.failures[arn, node["number"]] <= int(node["failures"])


worlds: dict[str, World] = {}
callbacks: list[str] = []
tell: Any = None  # tells the line of a number, in an execution
count: Any = None  # adds to a metric
worked: Any = None  # the idempotent function that uses the durable context
charged: Any = None  # the idempotent function with an effect of its own


def work(number: str, world: World, node: Node, context: Any) -> str:
    """Be an idempotent function that uses the durable context."""
    interpret(world, node["nodes"], context)
    if node["declined"]:
        raise DeclinedError(node["number"])
    return f"worked {node['number']}"


def charge(number: str, world: World, node: Node, arn: str) -> str:
    """Be an idempotent function with an effect of its own."""
    world.effect(node, arn)
    if node.get("declined"):
        raise DeclinedError(node["number"])
    return f"charged {node['number']}"


def interpret(world: World, nodes: list[Node], context: Any) -> None:
    """Do what the nodes say."""
    arn = context.execution_context.durable_execution_arn
    for node in nodes:
        ACTS[node["kind"]](world, node, context, arn)


def interpreter(world: World, nodes: list[Node]) -> Callable[[Any], None]:
    """Return a function that does what the nodes say, in the context that it gets."""
    return lambda context: interpret(world, nodes, context)


def line(world: World, node: Node, context: Any, arn: str) -> None:
    """Tell a line and count a metric."""
    with world.lock:
        world.reached.add((arn, node["number"]))
    tell(node["number"], arn)
    count(f"seed_{world.seed}_{node['number']}")
    world.die(node, "before", arn)


def step(world: World, node: Node, context: Any, arn: str) -> None:
    """Run a step, which may fail some times before it has its effect."""

    def body(_: object) -> str:
        world.die(node, "before", arn)
        if world.fails_now(node, arn):
            raise ConnectionError
        world.effect(node, arn)
        return "done"

    context.step(body, name=f"step {node['number']}")


def charged_step(world: World, node: Node, context: Any, arn: str) -> None:
    """Run a step that calls an idempotent function, and fails after it."""

    def body(_: object) -> str:
        receipt: str = charged(number=f"{world.key}/{node['number']}", world=world, node=node, arn=arn)
        if world.fails_now(node, arn):
            raise ConnectionError
        world.die(node, "before", arn)
        return receipt

    context.step(body, name=f"step {node['number']}")


def wait(world: World, node: Node, context: Any, arn: str) -> None:
    """Wait."""
    context.wait(config.Duration.from_seconds(1), name=f"wait {node['number']}")


def direct(world: World, node: Node, context: Any, arn: str) -> None:
    """Call an idempotent function outside of all steps; die after it."""
    try:
        assert charged(number=f"{world.key}/{node['number']}", world=world, node=node, arn=arn)
    except DeclinedError:
        assert node["declined"]
    world.die(node, "before", arn)


def function(world: World, node: Node, context: Any, arn: str) -> None:
    """Call an idempotent function that uses the context."""
    try:
        assert worked(number=f"{world.key}/{node['number']}", world=world, node=node, context=context)
    except DeclinedError:
        assert node["declined"]
    world.die(node, "after", arn)


def child(world: World, node: Node, context: Any, arn: str) -> None:
    """Run nodes in a child context."""
    context.run_in_child_context(interpreter(world, node["nodes"]), name=f"child {node['number']}")
    world.die(node, "after", arn)


def branches(world: World, node: Node, context: Any, arn: str) -> None:
    """Run nodes in branches, by `map` or `parallel`."""
    nesting = config.NestingType.FLAT if node["flat"] else config.NestingType.NESTED
    if node["kind"] == "map":

        def branch(inner: Any, item: list[Node], index: int, items: Any) -> None:
            interpret(world, item, inner)

        done = context.map(node["branches"], branch, config=config.MapConfig(nesting_type=nesting))
    else:
        functions = [interpreter(world, one) for one in node["branches"]]
        done = context.parallel(functions, config=config.ParallelConfig(nesting_type=nesting))
    done.throw_if_error()
    world.die(node, "after", arn)


def callback(world: World, node: Node, context: Any, arn: str) -> None:
    """Create a callback, tell a line, and wait for its result."""
    created = context.create_callback(name=f"callback {node['number']}")
    with world.lock:
        callbacks.append(created.callback_id)
        world.held.add((arn, node["number"]))
    line(world, {**node, "dies": {}}, context, arn)
    assert created.result() in ("yes", '"yes"')


ACTS: dict[str, Any] = {
    "line": line,
    "step": step,
    "charged step": charged_step,
    "wait": wait,
    "direct": direct,
    "function": function,
    "child": child,
    "map": branches,
    "parallel": branches,
    "callback": callback,
}


def place(event: Any, context: Any) -> str:
    """Be the handler of all histories."""
    world = worlds[event["key"]]
    with world.lock:
        world.runs[context.execution_context.durable_execution_arn] += 1
    interpret(world, world.nodes, context)
    if world.fails:
        raise DeclinedError("the handler")
    return "placed"


class Lines(io.StringIO):
    """Standard output, while histories run."""

    def __init__(self) -> None:
        super().__init__()
        self.told: Counter[tuple[str, int]] = Counter()
        self.counted: Counter[tuple[int, int]] = Counter()
        self.severe: list[str] = []

    def write(self, text: str) -> int:
        """Take lines."""
        for one in text.splitlines():
            if not one.startswith("{"):
                continue
            found: dict[str, Any] = json.loads(one)
            if "_aws" in found:
                for name, value in found.items():
                    if name.startswith("seed_"):
                        _, seed, number = name.split("_")
                        values: list[int] = [value] if isinstance(value, int) else value
                        self.counted[int(seed), int(number)] += sum(values)
            elif "number" in found:
                self.told[found["executionArn"], found["number"]] += 1
            elif found["level"] in ("WARN", "WARNING", "ERROR") and not any(expected in one for expected in EXPECTED):
                self.severe.append(found["message"])
        return len(text)


def with_the_kit() -> Any:
    """Return the handler, made with the kit."""
    global tell, count, worked, charged
    from lambda_kit import Logger, Metrics, handler, idempotent
    from lambda_kit.idempotency import MemoryStore

    log, metrics = Logger(level="INFO"), Metrics("Histories")
    store = MemoryStore(max_records=10**6)

    def tell_line(number: int, _: str) -> None:
        log.info("told", number=number)

    def count_metric(name: str) -> None:
        metrics.add(name, 1)

    tell, count = tell_line, count_metric
    worked = idempotent(store, key="number")(work)
    charged = idempotent(store, key="number")(charge)
    return handler(log, metrics, idempotent(store, key="key"))(place)


def with_powertools() -> Any:
    """Return the handler, made with Powertools. Its metrics are left out: they belong to the process."""
    global tell, count, worked, charged
    idempotency: Any = import_module("aws_lambda_powertools.utilities.idempotency")
    records: Any = import_module("tests.durable.powertools_store").Records
    logger: Any = import_module("aws_lambda_powertools").Logger(service="histories")

    def tell_line(number: int, arn: str) -> None:
        logger.info("told", number=number, executionArn=arn)

    def no_metric(name: str) -> None: ...

    tell, count = tell_line, no_metric
    # A store for each: it keeps the settings of the first one that uses it.
    worked = idempotency.idempotent_function(work, data_keyword_argument="number", persistence_store=records())
    charged = idempotency.idempotent_function(charge, data_keyword_argument="number", persistence_store=records())
    by_key = idempotency.IdempotencyConfig(event_key_jmespath="key")
    return idempotency.idempotent(place, persistence_store=records(), config=by_key)


def run(runner: Any, seed: int) -> World:
    """Run one history: two starts at once, and one later."""
    world = worlds[f"k{seed}"] = World(seed)
    event = json.dumps({"key": world.key})
    arns = [runner.run_async(input=event, execution_name=f"s{seed}-{i}") for i in range(2)]
    results = [runner.wait_for_result(arn, timeout=PATIENCE) for arn in arns]
    arns.append(runner.run_async(input=event, execution_name=f"s{seed}-2"))
    results.append(runner.wait_for_result(arns[-1], timeout=PATIENCE))
    world.results = [(arn, one.status.value, one.error) for arn, one in zip(arns, results, strict=True)]
    return world


def answer_callbacks(runner: Any, over: threading.Event) -> None:
    """Answer each callback soon after it was created."""
    answered: set[str] = set()
    while not over.wait(0.02):
        for one in callbacks.copy():
            if one not in answered:
                answered.add(one)
                try:
                    runner.send_callback_success(one, b'"yes"')
                except Exception:  # its run has died: it is made again, or is still on its way
                    answered.discard(one)


def judge(world: World, lines: Lines) -> list[str]:
    """Return what happened, or was told, too often or not at all."""
    problems: list[str] = []
    failed = [error for _, status, error in world.results if status == "FAILED"]
    executions = 1 + (len(failed) if world.fails else 0)
    for node in flat(world.nodes):
        number, happened = node["number"], world.effects[node["number"]]
        kept = node["kind"] in ("direct", "charged step") and not node.get("declined")
        if happened > (1 if kept else executions) + world.unavoidable[number]:
            problems.append(f"effect {number} ({node['kind']}) happened {happened} times")
    ends = ends_of_flat_branches(world.nodes)
    for number in {number for _, number in world.reached}:
        starts = [arn for arn, other in world.reached if other == number]
        least = most = 0
        for arn in starts:
            # The SDK keeps nothing of the end of a flat branch, which runs until all other branches have ended.
            more = world.runs[arn] - 1 if number in ends else world.deaths[arn]
            one_least = 0 if world.deaths[arn] and (arn, number) in world.held else 1
            least, most = least + one_least, most + 1 + more
            if not one_least <= lines.told[arn, number] <= 1 + more:
                problems.append(f"line {number} was told {lines.told[arn, number]} times, {world.deaths[arn]} deaths")
        if lines.counted and not least <= lines.counted[world.seed, number] <= most:
            problems.append(f"metric {number} was counted {lines.counted[world.seed, number]} times")
    known = (*EXPECTED, RACE)
    odd = [error for error in failed if not any(one in f"{error.type} {error.message}" for one in known)]
    problems += [f"an execution failed: {error}" for error in odd]
    if not world.fails and len(failed) == STARTS and not any(RACE in error.message for error in failed):
        problems.append(f"no execution succeeded: {failed}")
    return problems


def ends_of_flat_branches(nodes: list[Node]) -> set[int]:
    """Return the numbers of the lines after the last operation of a flat branch."""
    ends: set[int] = set()
    for node in flat(nodes):
        branches: list[list[Node]] = node.get("branches", []) if node.get("flat") else []
        for branch in branches:
            for one in reversed(branch):
                if one["kind"] != "line":
                    break
                ends.add(one["number"])
    return ends


def flat(nodes: list[Node]) -> list[Node]:
    """Return nodes, and those within them."""
    found: list[Node] = []
    for node in nodes:
        found.append(node)
        for inner in (node.get("nodes", []), *node.get("branches", [])):
            found += flat(inner)
    return found


def main(seed: int, histories: int, make: Callable[[], Any]) -> None:
    """Run histories, and print what came of them."""
    for name in ("aws_durable_execution_sdk_python", "aws_durable_execution_sdk_python_testing", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    executor.Executor.RETRY_BACKOFF_SECONDS = 0.01
    executor.Executor.MAX_CONSECUTIVE_FAILED_ATTEMPTS = 50
    lines, over = Lines(), threading.Event()
    out, sys.stdout = sys.stdout, lines
    durable = sdk.durable_execution(make())

    def fn(event: Any, context: Any) -> Any:
        try:
            return durable(event, context)
        except Killed:
            raise ConnectionError("the sandbox is gone") from None

    with testing.DurableFunctionTestRunner(handler=fn, poll_interval=0.01) as runner:
        answering = threading.Thread(target=answer_callbacks, args=(runner, over))
        answering.start()
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            done = list(pool.map(functools.partial(run, runner), range(seed, seed + histories)))
        over.set()
        answering.join()
    sys.stdout = out
    problems = {world.seed: found for world in done if (found := judge(world, lines))}
    print(
        json.dumps(
            {
                "executions": STARTS * histories,
                "runs": sum(world.runs.total() for world in done),
                "most runs": max(max(world.runs.values(), default=0) for world in done),
                "deaths": sum(world.deaths.total() for world in done),
                "effects": sum(world.effects.total() for world in done),
                "unavoidable": sum(world.unavoidable.total() for world in done),
                "lines": sum(len(world.reached) for world in done),
                "twice": sum(one.startswith("effect") for found in problems.values() for one in found),
                "told": sum(one.startswith("line") for found in problems.values() for one in found),
                "failed": sum(one.startswith(("an ex", "no ex")) for found in problems.values() for one in found),
                "races": sum(RACE in str(error) for world in done for _, _, error in world.results),
                "severe": sorted(set(lines.severe))[:10],
                "problems": problems,
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), with_powertools if "powertools" in sys.argv[3:] else with_the_kit)
