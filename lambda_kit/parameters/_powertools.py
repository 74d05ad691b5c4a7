"""The names of Powertools' options, and ours."""

from __future__ import annotations

OPTIONS = {
    "max_age": "it is called ttl",
    "force_fetch": "it is called fresh",
    "boto3_client": "it is called client",
    "boto3_session": "pass client=session.client(...)",
    "boto_config": "pass client=boto3.client(..., config=...)",
    "config": "pass client=boto3.client(..., config=...)",
    "raise_on_transform_error": "a value that does not fit its transform is always an error",
    "raise_on_error": "an error is always raised; default= stands for values that do not exist",
    "parameter_type": "pass secure=True for a SecureString",
    "kms_key_id": "it is called key_id",
}
