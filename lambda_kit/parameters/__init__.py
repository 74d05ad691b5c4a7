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

- Values live in the init cache, by all options that change them. Threads that ask at once share one request.
- On Lambda the Parameters and Secrets extension is asked first where it is present. AWS is called if it cannot be used.
- If no source answers, an old value is used for up to `stale_if_error` seconds beyond its time to live, an hour by
  default, with one warning. A refusal (not found, access denied, not decrypted) is raised at once and drops the value.
- A returned dict, list or model is the caller's own: changing it changes nothing for others.
- Errors name the value, the source, the reason and the IAM action to grant. Neither errors nor logs contain values.
"""

from __future__ import annotations

from lambda_kit import lazy_exports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.parameters._functions import app_config, get, secret
    from lambda_kit.parameters._handles import Parameter, Secret
    from lambda_kit.parameters._many import by_path, get_many
    from lambda_kit.parameters._put import put
    from lambda_kit.parameters._secret_value import SecretValue
    from lambda_kit.parameters._settings import FromEnv, FromParameter, FromSecret, Settings
else:
    __getattr__, __dir__ = lazy_exports(
        globals(),
        {
            "FromEnv": "lambda_kit.parameters._settings",
            "FromParameter": "lambda_kit.parameters._settings",
            "FromSecret": "lambda_kit.parameters._settings",
            "Parameter": "lambda_kit.parameters._handles",
            "Secret": "lambda_kit.parameters._handles",
            "SecretValue": "lambda_kit.parameters._secret_value",
            "Settings": "lambda_kit.parameters._settings",
            "app_config": "lambda_kit.parameters._functions",
            "by_path": "lambda_kit.parameters._many",
            "get": "lambda_kit.parameters._functions",
            "get_many": "lambda_kit.parameters._many",
            "put": "lambda_kit.parameters._put",
            "secret": "lambda_kit.parameters._functions",
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
