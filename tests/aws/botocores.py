"""The installed botocore, which tests compare with. It has no types."""

from __future__ import annotations

from importlib import import_module
from typing import Any

auth: Any = import_module("botocore.auth")
awsrequest: Any = import_module("botocore.awsrequest")
config: Any = import_module("botocore.config")
credentials: Any = import_module("botocore.credentials")
endpoint: Any = import_module("botocore.endpoint")
exceptions: Any = import_module("botocore.exceptions")
parsers: Any = import_module("botocore.parsers")
quota: Any = import_module("botocore.retries.quota")
serialize: Any = import_module("botocore.serialize")
session: Any = import_module("botocore.session")
standard: Any = import_module("botocore.retries.standard")
utils: Any = import_module("botocore.utils")
