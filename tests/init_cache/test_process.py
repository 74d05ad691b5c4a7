"""Forked children and restored snapshots begin anew, and leave alone what was built before.

Every test runs a program of its own: forking, and hooks that are registered once for a process, are not for the process
of the tests. A child reports by its exit status, through a pipe, or not at all, and ends with `os._exit`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from tests.patience import PATIENCE

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

PRELUDE = (
    f"""
PATIENCE = {PATIENCE}
"""
    """
import asyncio, faulthandler, gc, logging, os, sys, threading, time, warnings
from lambda_kit import handler, init
from lambda_kit._kernel import event_loop
from lambda_kit.init_cache import InitCache
from lambda_kit.invocation import at_end

warnings.simplefilter("error")
warnings.filterwarnings("ignore", message=".*use of fork.*", category=DeprecationWarning)  # since Python 3.12

def in_child(check, leave=os._exit):
    '''Run check() in a forked child, bounded in time, and return what it returned, as text.'''
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        faulthandler.dump_traceback_later(PATIENCE, exit=True)
        try:
            os.write(write, str(check()).encode())
        except BaseException as error:
            os.write(write, f"failed: {error!r}".encode())
        os.close(write)
        faulthandler.cancel_dump_traceback_later()
        leave(0)
    os.close(write)
    with open(read) as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, status
    return answer
"""
)


def run(program: str, **environment: str) -> list[str]:
    """Run `program` in a fresh interpreter and return the lines that it printed, to both streams."""
    done = subprocess.run(
        [sys.executable, "-c", f"PATIENCE = {PATIENCE}\n" + PRELUDE + textwrap.dedent(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stdout
    return done.stdout.splitlines()


def test_a_child_builds_anew_and_the_parents_value_is_untouched() -> None:
    """Neither `close` nor the finaliser of the value runs in the child, whatever it does with the resource."""
    assert run("""
        class Client:
            def __init__(self): self.made_in = os.getpid()
            def close(self): print("closed in", "parent" if os.getpid() == parent else "child", flush=True)
            def __del__(self): print("finalised in", "parent" if os.getpid() == parent else "child", flush=True)

        parent = os.getpid()
        client = init.resource(Client)
        closing = init.resource(close=Client.close)(Client)
        mine = client(), closing()
        del mine

        def check():
            inherited = [client().made_in, closing().made_in]
            assert inherited == [os.getpid()] * 2, inherited
            gc.collect()
            return "own"

        print(in_child(check))
        print(client().made_in == closing().made_in == parent)
        os._exit(0 if not sys.stdout.flush() else 1)
    """) == ["own", "True"]


def test_what_was_inherited_is_never_closed_in_the_child_and_its_own_values_are() -> None:
    assert run("""
        def close(value): print("close", value == parent, flush=True)
        class Process(int): "An object of its own each time: Python shares small numbers."
        def process(): return Process(os.getpid())
        parent = os.getpid()
        kept = init.resource(close=close, on_restore="keep")(process)
        rebuilt = init.resource(close=close)(process)
        kept(), rebuilt()
        rebuilt.refresh()  # which leaves a value to be closed at the end of the invocation

        @handler
        def nothing(event, context): pass

        def check():
            assert kept() == parent
            assert rebuilt() == os.getpid()
            kept.refresh()
            nothing({}, None)
            init.reset()
            return not at_end

        print(in_child(check))
        nothing({}, None)
        init.reset()
    """) == ["close False", "close False", "True", "close True", "close True", "close True"]


def test_a_build_that_was_started_ahead_is_the_parents_and_the_child_builds_its_own() -> None:
    assert run("""
        entered, go_on = threading.Event(), threading.Event()
        parent = os.getpid()

        @init.resource(eager="now")
        def one():
            if os.getpid() == parent:
                entered.set()
                go_on.wait()
            return os.getpid()

        entered.wait()

        def check():
            ahead = init.resource(eager="now")(os.getpid)  # the child starts threads of its own
            end = time.monotonic() + PATIENCE
            while not ahead.info.builds and time.monotonic() < end: time.sleep(0.001)
            return one() == ahead() == os.getpid() and ahead.info.builds

        print(in_child(check))
        go_on.set()
        print(one() == parent, one.info.builds)
    """) == ["1", "True 1"]


def test_a_fork_waits_for_a_build_that_was_started_ahead() -> None:
    """A thread that is gone in the child leaves the locks of its imports locked there."""
    assert run("""
        entered = threading.Event()

        @init.resource(eager="now")
        def one():
            entered.set()
            time.sleep(0.05)  # an import or a request
            return os.getpid()

        @init.resource(eager="now")
        def forking():
            return in_child(lambda: "no wait for itself")

        entered.wait()
        print(in_child(lambda: one.info.builds))
        print(forking())
    """) == ["1", "no wait for itself"]


def test_closes_that_are_pending_at_a_fork_are_the_parents_alone() -> None:
    """A value that was replaced is neither closed nor finalised in the child, whose invocations end as always."""
    assert run("""
        class Client:
            def __init__(self): self.number = init.report()[0].builds
            def close(self): print("closed", self.number, "in", where(), flush=True)
            def __del__(self): print("finalised", self.number, "in", where(), flush=True)

        def where(): return "parent" if os.getpid() == parent else "child"

        parent = os.getpid()
        client = init.resource(close=Client.close)(Client)

        @handler
        def nothing(event, context): pass

        @handler
        def forking(event, context):
            client()
            client.refresh()  # the first value is to be closed when the invocation ends

            def check():
                left = list(at_end)
                nothing({}, None)
                gc.collect()
                client()
                client.refresh()
                nothing({}, None)
                return left

            print(in_child(check))

        forking({}, None)
        sys.stdout.flush()
        os._exit(0)
    """) == [
        "closed 2 in child",  # of its own two values, the one that was replaced
        "finalised 2 in child",
        "[]",
        "closed 0 in parent",
        "finalised 0 in parent",
    ]


def test_a_child_does_not_wait_for_a_lock_that_another_thread_of_the_parent_held() -> None:
    assert run("""
        from lambda_kit.init_cache._build import locked
        one = init.resource(os.getpid)
        one()
        held, release = threading.Event(), threading.Event()

        @locked
        def hold():
            held.set()
            release.wait()

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        print(in_child(lambda: one() == os.getpid()))
        release.set()
        thread.join()
    """) == ["True"]


def test_a_child_does_not_wait_for_a_build_that_another_thread_of_the_parent_was_in() -> None:
    assert run("""
        entered, go_on = threading.Event(), threading.Event()

        @init.resource(ttl=1000)
        def one():
            if os.getpid() == parent:
                entered.set()
                go_on.wait()
            return os.getpid()

        parent = os.getpid()
        builder = threading.Thread(target=one)
        builder.start()
        entered.wait()
        print(in_child(lambda: one() == os.getpid()))
        go_on.set()
        builder.join()
        print(one() == parent, one.info.builds)
    """) == ["True", "True 1"]


def test_a_refresh_that_is_under_way_at_the_fork_is_the_parents_alone() -> None:
    assert run("""
        now, calls = 1000.0, 0
        cache = InitCache(clock=lambda: now)
        go_on = threading.Event()

        @cache.resource(ttl=10, refresh="background", on_restore="keep")
        def one():
            global calls
            calls += 1
            if calls == 2 and os.getpid() == parent:
                go_on.wait()
            return calls

        @handler
        def call(event, context): return one()

        parent = os.getpid()
        one()
        now += 8
        one()

        def check():
            assert not at_end
            began = time.monotonic()
            assert call({}, None) == 1
            return one.info.builds, time.monotonic() - began < 0.9

        print(in_child(check))
        go_on.set()
        call({}, None)
        print(one.info.builds)
    """) == ["(2, True)", "2"]


def test_a_child_that_is_forked_from_inside_a_handler_has_a_cache_of_its_own() -> None:
    assert run("""
        one = init.resource(os.getpid)

        @handler
        def place(event, context):
            one()
            one.refresh()
            return in_child(lambda: one() == os.getpid() and inner({}, None) == os.getpid())

        @handler
        def inner(event, context): return one()

        print(place({}, None), one() == os.getpid())
    """) == ["True True"]


def test_a_child_that_is_forked_from_inside_a_factory_may_use_other_resources() -> None:
    assert run("""
        other = init.resource(os.getpid)

        @init.resource
        def one():
            other()
            return in_child(lambda: other() == os.getpid())

        print(one())
    """) == ["True"]


@pytest.mark.parametrize("leave", ["os._exit", "sys.exit"])
@pytest.mark.parametrize("use", ["event_loop.run(other())", "event_loop.close()", "gc.collect()"])
def test_the_parents_loop_can_still_be_woken_after_a_child_made_used_or_dropped_its_own(leave: str, use: str) -> None:
    """Both share one epoll set: whoever takes the wake-up pipe out of it does so for both."""
    assert run(f"""
        leave = {leave}

        async def other():
            return os.getpid()

        def check():
            {use}
            return os.getpid() != parent

        parent = os.getpid()
        event_loop.run(other())
        print(in_child(check, leave=leave))
        loop = event_loop.kept_loop()

        async def woken():
            future = loop.create_future()
            threading.Timer(0.01, loop.call_soon_threadsafe, (future.set_result, "woken")).start()
            return await asyncio.wait_for(future, PATIENCE)

        print(loop.run_until_complete(woken()))
    """) == ["True", "woken"]


def test_the_loops_of_the_parents_other_threads_can_still_be_woken_too() -> None:
    """A fork drops what is local to the threads that are gone in the child."""
    assert run("""
        async def nothing(): pass

        made, go_on = threading.Event(), threading.Event()
        answers = []

        def other():
            event_loop.run(nothing())
            made.set()
            go_on.wait()
            loop = event_loop.kept_loop()

            async def woken():
                future = loop.create_future()
                threading.Timer(0.01, loop.call_soon_threadsafe, (future.set_result, "woken")).start()
                began = loop.time()
                await asyncio.wait([future], timeout=PATIENCE)
                return "woken" if loop.time() - began < 5 else "slept"

            answers.append(event_loop.run(woken()))

        thread = threading.Thread(target=other)
        thread.start()
        made.wait()
        print(in_child(lambda: gc.collect() >= 0, leave=sys.exit))
        go_on.set()
        thread.join()
        print(*answers)
    """) == ["True", "woken"]


def test_an_async_resource_is_built_on_the_childs_own_loop() -> None:
    assert run("""
        @init.resource
        async def session():
            return asyncio.get_running_loop()

        @handler
        async def place(event, context):
            return await session() is asyncio.get_running_loop()

        print(place({}, None), in_child(lambda: place({}, None)), place({}, None))
    """) == ["True True True"]


def test_a_finaliser_that_strikes_while_the_lock_is_held_does_not_wait_for_itself() -> None:
    """The garbage collector runs where it likes: here, while a value is noted."""
    assert run("""
        from lambda_kit.init_cache._state import State
        log = init.resource(list)
        publish = State._publish

        def collecting(state):
            publish(state)
            if state is one.info._entry.state: log().append("finalised")

        one = init.resource(object)
        State._publish = collecting
        faulthandler.dump_traceback_later(PATIENCE, exit=True)
        one()
        print(*log())
    """) == ["finalised"]


SNAPSHOT = """
    import snapshot_restore_py
    hooks = []
    snapshot_restore_py.register_after_restore = hooks.append

    def restore():
        for hook in hooks: hook()
"""
SNAP_START = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}


def test_one_hook_is_registered_and_that_only_under_snap_start() -> None:
    program = textwrap.dedent(SNAPSHOT) + textwrap.dedent("""
        async def nothing(): pass
        for cache in (init, InitCache(), InitCache()):
            for _ in range(2): cache.resource(object)
        event_loop.run(nothing())
        print(len(hooks))
    """)
    assert run(program, **SNAP_START) == ["1"]
    for other in ("on-demand", "provisioned-concurrency", "lambda-managed-instances", ""):
        assert run(program, AWS_LAMBDA_INITIALIZATION_TYPE=other) == ["0"]


def test_a_missing_library_is_warned_of_once_and_breaks_nothing() -> None:
    lines = run(
        """
        sys.modules["snapshot_restore_py"] = None
        async def nothing(): pass
        one = init.resource(lambda: 1)
        event_loop.run(nothing())
        print(one())
        """,
        **SNAP_START,
    )
    assert lines[-1] == "1"
    assert len([line for line in lines if "snapshot_restore_py" in line]) == 1


def test_a_restored_environment_builds_anew_closes_nothing_and_keeps_what_it_is_told_to() -> None:
    program = textwrap.dedent(SNAPSHOT) + textwrap.dedent("""
        import weakref
        built, closed = [], []

        class Client: pass

        def note(name):
            def build():
                built.append(name)
                return Client()
            return build

        rebuilt = init.resource(close=closed.append)(note("rebuilt"))
        kept = init.resource(close=closed.append, on_restore="keep")(note("kept"))
        eager = init.resource(eager=True)(note("eager"))

        @init.resource(eager=True)
        async def session():
            built.append("session")
            return asyncio.get_running_loop()

        init.warm()
        before = kept()
        rebuilt()
        rebuilt.refresh()
        old_loop = event_loop.run(session())
        dropped = weakref.ref(rebuilt())
        built.clear()
        restore()
        print(*sorted(built))
        print(dropped() is None, old_loop.is_closed(), event_loop.run(session()) is event_loop.kept_loop())
        rebuilt(), eager()
        print(kept() is before, *sorted(built))
        kept.refresh()
        init.reset()
        print(len(closed))
    """)
    assert run(program, **SNAP_START) == ["eager session", "True True True", "True eager rebuilt session", "2"]


def test_the_time_that_passed_between_snapshot_and_restore_counts() -> None:
    program = textwrap.dedent(SNAPSHOT) + textwrap.dedent("""
        now = 1000.0
        cache = InitCache(clock=lambda: now)
        calls = 0

        @cache.resource(ttl=60, eager=True, on_restore="keep")
        def settings():
            global calls
            calls += 1
            return calls

        cache.warm()
        now += 86400
        restore()
        print(settings.info.builds, settings())
    """)
    assert run(program, **SNAP_START) == ["2 2"]


def test_after_a_restore_caches_are_warmed_in_the_order_in_which_they_were_filled() -> None:
    program = textwrap.dedent(SNAPSHOT) + textwrap.dedent("""
        built = []
        caches = [InitCache() for _ in range(20)]
        for number, cache in enumerate(caches):
            cache.resource(eager=True)(lambda number=number: built.append(number))
            cache.warm()
        built.clear()
        restore()
        print(built == list(range(20)))
    """)
    assert run(program, **SNAP_START) == ["True"]


def test_a_hook_never_raises_and_does_not_wait_beyond_its_bound() -> None:
    """An exception, or ten seconds, would cost the environment."""
    program = textwrap.dedent(SNAPSHOT) + textwrap.dedent("""
        from lambda_kit.init_cache import _process
        from lambda_kit._kernel import lifecycle
        _process._WARM_AFTER_RESTORE = 1.0
        phase = "snapshot"

        @init.resource(eager=True)
        def failing():
            if phase == "restored": raise OSError("down")

        other = InitCache()

        @other.resource(eager=True)
        def hanging():
            if phase == "restored": threading.Event().wait()

        @other.resource(eager=True)
        async def hanging_async():
            if phase == "restored": await asyncio.get_running_loop().create_future()

        def broken(): raise RuntimeError("broken hook")
        lifecycle.on_restore(broken)
        lifecycle.on_restore(lambda: print("after it"))
        init.warm()
        other.warm()
        phase = "restored"
        began = time.monotonic()
        restore()
        print(time.monotonic() - began < 8)
        sys.stdout.flush()
        os._exit(0)
    """)
    lines = run(program, **SNAP_START)
    assert lines[-1] == "True"
    assert "after it" in lines
    assert any("broken hook" in line for line in lines)
    assert any("could not be built ahead" in line for line in lines)


def test_the_real_library_calls_the_hook() -> None:
    program = """
        from snapshot_restore_py import get_after_restore
        one = init.resource(object)
        first = one()
        (hook,) = [entry for entry in get_after_restore()]
        func, args, kwargs = hook
        func(*args, **kwargs)
        print(one() is not first)
    """
    assert run(program, **SNAP_START) == ["True"]
