"""Facts of an app and of its routes that an OpenAPI document is made of."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.http._arguments import Parameter
    from lambda_kit.http._docstrings import Docstring
    from lambda_kit.http._openapi_options import OpenApi


class Facts:
    """The facts of an app.

    Attributes:
        title: the title.
        version: the version of the API.
        base_path: the path that the app cuts off; `""` without one.
        options: the further texts; None without any.
        provided: the names of the keywords that layers around the app pass.
        etag: whether answers to GET have an `ETag`.
        limits_bodies: whether the app limits the size of bodies.
    """

    def __init__(self, title: str, version: str, base_path: str, options: OpenApi | None) -> None:
        self.title = title
        self.version = version
        self.base_path = base_path
        self.options = options
        self.provided: frozenset[str] = frozenset()
        self.etag = False
        self.limits_bodies = False


class Wanted:
    """The things that a route wants of a request, dependencies included.

    Attributes:
        parameters: the parameters, without those that no request holds.
        texts: the docstrings of the function and of its dependencies, that of the function first.
        schemes: the names of the security schemes, with the scopes that each has to have.
        functions: the functions of `texts`, in the same order.
        fetches_keys: whether keys are fetched, which may fail.
    """

    def __init__(self) -> None:
        self.parameters: list[Parameter] = []
        self.texts: list[Docstring] = []
        self.functions: list[Any] = []
        self.schemes: dict[str, list[str]] = {}
        self.fetches_keys = False

    def text_of(self, name: str) -> str:
        """Return the text of a parameter in the docstrings; `""` without one."""
        return next((one.args[name] for one in self.texts if name in one.args), "")
