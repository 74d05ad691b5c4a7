"""Keys of clients in a header."""

from __future__ import annotations

from lambda_kit.events._http import HttpEvent  # noqa: TC001  # a parameter of dependencies, read while the program runs
from lambda_kit.http._errors import Unauthorized

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class ApiKey:
    """A dependency that checks a key in a header, and passes the name of the client that it belongs to.

    ```python
    from lambda_kit.http import ApiKey

    client_name = ApiKey({"shop": "k-1", "warehouse": "k-2"})
    ```

    Args:
        keys: the key of each client by its name, or a function that returns them, for example
            `Secret("api-keys", transform="json")`.
        header: the name of the header; default `"x-api-key"`.

    Attributes:
        header: the name of the header.
    """

    __slots__ = ("_keys", "header")

    def __init__(self, keys: Mapping[str, str] | Callable[[], Mapping[str, str]], *, header: str = "x-api-key") -> None:
        self._keys = keys
        self.header = header

    def __repr__(self) -> str:
        return f"<ApiKey in {self.header}>"

    def __call__(self, request: HttpEvent) -> str:
        """Return the name of the client.

        Raises:
            Unauthorized: there is no key, or no client has it.
        """
        from hmac import compare_digest

        given = request.headers.get(self.header, "").encode("utf-8", "surrogatepass")
        keys = self._keys() if callable(self._keys) else self._keys
        found = None
        for name, key in keys.items():
            if key and compare_digest(given, key.encode()):  # all are compared: the time tells nothing
                found = name
        if found is None:
            raise Unauthorized("the key is missing or unknown", challenge="ApiKey")
        return found
