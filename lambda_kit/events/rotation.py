"""The rotation of secrets by Secrets Manager.

Secrets Manager calls the function four times, for the steps `createSecret`, `setSecret`, `testSecret` and
`finishSecret`. See <https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets.html>.

```python
from lambda_kit import Logger, handler
from lambda_kit.events import rotation


def create(secret: rotation.RotatingSecret) -> str:
    return new_password(secret.current)


def change(secret: rotation.RotatingSecret) -> None:
    database(secret.current).set_password(secret.pending)


def check(secret: rotation.RotatingSecret) -> None:
    database(secret.pending).ping()


rotate = handler(Logger())(rotation.rotation(create=create, change=change, check=check))
```
"""

from __future__ import annotations

from lambda_kit._kernel import callables, log, type_of
from lambda_kit.errors import AnswerError, AwsError, ConfigurationError, EventError, NotFound, RotationRefused
from lambda_kit.events._answers import raw_of, text_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.aws import Caller

_STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
_CURRENT, _PENDING = "AWSCURRENT", "AWSPENDING"


class RotatingSecret:
    """A secret that is being rotated. Its values never appear in a `repr`.

    Attributes:
        arn: the ARN of the secret.
        version_id: the id of the new version.
    """

    __slots__ = ("_caller", "_found", "arn", "version_id")

    def __init__(self, arn: str, version_id: str, caller: Caller) -> None:
        self.arn = arn
        self.version_id = version_id
        self._caller = caller
        self._found: dict[str, str | bytes] = {}

    @property
    def current(self) -> str | bytes:
        """The value that is in use: text, or bytes of a binary secret. Fetched once in each step.

        Raises:
            AwsError: it cannot be read.
        """
        return self._value(_CURRENT, {"VersionStage": _CURRENT})

    @property
    def pending(self) -> str | bytes:
        """The value that `create` has made.

        Raises:
            AwsError: it cannot be read.
        """
        return self._value(_PENDING, {"VersionId": self.version_id, "VersionStage": _PENDING})

    def _value(self, stage: str, params: dict[str, str]) -> str | bytes:
        found = self._found.get(stage)
        if found is None:
            reply = self._caller.call("GetSecretValue", {"SecretId": self.arn, **params})
            found = self._found[stage] = reply["SecretString"] if "SecretString" in reply else reply["SecretBinary"]
        return found

    def __repr__(self) -> str:
        return f"<RotatingSecret {self.arn}, version {self.version_id}>"


def rotation(
    *,
    create: Callable[[RotatingSecret], str | bytes],
    change: Callable[[RotatingSecret], object],
    check: Callable[[RotatingSecret], object],
    finished: Callable[[RotatingSecret], object] | None = None,
    client: Any = None,
) -> Callable[[Any, Any], None]:
    """Return a function `(event, context)` that takes the four steps of a rotation. Put a `handler` around it.

    Each step is checked first: the secret has rotation enabled, knows the version, and has it as `AWSPENDING`. A step
    that is repeated does nothing twice: a value that exists is not made again, and a version that is already
    `AWSCURRENT` is left alone.

    The role of the function needs `secretsmanager:DescribeSecret`, `GetSecretValue`, `PutSecretValue` and
    `UpdateSecretVersionStage`.

    Args:
        create: returns the new value. It is stored as `AWSPENDING`.
        change: sets the new value in the service that it belongs to. It may run more than once.
        check: proves that the new value works, and raises if not. Then the current value stays.
        finished: called when the new value is `AWSCURRENT`; default nothing.
        client: a boto3 client of Secrets Manager; default the lean client.

    Raises:
        ConfigurationError: a step is no function.
        EventError: when running, the event is not one of a rotation.
        RotationRefused: when running, the secret or its version cannot be rotated.
        AnswerError: when running, `create` returned neither text nor bytes.
        AwsError: when running, a call of Secrets Manager failed.
    """
    at_end: Callable[[RotatingSecret], object] = _nothing if finished is None else finished
    _check_functions(create=create, change=change, check=check, finished=at_end)

    def rotate(event: Any, context: Any) -> None:  # noqa: ARG001  # a handler takes it
        from lambda_kit.aws import connect

        raw = raw_of(event, "rotation")
        step = text_at(raw, "rotation", "Step")
        if step not in _STEPS:
            raise EventError(f"rotation: the step is {step!r}; it is one of {', '.join(_STEPS)}")
        arn = text_at(raw, "rotation", "SecretId")
        version_id = text_at(raw, "rotation", "ClientRequestToken")
        caller = connect("secretsmanager", client)
        stages = _stages_of(caller, arn)
        if not _needs_step(stages, arn, version_id):
            log.info("rotation: version %s of %s is already current; %s does nothing", version_id, arn, step)
            return
        secret = RotatingSecret(arn, version_id, caller)
        if step == "createSecret":
            _create(secret, caller, create)
        elif step == "setSecret":
            change(secret)
        elif step == "testSecret":
            check(secret)
        else:
            _finish(secret, caller, stages)
            at_end(secret)

    return rotate


def _nothing(_: RotatingSecret) -> None:
    """Do nothing at the end of a rotation."""


def _check_functions(**functions: Any) -> None:
    for name, function in functions.items():
        if not callable(function):
            raise ConfigurationError(f"rotation({name}={function!r}): pass a function that takes the secret")
        if callables.is_coroutine_function(function):
            raise ConfigurationError(f"rotation({name}=...): {callables.name_of(function)} is async; pass a function")


def _stages_of(caller: Caller, arn: str) -> dict[str, list[str]]:
    """Return the stages of each version.

    Raises:
        RotationRefused: rotation is not enabled.
    """
    reply = caller.call("DescribeSecret", {"SecretId": arn})
    if reply.get("RotationEnabled") is False:
        raise RotationRefused(f"the secret {arn} has no rotation enabled; enable it before its function is called")
    found: dict[str, list[str]] = reply.get("VersionIdsToStages", {})
    return found


def _needs_step(stages: dict[str, list[str]], arn: str, version_id: str) -> bool:
    """Return False if the version is current already.

    Raises:
        RotationRefused: the secret does not know the version, or not as pending.
    """
    own = stages.get(version_id)
    if own is None:
        raise RotationRefused(f"the secret {arn} has no version {version_id}; start the rotation anew")
    if _CURRENT in own:
        return False
    if _PENDING not in own:
        held = ", ".join(own) or "no stage"
        raise RotationRefused(f"version {version_id} of the secret {arn} is not {_PENDING}; it has {held}")
    return True


def _create(secret: RotatingSecret, caller: Caller, create: Callable[[RotatingSecret], str | bytes]) -> None:
    try:
        secret.pending  # noqa: B018  # a step that is repeated must not make another value
    except NotFound:
        pass
    else:
        return
    value: Any = create(secret)
    if type_of(value) not in (str, bytes) or not value:
        raise AnswerError(f"create returned a value of type {type_of(value).__name__}; return text or bytes, not empty")
    caller.call(
        "PutSecretValue",
        {
            "SecretId": secret.arn,
            "ClientRequestToken": secret.version_id,
            "SecretString" if type_of(value) is str else "SecretBinary": value,
            "VersionStages": [_PENDING],
        },
    )


def _finish(secret: RotatingSecret, caller: Caller, stages: dict[str, list[str]]) -> None:
    params = {"SecretId": secret.arn, "VersionStage": _CURRENT, "MoveToVersionId": secret.version_id}
    for version_id, own in stages.items():
        if _CURRENT in own:
            params["RemoveFromVersionId"] = version_id
    try:
        caller.call("UpdateSecretVersionStage", params)
    except AwsError:
        # The reply may be lost: what counts is what the secret says.
        if _CURRENT not in _stages_of(caller, secret.arn).get(secret.version_id, ()):
            raise
