"""Subsegments of X-Ray, sent to its daemon when they end: each in a document, and a datagram, of its own.

So a span needs to know nothing of its children: they may end after it, in other threads and tasks, and arrive in any
order. Lambda sends the segment that they all hang on. The protocol:
<https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html>.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextvars import ContextVar

from lambda_kit._kernel import log
from lambda_kit._kernel.json_text import escape
from lambda_kit.invocation import at_end
from lambda_kit.invocation import current as current_invocation
from lambda_kit.tracer import _document as document
from lambda_kit.tracer._header import HEADER, incoming_w3c, root_of_environment, sampled_root
from lambda_kit.tracer._span import Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable
    from typing import Any, Self

    from lambda_kit.invocation import Invocation
    from lambda_kit.tracer._header import Root
    from lambda_kit.tracer._span import Kind, Options

ADDRESS = "AWS_XRAY_DAEMON_ADDRESS"
_SDK = "aws_xray_sdk.core"
_THROTTLED = '"error":true,"throttle":true'
_urandom = os.urandom
_now = time.time_ns
_current: ContextVar[XRaySpan | None] = ContextVar("lambda_kit_span", default=None)


def draw_id() -> str:
    """Return a new id of a span: 16 hexadecimal digits."""
    return _urandom(8).hex()


class XRaySpan(Span):
    """A span of X-Ray.

    Attributes:
        id: its id.
    """

    __slots__ = (
        "_annotations",
        "_aws",
        "_backend",
        "_before",
        "_bridged",
        "_errors",
        "_flags",
        "_http",
        "_invocation",
        "_metadata",
        "_parent_id",
        "_passed",
        "_root",
        "_started",
        "_within",
        "id",
    )

    def __init__(self, name: str, kind: Kind, options: Options, backend: XRay) -> None:
        self._name = name
        self._kind = kind
        self._options = options
        self._backend = backend
        self._root: Root | None = None  # while it records
        self.id = ""

    def _begin(self, root: Root, parent: XRaySpan | None, invocation: Invocation | None) -> None:
        self._root = root
        self._invocation = invocation
        self._before = parent
        self._parent_id = root.parent_id if parent is None else parent.id
        self._annotations: dict[str, Any] | None = None
        self._metadata: dict[str, Any] | None = None
        self._errors: list[document.Failure] | None = None
        self._passed: document.Failure | None = None  # what a span inside of it has ended with
        self._aws: dict[str, Any] | None = None
        self._http: dict[str, dict[str, Any]] | None = None
        self._flags = ""
        self._bridged: Any = None
        self._within: XRaySpan | None = None
        self.id = _urandom(8).hex()
        if _SDK in sys.modules:
            from lambda_kit.tracer import _sdk_bridge

            self._bridged, self._parent_id = _sdk_bridge.enter(self)
        self._started = _now()

    @property
    def recording(self) -> bool:
        return self._root is not None

    def annotate(self, /, **annotations: Any) -> None:
        if self._root is not None:
            self._annotations = annotations if self._annotations is None else {**self._annotations, **annotations}

    def metadata(self, /, **metadata: Any) -> None:
        if self._root is not None:
            self._metadata = metadata if self._metadata is None else {**self._metadata, **metadata}

    def record_error(self, error: BaseException, /) -> None:
        if self._root is None:
            return
        self._flags = self._flags or '"fault":true'
        errors = self._errors = self._errors or []
        if all(one.error is not error for one in errors):
            passed = self._passed
            same = passed is not None and passed.error is error
            errors.append(passed if same and passed is not None else document.Failure(error, draw_id()))

    def http(
        self,
        /,
        *,
        method: str | None = None,
        url: str | None = None,
        status: int | None = None,
        length: int | None = None,
    ) -> None:
        if self._root is None:
            return
        known = self._http or {"request": {}, "response": {}}
        plain = None if url is None else url.partition("?")[0].partition("#")[0]
        known["request"].update(_given(method=method, url=plain))
        known["response"].update(_given(status=status, content_length=length))
        self._http = known
        if status is not None and status >= 400:
            if status == 429:
                self._flags = _THROTTLED
            elif self._flags != _THROTTLED:  # AWS throttles with other statuses too: see `_instrument_aws`
                self._flags = '"error":true' if status < 500 else '"fault":true'

    def aws(self, /, **fields: Any) -> None:
        if self._root is not None:
            self._aws = {**(self._aws or {}), **fields}

    def activate(self) -> Any:
        before = _current.get()
        if self._root is not None:
            _current.set(self._within or self)
        return before

    def deactivate(self, before: Any) -> None:
        if self._root is not None:
            self._within = _current.get()  # a span inside of it may stay open until it is activated again
        _current.set(before)

    def __enter__(self) -> Self:
        if self._root is None and not self.id:
            root, parent, invocation = _find_parent(self._backend.find_sampled_root)
            if root is not None and root.sampled:
                self._begin(root, parent, invocation)
                _current.set(self)
        return self

    def end(self) -> None:
        root = self._root
        if root is None:
            return
        ended = max(_now(), self._started)
        around = self._before
        if _current.get() is self:
            while around is not None and around._root is None:  # it may have ended before this one
                around = around._before
            _current.set(around)
        elif around is None and self._invocation is not None:
            at_end["lambda_kit.tracer"] = _let_go
        if self._bridged is not None:
            self._bridged.leave()
            self._bridged = None
        if self._errors and around is not None and around._root is not None:
            around._passed = self._errors[-1]
        self._backend.send(self._document(root, ended))
        self._root = self._errors = self._passed = self._invocation = self._within = None

    def _document(self, root: Root, ended: int) -> bytes:
        options = self._options
        # In 1970 and after 2286 the seconds have not ten digits.
        start, end = f"{self._started}", f"{ended}"
        head = (
            f'{{"id":"{self.id}","name":{document.name_text(self._name)},"start_time":{start[:10]}.{start[10:16]},'
            f'"end_time":{end[:10]}.{end[10:16]},"trace_id":"{root.trace_id}","parent_id":"{self._parent_id}",'
            '"type":"subsegment"'
        )
        if self._kind != "local":
            head = f'{head},"namespace":"{self._kind}"'
        if self._flags:
            head = f"{head},{self._flags}"
        annotations, metadata = self._annotations, self._metadata
        if self._before is None and (invocation := self._invocation) is not None:
            if annotations is None:
                cold = invocation.cold_start
                head = f'{head},"annotations":{{{options.texts.get(cold) or _common_text(options, cold=cold)}}}'
            else:
                annotations = {**_common(options, cold=invocation.cold_start), **annotations}
            if options.w3c and (w3c := incoming_w3c(invocation)):
                metadata = {**w3c, **(metadata or {})}
        if not (annotations or metadata or self._errors or self._http or self._aws):
            return f"{head}}}".encode()
        return self._long_document(head, annotations, metadata)

    def _long_document(self, head: str, annotations: dict[str, Any] | None, metadata: dict[str, Any] | None) -> bytes:
        encoder = self._options.encoder
        parts: list[str] = []
        if annotations:
            parts.append(f'"annotations":{{{document.annotations_text(annotations, encoder)}}}')
        if self._http is not None:
            members = {name: document.fields_text(one, encoder) for name, one in self._http.items() if one}
            http = ",".join([f'"{name}":{{{text}}}' for name, text in members.items()])
            parts.append(f'"http":{{{http}}}')
        if self._aws:
            parts.append(f'"aws":{{{document.fields_text(self._aws, encoder)}}}')
        if self._errors and self._options.capture_error:
            first = self._errors[0]
            if len(self._errors) == 1 and first is self._passed:
                parts.append(f'"cause":"{first.id}"')
            else:
                parts.append(f'"cause":{document.cause_text(self._errors, draw_id)}')
        members = document.metadata_members(metadata or {}, encoder)
        namespace = escape(self._options.service or "default")
        return document.fitted(head, members, namespace, parts)


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _common(options: Options, *, cold: bool) -> dict[str, Any]:
    return {"ColdStart": cold, **({"Service": options.service} if options.service else {})}


def _common_text(options: Options, *, cold: bool) -> str:
    text = options.texts[cold] = document.annotations_text(_common(options, cold=cold), options.encoder)
    return text


def _find_parent(find_root: Callable[[], Root | None]) -> tuple[Root | None, XRaySpan | None, Invocation | None]:
    """Return what a span that begins here hangs on: a root, and the span around it if there is one."""
    invocation = current_invocation.get(None)
    around = _current.get()
    while around is not None:
        root = around._root
        if root is None:
            around = around._before
        elif around._invocation is invocation and (invocation is not None or root.is_in_environment()):
            return root, around, invocation
        else:
            _current.set(None)  # it is of an earlier invocation, and has never been left
            break
    if invocation is not None and invocation.ended:
        return None, None, None  # the environment tells of the next one
    return find_root(), None, invocation


def _let_go(invocation: Invocation) -> None:
    """End what was never left, so that what is under it has a parent; the next invocation finds no span of this one."""
    at_end.pop("lambda_kit.tracer", None)
    span = _current.get()
    while span is not None:
        if span._invocation is invocation:
            span.end()
        span = span._before
    _current.set(None)


class XRay:
    """Sends spans to the daemon at the address that Lambda tells.

    Args:
        address: `host:port`, or `tcp:host:port udp:host:port`.

    Raises:
        ValueError: it is neither.
    """

    find_root = staticmethod(root_of_environment)
    find_sampled_root = staticmethod(sampled_root)

    def __init__(self, address: str) -> None:
        import _socket as sockets  # what `socket` is made of: that one loads ten times as long, and is not needed

        parts = address.split()
        udp = [part.removeprefix("udp:") for part in parts if part.startswith("udp:")]
        plain = [part for part in parts if not part.startswith("tcp:")]
        host, _, port = (udp or plain or [""])[0].rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise ValueError(f"{ADDRESS}={address!r} is not host:port")
        self._address = (host.strip("[]"), int(port))
        self._sockets = sockets
        self._socket: socket | None = None
        self._connecting = threading.Lock()
        self._warned = False

    def span(self, name: str, kind: Kind, options: Options) -> XRaySpan:
        return XRaySpan(name, kind, options, self)

    def begin(self, name: str, kind: Kind, options: Options) -> XRaySpan | None:
        span = self.detached(name, kind, options)
        if span is not None:
            _current.set(span)
        return span

    def detached(self, name: str, kind: Kind, options: Options) -> XRaySpan | None:
        root, parent, invocation = _find_parent(self.find_sampled_root)
        if root is None or not root.sampled:
            return None
        span = XRaySpan(name, kind, options, self)
        span._begin(root, parent, invocation)
        return span

    def current(self) -> XRaySpan | None:
        return _find_parent(self.find_root)[1]

    def headers(self, *, w3c: bool) -> dict[str, str]:
        root, span, invocation = _find_parent(self.find_root)
        if root is None:
            return {}
        parent_id = root.parent_id if span is None else span.id
        found = {HEADER: root.header(parent_id)}
        if w3c:
            passed_on = {} if invocation is None else incoming_w3c(invocation)
            found |= {**passed_on, "traceparent": root.traceparent(parent_id)}
        return found

    def send(self, text: bytes) -> None:
        """Send a document; where that fails, it is lost, which is logged once."""
        try:
            (self._socket or self._connect()).send(document.PREFIX + text)
        except OSError as error:
            if not self._warned:
                self._warned = True
                log.warning("traces cannot be sent to the X-Ray daemon at %s:%d: %s", *self._address, error)

    def _connect(self) -> socket:
        with self._connecting:  # of two threads, one
            return self._socket or self._open()

    def _open(self) -> socket:
        host, port = self._address
        # As bytes where that can be: text loads the codec of domain names.
        where = host.encode("ascii") if host.isascii() else host
        family, *_, address = self._sockets.getaddrinfo(where, port, type=self._sockets.SOCK_DGRAM)[0]
        made: socket = self._sockets.socket(family, self._sockets.SOCK_DGRAM)
        try:
            made.setblocking(False)
            made.connect(address)
        except BaseException:
            made.close()
            raise
        self._socket = made
        return made

    def close(self) -> None:
        """Close the socket; the next span opens another one."""
        made, self._socket = self._socket, None
        if made is not None:
            made.close()
