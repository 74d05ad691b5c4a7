"""The trace header `Root=…;Parent=…;Sampled=1`, which Lambda puts into the environment, and W3C's `traceparent`.

See <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader> and
<https://www.w3.org/TR/trace-context/>.
"""

from __future__ import annotations

import os

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.invocation import Invocation

VARIABLE = "_X_AMZN_TRACE_ID"
HEADER = "X-Amzn-Trace-Id"
_bytes_of_hex = bytes.fromhex
_OWN = ("Root", "Parent", "Sampled", "Self")  # a load balancer adds Self for itself


class Root:
    """The parent of an invocation's outermost span: the function's own segment, which Lambda sends.

    Attributes:
        trace_id: the id of the trace, in X-Ray's form.
        parent_id: the id of the function's segment.
        sampled: whether the trace is recorded.
        others: the other fields of the header, such as `;Lineage=…`, by which Lambda detects recursive calls.
    """

    __slots__ = ("others", "parent_id", "sampled", "trace_id")

    def __init__(self, trace_id: str, parent_id: str, *, sampled: bool, others: str = "") -> None:
        self.trace_id = trace_id
        self.parent_id = parent_id
        self.sampled = sampled
        self.others = others

    def is_in_environment(self) -> bool:
        """Tell whether the environment variable still names this root: whether its invocation is still running."""
        now = root_of_environment()
        return now is self or (now is not None and (now.trace_id, now.parent_id) == (self.trace_id, self.parent_id))

    def header(self, parent_id: str) -> str:
        """Return the value of `X-Amzn-Trace-Id` for a request of the span with this id."""
        return f"Root={self.trace_id};Parent={parent_id};Sampled={int(self.sampled)}{self.others}"

    def traceparent(self, parent_id: str) -> str:
        """Return the value of `traceparent` for a request of the span with this id."""
        return f"00-{self.trace_id[2:10]}{self.trace_id[11:]}-{parent_id}-{int(self.sampled):02x}".lower()


_last: tuple[str, Root | None] = ("", None)


def root_of_environment(invocation: Invocation | None = None) -> Root | None:
    """Return the root in Lambda's environment variable; None if it is missing or malformed.

    Args:
        invocation: the running invocation, which has perhaps read the environment already.
    """
    global _last
    text = os.environ.get(VARIABLE, "") if invocation is None else invocation._trace_header()
    if not text:
        return None
    known, root = _last  # read once: another thread may replace it
    if known == text:
        return root
    root = parse(text)
    _last = text, root
    return root


def sampled_root(invocation: Invocation | None) -> Root | None:
    """Return the root in the environment if the invocation is sampled; an unsampled header is not even parsed.

    Args:
        invocation: the running invocation, which has perhaps read the environment already.
    """
    global _last
    text = os.environ.get(VARIABLE, "") if invocation is None else invocation._trace_header()
    if "Sampled=1" not in text:
        return None
    known, root = _last
    if known == text:
        return root
    root = parse(text)
    _last = text, root
    return root


def parse(text: str) -> Root | None:
    """Return the root that a header describes; None if the trace, the parent or the sampling decision is missing."""
    # The usual form, with few operations: in a warm invocation each of them costs far more than in a loop, and a slice
    # costs three times what `startswith` does.
    usual = text.startswith("Root=1-") and text.startswith(";Parent=", 40) and text.startswith(";Sampled=1", 64)
    if usual and text[15] == "-":
        trace_id, parent_id, others = text[5:40], text[48:64], text[74:]
        # A third hyphen is no digit.
        digits = f"{trace_id.replace('-', '0', 2)}0{parent_id}"
        if _is_hex(digits, 52) and (not others or _is_lineage(others)):
            return Root(trace_id, parent_id, sampled=True, others=others and _safe(others))
    parts = dict(part.strip().split("=", 1) for part in text.split(";") if "=" in part)
    trace_id, parent_id, sampled = (parts.get(name, "") for name in ("Root", "Parent", "Sampled"))
    if sampled not in ("0", "1") or not _is_trace_id(trace_id) or not _is_hex(parent_id, 16):
        return None
    others = "".join([f";{name}={value}" for name, value in parts.items() if name not in _OWN])
    return Root(trace_id, parent_id, sampled=sampled == "1", others=_safe(others))


def _is_lineage(others: str) -> bool:
    return others.startswith(";Lineage=") and others.count(";") == others.count("=") == 1


def _safe(others: str) -> str:
    """Return the fields if they may stand in an HTTP header, else `""`."""
    return others if others.isascii() and others.isprintable() and " " not in others else ""


def _is_trace_id(text: str) -> bool:
    return len(text) == 35 and text.startswith("1-") and text[10] == "-" and _is_hex(text[2:10] + text[11:], 32)


def _is_hex(text: str, length: int) -> bool:
    """Tell whether a text is an even number of hexadecimal digits. `str.strip` takes twenty times as long."""
    try:
        return len(text) == length == 2 * len(_bytes_of_hex(text))  # it ignores spaces
    except ValueError:
        return False


def parse_traceparent(text: Any) -> Root | None:
    """Return the root that a `traceparent` describes; None if it is malformed.

    See <https://www.w3.org/TR/trace-context/#traceparent-header>.
    """
    if not isinstance(text, str):
        return None
    text = text.strip()
    if text[:55] != text[:55].lower():  # W3C forbids upper case, X-Ray does not
        return None
    version, _, rest = text.partition("-")
    trace, _, rest = rest.partition("-")
    parent, _, rest = rest.partition("-")
    flags, more, _ = rest.partition("-")
    known = version != "ff" and not (more and version == "00")
    if not known or not all(map(_is_hex, (version, trace, parent, flags), (2, 32, 16, 2))):
        return None
    if not trace.strip("0") or not parent.strip("0"):
        return None
    return Root(f"1-{trace[:8]}-{trace[8:]}", parent, sampled=bool(int(flags, 16) & 1))


def incoming_w3c(invocation: Any) -> dict[str, str]:
    """Return the caller's `traceparent`, `tracestate` and `baggage`, from the runtime's context or an HTTP event."""
    try:
        return _incoming_w3c(invocation)
    except Exception as error:  # of a context or an event that is not the runtime's own
        from lambda_kit.tracer._guard import report

        report("the caller's traceparent", error)
        return {}


def _incoming_w3c(invocation: Any) -> dict[str, str]:
    context = invocation.context
    w3c = getattr(context, "w3c", None)
    found: Any = w3c() if callable(w3c) else None
    if type_of(found) is not dict or not found.get("traceparent"):
        event = invocation.event
        found = event.get("headers") if type_of(event) is dict else None
    if type_of(found) is not dict:
        return {}
    lower = {str(name).lower(): value for name, value in found.items()}
    if parse_traceparent(lower.get("traceparent")) is None:
        return {}
    return {name: lower[name] for name in ("traceparent", "tracestate", "baggage") if isinstance(lower.get(name), str)}
