"""The rotation of a database's password by Secrets Manager; a dict stands for the database.

echo '{"Step": "createSecret", "SecretId": "arn:aws:secretsmanager:…", "ClientRequestToken": "…"}' \\
  | lambda-kit invoke passwords.rotate --event -
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from lambda_kit import Logger, handler
from lambda_kit.events.rotation import RotatingSecret, rotation

users: dict[str, str] = {}  # the database: its passwords by user


def _read(value: str | bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(value)
    return found


def create(secret: RotatingSecret) -> str:
    """Make a new password for the same user."""
    return json.dumps({**_read(secret.current), "password": secrets.token_urlsafe(24)})


def change(secret: RotatingSecret) -> None:
    """Set it in the database."""
    new = _read(secret.pending)
    users[new["user"]] = new["password"]


def check(secret: RotatingSecret) -> None:
    """Log in with it."""
    new = _read(secret.pending)
    if users.get(new["user"]) != new["password"]:
        raise PermissionError(f"the new password of {new['user']} does not work")


rotate = handler(Logger(service="passwords"))(rotation(create=create, change=change, check=check))
