"""The interface of a backend, and the span that records nothing: the base of every backend's span."""

from __future__ import annotations

from lambda_kit._kernel import hint_names

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
    # Puts a span with this name and kind around each call of a function.
    Decorate: TypeAlias = Callable[[Any, str, Kind, "Options"], Any]

    class Backend(Protocol):
        """The destination of spans."""

        def span(self, name: str, kind: Kind, options: Options) -> Span:
            """Return a span that has not started yet."""
            ...

        def begin(self, name: str, kind: Kind, options: Options) -> Span | None:
            """Start a span, make it the current one and return it; None if nothing is traced or not sampled."""
            ...

        def detached(self, name: str, kind: Kind, options: Options) -> Span | None:
            """Start a span without making it the current one: for generators, see `Span._activate`."""
            ...

        def current(self) -> Span | None:
            """Return the innermost open span of this context."""
            ...

        def headers(self, *, w3c: bool) -> dict[str, str]:
            """Return the headers with which a request continues the trace; an empty dict if there is no trace."""
            ...


KINDS = ("local", "aws", "remote")


class Options:
    """The settings that all spans of one tracer share.

    Attributes:
        service: the name of the service; `""` if there is none.
        encoder: turns values into JSON text and hides secrets.
        capture_response: whether a traced function's return value is kept.
        capture_error: whether type, message and frames of an exception are kept; if not, only the fault flag is.
        w3c: whether the W3C trace context is read and sent.
        backend: returns the backend.
        decorate: puts a span around a function; handed in, so that this module need not import the decorators.
        texts: the JSON text of the common annotations, by whether it was a cold start.
    """

    __slots__ = ("backend", "capture_error", "capture_response", "decorate", "encoder", "service", "texts", "w3c")

    def __init__(
        self,
        backend: Callable[[], Backend],
        decorate: Decorate,
        service: str,
        encoder: Encoder,
        *,
        capture_response: bool,
        capture_error: bool,
        w3c: bool,
    ) -> None:
        self.backend = backend
        self.decorate = decorate
        self.service = service
        self.encoder = encoder
        self.capture_response = capture_response
        self.capture_error = capture_error
        self.w3c = w3c
        self.texts: dict[bool, str] = {}

    def replaced(self, capture_response: bool | None, capture_error: bool | None) -> Options:
        """Return a copy in which each argument that is not None replaces the setting."""
        return Options(
            self.backend,
            self.decorate,
            self.service,
            self.encoder,
            capture_response=self.capture_response if capture_response is None else capture_response,
            capture_error=self.capture_error if capture_error is None else capture_error,
            w3c=self.w3c,
        )


class Span:
    """One step of an invocation: its duration, its outcome, and what you add to it.

    Made by `tracer.span(...)`. Use it as a context manager (`with` or `async with`), once; or as a decorator, which
    starts a new span for each call of the function. Where nothing is traced, or the invocation is not sampled, a span
    does nothing. No method of a span raises, whatever it is given: a value that the backend does not accept, or whose
    type is wrong, is changed or left out.
    """

    __slots__ = ("_kind", "_name", "_options")

    def __init__(self, name: str, kind: Kind, options: Options) -> None:
        self._name = name
        self._kind: Kind = kind
        self._options = options

    @property
    def recording(self) -> bool:
        """True while the span records: it is sampled, has started and has not ended."""
        return False

    def annotate(self, /, **annotations: Annotation) -> None:
        """Add annotations: text, numbers and booleans by which traces can be searched.

        X-Ray accepts names of letters, digits and `_`, text of up to 1,000 characters, and 50 annotations in a trace.
        Other characters in a name become `_`, values of other types become text, and None is left out. See
        <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>.
        """

    def metadata(self, /, **metadata: Any) -> None:
        """Add values of any type, which are shown with the trace. Values of fields with secret names are hidden."""

    def record_error(self, error: BaseException, /) -> None:
        """Mark the span as failed by an exception that you caught; one that leaves the span is recorded anyway."""

    def http(
        self,
        /,
        *,
        method: str | None = None,
        url: str | None = None,
        status: int | None = None,
        length: int | None = None,
    ) -> None:
        """Describe an outgoing request. A status of 400 or above marks the span as failed.

        Args:
            method: the HTTP method.
            url: the URL; user, password, query and fragment are left out.
            status: the status code: 429 marks the span as throttled, other codes below 500 as the caller's error.
            length: the size of the response body, in bytes.
        """

    def aws(self, /, **fields: Any) -> None:
        """Describe a call of AWS: `operation`, `region`, `request_id`, `retries`, `table_name` and so on.

        The names are those of <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>.
        """

    def end(self) -> None:
        """End the span. Whatever is added to it afterwards is ignored."""

    def _activate(self) -> Any:
        """Make this span, or the span that was open inside it, the current one; return `_deactivate`'s argument."""

    def _deactivate(self, before: Any) -> None:
        """Make the span that was current before `_activate` the current one again."""

    def _within(self, name: str) -> Span:
        """Return a new span of the same tracer; it becomes a child of the span that is open when it starts."""
        return self._options.backend().span(name, "local", self._options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
    ) -> None:
        try:
            if error is not None and _is_failure(error):
                self.record_error(error)
        finally:
            self.end()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
    ) -> None:
        self.__exit__(kind, error, traceback)

    def __call__(self, fn: Callable[P, R], /) -> Callable[P, R]:
        """Return the function with a new span of this name around each of its calls."""
        from lambda_kit._kernel import callables

        callables.refuse_handler(fn, f"span({self._name!r})")
        options = self._options
        decorated: Callable[P, R] = options.decorate(fn, self._name, self._kind, options)
        return decorated


hint_names(Span, "add_exception put_annotation put_metadata record_exception set_attribute")


def _is_failure(error: BaseException) -> bool:
    """Tell whether an exception that leaves a span is a failure: a closed generator and a suspension are none."""
    from lambda_kit._kernel.durable import is_suspension

    return not (isinstance(error, GeneratorExit) or is_suspension(error))


class NoTracing:
    """The backend that records nothing."""

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
