"""Markers in annotations, which say where the value of a parameter comes from."""

from __future__ import annotations

from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, ClassVar, Never


class Marker:
    """The base class of markers.

    Attributes:
        name: the name in the request; None if it is that of the parameter.
    """

    __slots__ = ("name",)
    PLACE: ClassVar[str]

    def __init__(self, name: str | None = None, **unknown: Never) -> None:
        if unknown:
            from lambda_kit.http import _unknown

            raise _unknown.option(type(self).__name__, next(iter(unknown)))
        self.name = name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'' if self.name is None else repr(self.name)})"


class Query(Marker):
    """A parameter of the query: `Annotated[int, Query("page-size")]`. The default name is that of the parameter."""

    __slots__ = ()
    PLACE = "query"


class Header(Marker):
    """A header: `Annotated[str, Header("x-tenant")]`. The default name has hyphens for underscores."""

    __slots__ = ()
    PLACE = "header"


class Cookie(Marker):
    """A cookie: `Annotated[str, Cookie("session")]`. The default name is that of the parameter."""

    __slots__ = ()
    PLACE = "cookie"


class Form(Marker):
    """A field of a form: `Annotated[str, Form()]`. The default name is that of the parameter."""

    __slots__ = ()
    PLACE = "form"


class File(Marker):
    """A file of a form: `Annotated[UploadFile, File()]`. The default name is that of the parameter.

    `Annotated[bytes, File()]` gets the data alone, and a list gets all files of the name. A parameter of the type
    `UploadFile` needs no marker. Files need the extra `multipart`.

    Args:
        name: the name in the form; default: that of the parameter.
        media_types: the media types that are taken, such as `["image/png", "text/*"]`. The answer to others is 415.
            It is what the client says: check the data too. Default: all.
        **unknown: options that do not exist, which are refused.

    Raises:
        ConfigurationError: `media_types` is a text, or one of them is no media type.
    """

    __slots__ = ("media_types",)
    PLACE = "file"

    def __init__(self, name: str | None = None, *, media_types: Sequence[str] = (), **unknown: Never) -> None:
        super().__init__(name, **unknown)
        if isinstance(media_types, str) or [one for one in media_types if one.count("/") != 1]:
            raise ConfigurationError(
                f"File(media_types={media_types!r}): pass a list of media types, such as ['image/png', 'text/*']"
            )
        self.media_types = tuple(one.lower() for one in media_types)


class Body(Marker):
    """The body: `Annotated[dict[str, int], Body()]`. Models need no marker. `bytes` and `str` get the body as it is."""

    __slots__ = ()
    PLACE = "body"

    def __init__(self, **unknown: Never) -> None:
        super().__init__(None, **unknown)


class Depends(Marker):
    """A dependency: `Annotated[User, Depends(current_user)]` passes what `current_user` returns.

    The function takes parameters of the request as routes do. It runs once for a request, also if several parameters
    depend on it. A generator function yields the value once; the code behind the `yield` runs when the response is
    made, and sees the exception if the route failed. It may be a coroutine function.

    Args:
        function: the function, or generator function.
        **unknown: options that do not exist, which are refused.

    Raises:
        ConfigurationError: the function is missing, or an option does not exist.
    """

    __slots__ = ("function",)
    PLACE = "dependency"

    def __init__(self, function: Callable[..., Any], **unknown: Never) -> None:
        super().__init__(None, **unknown)
        given: Any = function
        if given is None:
            raise ConfigurationError("Depends(...): pass the function: Depends(current_user)")
        self.function = function


if not TYPE_CHECKING:  # so that options of other libraries are refused with ours before Python misses an argument
    Depends.__init__.__defaults__ = (None,)
