"""X-Ray's subsegments: each is sent to the daemon when it ends, in a document and a datagram of its own.

So a span knows nothing of its children: they may end after it, in other threads and tasks, and arrive in any order.
Lambda sends the segment of the function, which is the parent of the outermost spans. The protocol:
<https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html>.

A function's few spans run between two invocations of other code, so that the processor's caches hold none of this. What
counts then is the number of operations, so the path of a plain span has few of them.
"""

from __future__ import annotations

import os
import sys
import time
from contextvars import ContextVar

from lambda_kit._kernel.json_text import escape
from lambda_kit.invocation import at_end, current_place
from lambda_kit.invocation import current as current_invocation
from lambda_kit.tracer import _document as document
from lambda_kit.tracer._guard import harmless, length_of, report, status_of, text_of
from lambda_kit.tracer._header import HEADER, incoming_w3c, root_of_environment, sampled_root
from lambda_kit.tracer._span import Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self, TypeAlias

    from lambda_kit._kernel.json_text import Encoder
    from lambda_kit.invocation import Invocation
    from lambda_kit.tracer._header import Root
    from lambda_kit.tracer._span import Kind, Options

    # Returns the root of the running invocation, or that of the environment outside of one.
    FindRoot: TypeAlias = Callable[[Invocation | None], Root | None]

_SDK = "aws_xray_sdk.core"
_THROTTLED = '"error":true,"throttle":true'
_urandom = os.urandom
_now = time.time_ns
_new = object.__new__
_names = document.names
_current: ContextVar[XRaySpan | None] = ContextVar("lambda_kit_span", default=None)


def draw_id() -> str:
    """Return a new id: 16 hexadecimal digits."""
    return _urandom(8).hex()


class XRaySpan(Span):
    """A subsegment of X-Ray.

    Attributes:
        id: the id of the subsegment; `""` before it starts.
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
        "_inner",
        "_inner_failure",
        "_invocation",
        "_metadata",
        "_parent_id",
        "_root",
        "_started",
        "id",
    )

    def __init__(self, name: str, kind: Kind, options: Options, backend: XRay) -> None:
        self._name = name
        self._kind = kind
        self._options = options
        self._backend = backend
        self._root: Root | None = None  # None before the start and after the end
        self.id = ""

    def _begin(self, root: Root, parent: XRaySpan | None, invocation: Invocation | None) -> None:
        self._root = root
        self._invocation = invocation
        self._before = parent
        self._parent_id = root.parent_id if parent is None else parent.id
        self._annotations: dict[str, Any] | None = None
        if parent is not None and (place := current_place.get()) is not None and place.is_replaying():
            self._annotations = {"Replayed": True}
        self._metadata: dict[str, Any] | None = None
        self._errors: list[document.Failure] | None = None
        self._inner_failure: document.Failure | None = None  # the last failure of a span inside this one
        self._aws: dict[str, Any] | None = None
        self._http: dict[str, dict[str, Any]] | None = None
        self._flags = ""
        self._bridged: Any = None
        self._inner: XRaySpan | None = None
        self.id = _urandom(8).hex()
        if _SDK in sys.modules:
            self._enter_sdk()
        self._started = _now()

    @harmless
    def _enter_sdk(self) -> None:
        from lambda_kit.tracer import _sdk_bridge

        self._bridged, self._parent_id = _sdk_bridge.enter(self)

    @property
    def recording(self) -> bool:
        return self._root is not None

    def annotate(self, /, **annotations: Any) -> None:
        if self._root is not None:
            self._annotations = annotations if self._annotations is None else {**self._annotations, **annotations}

    def metadata(self, /, **metadata: Any) -> None:
        if self._root is not None:
            self._metadata = metadata if self._metadata is None else {**self._metadata, **metadata}

    def record_error(self, error: Any, /) -> None:
        if self._root is None:
            return
        self._flags = self._flags or '"fault":true'
        errors = self._errors = self._errors or []
        if all(one.error is not error for one in errors):
            inner = self._inner_failure
            same = inner is not None and inner.error is error
            errors.append(inner if same and inner is not None else document.Failure(error, draw_id()))

    @harmless
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
        from lambda_kit.tracer._instrument_http import shown_url

        known = self._http or {"request": {}, "response": {}}
        code = status_of(status)
        shown = None if url is None else shown_url(text_of(url))
        known["request"].update(_without_none(method=None if method is None else text_of(method), url=shown))
        known["response"].update(_without_none(status=code, content_length=length_of(length)))
        self._http = known
        if code is not None and code >= 400:
            if code == 429:
                self._flags = _THROTTLED
            elif self._flags != _THROTTLED:  # `_instrument_aws` marks throttling that has another status
                self._flags = '"error":true' if code < 500 else '"fault":true'

    def aws(self, /, **fields: Any) -> None:
        if self._root is not None:
            self._aws = {**(self._aws or {}), **fields}

    def _activate(self) -> Any:
        before = _current.get()
        if self._root is not None:
            _current.set(self._inner or self)
        return before

    def _deactivate(self, before: Any) -> None:
        if self._root is not None:
            self._inner = _current.get()  # a span inside may stay open until this one is activated again
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
        ended = _now()
        around = self._before
        if _current.get() is self:
            while around is not None and around._root is None:  # the outer span may have ended before this one
                around = around._before
            _current.set(around)
        elif around is None and self._invocation is not None:
            at_end["lambda_kit.tracer"] = _end_open_spans
        if self._bridged is not None:
            self._leave_sdk()
        if self._errors and around is not None and around._root is not None:
            around._inner_failure = self._errors[-1]
        ended = max(ended, self._started)
        try:
            text = self._document(root, ended)
        except Exception as error:
            report("end", error)
            text = self._bare_document(root, ended)
        self._backend.send(text)
        self._root = self._invocation = None
        if self._errors or self._inner_failure or self._inner:
            self._errors = self._inner_failure = self._inner = None

    @harmless
    def _leave_sdk(self) -> None:
        bridged, self._bridged = self._bridged, None
        bridged.leave()

    def _document(self, root: Root, ended: int) -> bytes:
        # Slices, because formatting floats takes longer: from 2001 to 2286 the seconds have ten digits.
        start, end, name = f"{self._started}", f"{ended}", self._name
        head = (
            f'{{"id":"{self.id}","name":{_names.get(name) or document.name_text(name)},'
            f'"start_time":{start[:10]}.{start[10:16]},"end_time":{end[:10]}.{end[10:16]},'
            f'"trace_id":"{root.trace_id}","parent_id":"{self._parent_id}","type":"subsegment"'
        )
        if self._kind != "local":
            head = f'{head},"namespace":"{self._kind}"'
        if self._flags:
            head = f"{head},{self._flags}"
        annotations, metadata = self._annotations, self._metadata
        if self._before is None and (invocation := self._invocation) is not None:
            options = self._options
            if (execution := invocation._execution) is not None:
                annotations = {"ExecutionArn": execution, "Replay": invocation.replay, **(annotations or {})}
            if annotations is None:
                cold = invocation.cold_start
                head = f'{head},"annotations":{{{options.texts.get(cold) or _common_text(options, cold=cold)}}}'
            else:
                annotations = {**_common(options, cold=invocation.cold_start), **annotations}
            if options.w3c and (w3c := incoming_w3c(invocation)):
                metadata = {**w3c, **(metadata or {})}
        if annotations or metadata or self._errors or self._http or self._aws:
            return self._long_document(head, annotations, metadata)
        return f"{head}}}".encode()

    def _long_document(self, head: str, annotations: dict[str, Any] | None, metadata: dict[str, Any] | None) -> bytes:
        options = self._options
        encoder = options.encoder
        parts: list[str] = []
        members: dict[str, str] = {}
        builders: tuple[tuple[str, Callable[[Any, Encoder], str], Any], ...] = (
            ("annotations", document.annotations_text, annotations),
            ("http", document.http_text, self._http),
            ("aws", document.fields_text, self._aws),
        )
        for name, build, value in builders:
            if value:
                try:
                    parts.append(f'"{name}":{{{build(value, encoder)}}}')
                except Exception as error:
                    report(name, error)
        try:
            members = document.metadata_members(metadata or {}, encoder)
            if self._errors and options.capture_error:
                taken = len(head) + sum(map(len, parts)) + sum(map(len, members)) + sum(map(len, members.values()))
                cause = document.cause_text(self._errors, self._inner_failure, draw_id, encoder.hides, taken)
                parts.append(f'"cause":{cause}')
        except Exception as error:
            report("an exception or metadata", error)
        return document.fit_document(head, members, escape(options.service or "default"), parts)

    def _bare_document(self, root: Root, ended: int) -> bytes:
        """Return a document with the required members alone, for a span whose own document cannot be built."""
        start, end = f"{self._started}", f"{ended}"
        return (
            f'{{"id":"{self.id}","name":"span","start_time":{start[:10]}.{start[10:16]},'
            f'"end_time":{end[:10]}.{end[10:16]},"trace_id":"{root.trace_id}","parent_id":"{self._parent_id}",'
            f'"type":"subsegment"{self._flags and ","}{self._flags}}}'
        ).encode()


def _without_none(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _common(options: Options, *, cold: bool) -> dict[str, Any]:
    return {"ColdStart": cold, **({"Service": options.service} if options.service else {})}


def _common_text(options: Options, *, cold: bool) -> str:
    text = options.texts[cold] = document.annotations_text(_common(options, cold=cold), options.encoder)
    return text


def _find_parent(find_root: FindRoot) -> tuple[Root | None, XRaySpan | None, Invocation | None]:
    """Return the root, the parent span and the invocation of a span that starts in this context; each may be None."""
    invocation = current_invocation.get(None)
    around = _current.get()
    if around is not None and (root := around._root) is not None and around._invocation is invocation is not None:
        return root, around, invocation
    while around is not None:
        root = around._root
        if root is None:
            around = around._before
        elif around._invocation is invocation and (invocation is not None or root.is_in_environment()):
            return root, around, invocation
        else:
            _current.set(None)  # a span of an earlier invocation that was never ended
            break
    if invocation is not None and invocation.ended:
        return None, None, None  # the environment variable belongs to the next invocation
    return find_root(invocation), None, invocation


def _end_open_spans(invocation: Invocation) -> None:
    """End the spans that the invocation left open, so that their children have a parent and none is current later."""
    at_end.pop("lambda_kit.tracer", None)
    span = _current.get()
    while span is not None:
        if span._invocation is invocation:
            span.end()
        span = span._before
    _current.set(None)


class XRay:
    """The backend that makes X-Ray's documents.

    Args:
        send: sends a document.
        close: closes the connection; the next document opens a new one.
        find_root: returns the root of the invocation.
        find_sampled_root: returns it if the invocation is sampled, else None or an unsampled root.
    """

    __slots__ = ("close", "find_root", "find_sampled_root", "send")

    def __init__(
        self,
        send: Callable[[bytes], None],
        close: Callable[[], None],
        find_root: FindRoot = root_of_environment,
        find_sampled_root: FindRoot = sampled_root,
    ) -> None:
        self.send = send
        self.close = close
        self.find_root = find_root
        self.find_sampled_root = find_sampled_root

    def span(self, name: str, kind: Kind, options: Options) -> XRaySpan:
        return XRaySpan(name, kind, options, self)

    def begin(self, name: str, kind: Kind, options: Options) -> XRaySpan | None:
        parent: XRaySpan | None = _current.get()
        if parent is None:  # as `_find_parent` has it, with one call less for the outermost span
            invocation = current_invocation.get(None)
            root = None if invocation is not None and invocation.ended else self.find_sampled_root(invocation)
        else:
            root, parent, invocation = _find_parent(self.find_sampled_root)
        if root is None or not root.sampled:
            return None
        span: XRaySpan = _new(XRaySpan)  # as `__init__` does it, with one call less
        span._name = name
        span._kind = kind
        span._options = options
        span._backend = self
        span._begin(root, parent, invocation)
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
