"""Rotation of secrets."""

from __future__ import annotations

from lambda_kit.events._fields import Event, optional, text


class RotationEvent(Event):
    """A step of the rotation of a secret.

    See: <https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "secrets_rotation"
    _label = ("Step",)

    step = text("Step")
    """`"createSecret"`, `"setSecret"`, `"testSecret"` or `"finishSecret"`."""
    secret_id = text("SecretId")
    """The ARN of the secret."""
    version_id = text("ClientRequestToken")
    """The id of the new version."""
    rotation_token = optional("RotationToken")
    """The token that says who rotates the secret, for a rotation from another account."""
