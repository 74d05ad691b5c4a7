"""HTTP applications behind every trigger: routes over plain functions, whose annotations say where arguments come from.

```python
from lambda_kit import HttpApp, handler

app = HttpApp()


@app.get("/hello/{name}")
def hello(name: str, loud: bool = False):
    text = f"Hello, {name}"
    return {"text": text.upper() if loud else text}


lambda_handler = handler()(app)
assert app.test_client().get("/hello/Ada?loud=1").json() == {"text": "HELLO, ADA"}
```

Each name below loads its module when it is first used.
"""

from __future__ import annotations

from lambda_kit import lazy_exports, refuse_calls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.http._api_key import ApiKey
    from lambda_kit.http._app import HttpApp
    from lambda_kit.http._bearer import Bearer
    from lambda_kit.http._conditional import check_etag
    from lambda_kit.http._connection import Connection, connection
    from lambda_kit.http._cors import Cors
    from lambda_kit.http._errors import (
        BadRequest,
        Conflict,
        ContentTooLarge,
        Forbidden,
        Gone,
        HttpError,
        InternalServerError,
        InvalidRequest,
        MethodNotAllowed,
        NotFound,
        PreconditionFailed,
        ServiceUnavailable,
        TooManyRequests,
        Unauthorized,
        UnprocessableContent,
        UnsupportedMediaType,
    )
    from lambda_kit.http._files import FileResponse
    from lambda_kit.http._function import HttpFunction, http
    from lambda_kit.http._keys import from_header
    from lambda_kit.http._markers import Body, Cookie, Depends, File, Form, Header, Query
    from lambda_kit.http._openapi_options import OpenApi
    from lambda_kit.http._response import Redirect, Response, ResponseHeaders
    from lambda_kit.http._router import Router
    from lambda_kit.http._security import SecurityHeaders
    from lambda_kit.http._streams import EventStream, JsonLines, ServerEvent
    from lambda_kit.http._test_client import ClientResponse, TestClient
    from lambda_kit.http._test_socket import SocketAnswer, TestSocket
    from lambda_kit.http._upload import UploadFile
else:
    _PLACES = {
        "_api_key": ("ApiKey",),
        "_app": ("HttpApp",),
        "_bearer": ("Bearer",),
        "_conditional": ("check_etag",),
        "_connection": ("Connection", "connection"),
        "_cors": ("Cors",),
        "_errors": (
            "BadRequest",
            "Conflict",
            "ContentTooLarge",
            "Forbidden",
            "Gone",
            "HttpError",
            "InternalServerError",
            "InvalidRequest",
            "MethodNotAllowed",
            "NotFound",
            "PreconditionFailed",
            "ServiceUnavailable",
            "TooManyRequests",
            "Unauthorized",
            "UnprocessableContent",
            "UnsupportedMediaType",
        ),
        "_files": ("FileResponse",),
        "_function": ("HttpFunction", "http"),
        "_keys": ("from_header",),
        "_markers": ("Body", "Cookie", "Depends", "File", "Form", "Header", "Query"),
        "_openapi_options": ("OpenApi",),
        "_response": ("Redirect", "Response", "ResponseHeaders"),
        "_router": ("Router",),
        "_security": ("SecurityHeaders",),
        "_streams": ("EventStream", "JsonLines", "ServerEvent"),
        "_test_client": ("ClientResponse", "TestClient"),
        "_test_socket": ("SocketAnswer", "TestSocket"),
        "_upload": ("UploadFile",),
    }
    _MODULES = {name: f"lambda_kit.http.{file}" for file, names in _PLACES.items() for name in names}
    __getattr__, __dir__ = lazy_exports(globals(), _MODULES)

refuse_calls(__name__)

__all__ = [
    "ApiKey",
    "BadRequest",
    "Bearer",
    "Body",
    "ClientResponse",
    "Conflict",
    "Connection",
    "ContentTooLarge",
    "Cookie",
    "Cors",
    "Depends",
    "EventStream",
    "File",
    "FileResponse",
    "Forbidden",
    "Form",
    "Gone",
    "Header",
    "HttpApp",
    "HttpError",
    "HttpFunction",
    "InternalServerError",
    "InvalidRequest",
    "JsonLines",
    "MethodNotAllowed",
    "NotFound",
    "OpenApi",
    "PreconditionFailed",
    "Query",
    "Redirect",
    "Response",
    "ResponseHeaders",
    "Router",
    "SecurityHeaders",
    "ServerEvent",
    "ServiceUnavailable",
    "SocketAnswer",
    "TestClient",
    "TestSocket",
    "TooManyRequests",
    "Unauthorized",
    "UnprocessableContent",
    "UnsupportedMediaType",
    "UploadFile",
    "check_etag",
    "connection",
    "from_header",
    "http",
]
