"""Running the records of a batch one after another, in the thread of the handler."""

from __future__ import annotations

import contextvars
import sys
import time

from lambda_kit.errors import TimeLimitInterrupt
from lambda_kit.invocation import current_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.batch._run import Run


def run_serially(run: Run) -> None:
    """Run the records one after another; shortly before the deadline the running one is interrupted."""
    context = contextvars.copy_context()
    context.run(current_record.set, run.serial_record)
    delay = run.interrupt_at - time.monotonic()
    if delay == float("inf") or delay <= 0:  # there is no deadline; or no record is started
        context.run(run.run_serially)
        return
    from lambda_kit._kernel.interrupt import Alarm

    alarm = Alarm(run.interrupt_serial, owner=sys._getframe())
    try:
        try:
            alarm.start(delay)
            context.run(run.run_serially)
        finally:
            alarm.stop()
    except TimeLimitInterrupt:
        alarm.stop()
        if not run.timed_out:
            raise
