"""Parameters, secrets and configurations: fetched once, kept in the init cache, typed.

```python
from lambda_kit import parameters
from lambda_kit.parameters import Parameter

host = Parameter("/app/db/host")


def connect():
    login = parameters.secret("shop/payments", transform="json").get_secret_value()
    return f"{login['user']}@{host()}"
```

The rules, the same for every function and handle:

- Values live in the init cache, by all options that decide about them. Threads that ask at once share one request.
- On Lambda the Parameters and Secrets extension is asked first, where it is present; AWS itself if it cannot be used.
- If no source answers, an old value is used for up to `stale_if_error` seconds beyond its time to live, an hour by
  default, with one warning.
- What is returned is the caller's own: changing it changes nothing for others.
- Errors name what was asked for, the source, the reason and the IAM action to grant. Neither they nor logs have values.
"""

from __future__ import annotations

from lambda_kit import lazy_exports
from lambda_kit.parameters._functions import app_config, by_path, get, get_many, put, secret
from lambda_kit.parameters._handles import Parameter, Secret
from lambda_kit.parameters._secret_value import SecretValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.parameters._settings import FromEnv, FromParameter, FromSecret, Settings
else:
    __getattr__, __dir__ = lazy_exports(  # these need pydantic
        globals(),
        {
            "FromEnv": "lambda_kit.parameters._settings",
            "FromParameter": "lambda_kit.parameters._settings",
            "FromSecret": "lambda_kit.parameters._settings",
            "Settings": "lambda_kit.parameters._settings",
        },
    )

__all__ = [
    "FromEnv",
    "FromParameter",
    "FromSecret",
    "Parameter",
    "Secret",
    "SecretValue",
    "Settings",
    "app_config",
    "by_path",
    "get",
    "get_many",
    "put",
    "secret",
]
