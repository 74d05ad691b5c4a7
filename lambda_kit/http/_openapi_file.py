"""The OpenAPI document that was written before the deployment, served by the function as a file."""

from __future__ import annotations

import os

from lambda_kit._kernel import log
from lambda_kit.errors import ConfigurationError
from lambda_kit.http._errors import InternalServerError
from lambda_kit.http._response import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_MEDIA_TYPES = {".json": "application/json", ".yaml": "application/yaml", ".yml": "application/yaml"}


def serving(path: str | None, file: str | None) -> Callable[[], Response]:
    """Return a route that serves a file. It is read at the first request and kept.

    Raises:
        ConfigurationError: the path or the file is missing, or it is of another kind.
    """
    if path is None or file is None:
        raise ConfigurationError(
            'openapi(...) needs both to serve a document: path="/openapi.json", file="openapi.json"'
        )
    name = os.fspath(file)
    media_type = _MEDIA_TYPES.get(os.path.splitext(name)[1].lower())  # noqa: PTH122  # pathlib is not loaded
    if media_type is None:
        raise ConfigurationError(f"openapi(file={name!r}): the name has to end with {', '.join(_MEDIA_TYPES)}")
    text: str | None = None

    def openapi_document() -> Response:
        nonlocal text
        if text is None:
            try:
                with open(name, encoding="utf-8") as opened:  # noqa: PTH123  # as above
                    text = opened.read()
            except (OSError, ValueError) as error:
                log.error(
                    "lambda_kit: the OpenAPI document %s cannot be read: %s; write it with lambda-kit openapi, and put "
                    "it into the package of the function",
                    name,
                    error,
                )
                raise InternalServerError("the document cannot be read") from None
        return Response(text, media_type=media_type)

    return openapi_document
