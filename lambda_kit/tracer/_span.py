"""What a backend has to be: a class of spans, and the headers of outgoing requests."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, Literal, ParamSpec, Protocol, Self, TypeAlias, TypeVar

    from lambda_kit._kernel.json_text import Encoder

    P = ParamSpec("P")
    R = TypeVar("R")

    Kind: TypeAlias = Literal["local", "aws", "remote"]
    Annotation: TypeAlias = str | int | float | bool

    class Backend(Protocol):
        """Where spans go."""

        def span(self, name: str, kind: Kind, options: Options) -> Span:
            """Return a span that has not begun yet."""
            ...

        def begin(self, name: str, kind: Kind, options: Options) -> Span | None:
            """Return a span that has begun and is the current one; None where nothing is traced, or not sampled."""
            ...

        def detached(self, name: str, kind: Kind, options: Options) -> Span | None:
            """Do what `begin` does, but leave the current span what it is: for generators, see `activate`."""
            ...

        def current(self) -> Span | None:
            """Return the innermost span that has begun here and has not ended."""
            ...

        def headers(self, *, w3c: bool) -> dict[str, str]:
            """Return the headers with which a request continues the trace; none where there is no trace."""
            ...


KINDS = ("local", "aws", "remote")


class Options:
    """What spans of one tracer have in common.

    Attributes:
        service: the name of the service; `""` if there is none.
        encoder: turns values into JSON text, and hides what is secret.
        capture_response: whether a layer keeps what the function returns.
        capture_error: whether type, message and frames of an exception are kept, or no more than that there was one.
        w3c: whether the context of W3C is taken and given.
        backend: returns the backend.
        texts: what a backend keeps of what it has made of these.
    """

    __slots__ = ("backend", "capture_error", "capture_response", "encoder", "service", "texts", "w3c")

    def __init__(
        self,
        backend: Callable[[], Backend],
        service: str,
        encoder: Encoder,
        *,
        capture_response: bool,
        capture_error: bool,
        w3c: bool,
    ) -> None:
        self.backend = backend
        self.service = service
        self.encoder = encoder
        self.capture_response = capture_response
        self.capture_error = capture_error
        self.w3c = w3c
        self.texts: dict[bool, str] = {}

    def but(self, capture_response: bool | None, capture_error: bool | None) -> Options:
        """Return the same with what is not None replaced."""
        return Options(
            self.backend,
            self.service,
            self.encoder,
            capture_response=self.capture_response if capture_response is None else capture_response,
            capture_error=self.capture_error if capture_error is None else capture_error,
            w3c=self.w3c,
        )


class Span:
    """One step of an invocation: how long it took, how it ended, and what you say about it.

    Made by `tracer.span(...)`. A context manager, for `with` and `async with`, that is entered once; or a decorator,
    with which each call of the function is a span of its own. Where nothing is traced, or the invocation is not
    sampled, it does nothing. Nothing that is said about a span raises: what the backend does not take is changed so
    that it does, or left out.
    """

    __slots__ = ("_kind", "_name", "_options")

    def __init__(self, name: str, kind: Kind, options: Options) -> None:
        self._name = name
        self._kind: Kind = kind
        self._options = options

    @property
    def recording(self) -> bool:
        """Whether what is said about this span goes anywhere: it has begun, has not ended, and is sampled."""
        return False

    def annotate(self, /, **annotations: Annotation) -> None:
        """Add values by which traces can be searched: text, numbers, booleans.

        X-Ray takes names of letters, digits and `_`, 1,000 characters of text, and 50 annotations in a trace; other
        characters become `_`, other values text, None is left out. See
        <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>.
        """

    def metadata(self, /, **metadata: Any) -> None:
        """Add values of any kind, which are shown with the trace; fields with secret names are hidden."""

    def record_error(self, error: BaseException, /) -> None:
        """Mark the span as failed by an exception. What leaves the span by itself is recorded without being told."""

    def http(
        self,
        /,
        *,
        method: str | None = None,
        url: str | None = None,
        status: int | None = None,
        length: int | None = None,
    ) -> None:
        """Add what is known of an outgoing request: method, URL without its query, status, bytes of the answer.

        A status from 400 on marks the span as failed: 429 as throttled, below 500 as the caller's error.
        """

    def aws(self, /, **fields: Any) -> None:
        """Add what is known of a call of AWS: `operation`, `region`, `request_id`, `retries`, `table_name`, ….

        Names as in <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>.
        """

    def end(self) -> None:
        """End the span. What is said about it afterwards is lost."""

    def activate(self) -> Any:
        """Make it the current span again, or the one inside of it that was; return what `deactivate` needs."""

    def deactivate(self, before: Any) -> None:
        """Bring back the span that was the current one before."""

    def within(self, name: str) -> Span:
        """Return a span of the same tracer that has not begun yet; it will stand in the one that is open then."""
        return self._options.backend().span(name, "local", self._options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
    ) -> None:
        if error is not None and not isinstance(error, GeneratorExit):
            self.record_error(error)
        self.end()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
    ) -> None:
        self.__exit__(kind, error, traceback)

    def __call__(self, fn: Callable[P, R], /) -> Callable[P, R]:
        """Make every call of a function a span with this name."""
        from lambda_kit.tracer import _layers as layers

        decorated: Callable[P, R] = layers.around(fn, self._name, self._kind, self._options)
        return decorated


class NoTracing:
    """The backend where nothing is traced."""

    def span(self, name: str, kind: Kind, options: Options) -> Span:
        return Span(name, kind, options)

    def begin(self, name: str, kind: Kind, options: Options) -> Span | None:  # noqa: ARG002
        return None

    def detached(self, name: str, kind: Kind, options: Options) -> Span | None:  # noqa: ARG002
        return None

    def current(self) -> Span | None:
        return None

    def headers(self, *, w3c: bool) -> dict[str, str]:  # noqa: ARG002
        return {}
