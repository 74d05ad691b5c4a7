"""Running the records of a batch one after another, in the thread of the handler."""

from __future__ import annotations

import time

from lambda_kit.errors import TimeLimitInterrupt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.batch._run import Run


def run_serially(run: Run) -> None:
    """Run the records one after another; shortly before the deadline the running one is interrupted."""
    delay = run.interrupt_at - time.monotonic()
    if delay == float("inf") or delay <= 0:  # there is no deadline; or no record is started
        run.run_all()
        return
    from lambda_kit._kernel import interrupt as interrupts

    def interrupt(_: object) -> None:
        run.timed_out = True
        raise TimeLimitInterrupt

    disarm = interrupts.arm(delay, interrupt)
    try:
        try:
            run.run_all()
        finally:
            disarm()
    except TimeLimitInterrupt:  # it came between two records
        disarm()
        if not run.timed_out:
            raise
