"""Tasks of Step Functions with a token.

The event is the payload of the state (`Parameters` or `Arguments`), so its shape is yours. A task with a token is known
by the token, which has to stand at the top, as `TaskToken`, `taskToken`, `task_token` or `MyTaskToken`.
"""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._fields import Event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TOKENS = ("TaskToken", "taskToken", "task_token", "MyTaskToken")


class StepFunctionsTask(Event):
    """A task that waits until the function, or somebody else, reports its outcome with the token.

    See: <https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "step_functions"

    @property
    def token(self) -> str:
        """The token of the task.

        Raises:
            EventError: the event has no token.
        """
        for name in TOKENS:
            found = self._optional(name)
            if found:
                return found
        raise EventError(
            'the StepFunctionsTask has no task token; add "TaskToken.$": "$$.Task.Token" to the payload of the state'
        )

    @property
    def payload(self) -> dict[str, Any]:
        """The payload without the token."""
        raw = self.raw if type_of(self.raw) is dict else {}
        return {name: value for name, value in raw.items() if name not in TOKENS}
