"""The cases of the differential test, from tables: events, results, errors, contexts, and logs in each format."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EVENTS = {
    "object": b'{"a": 1}',
    "array": b"[1, 2]",
    "text": b'"text"',
    "number": b"1",
    "float": b"1.50",
    "exponent": b"1e400",
    "negative-zero": b"-0.0",
    "big-integer": b"9" * 400,
    "huge-integer": b"9" * 5000,
    "null": b"null",
    "true": b"true",
    "empty-object": b"{}",
    "empty-array": b"[]",
    "blanks": b' \t\r\n {"a" : 1 } \n',
    "unicode": '{"ä": "€ 😀"}'.encode(),
    "escapes": b'"\\u00e4\\n\\t\\"\\\\\\/"',
    "surrogate-pair": b'"\\ud83d\\ude00"',
    "half-a-surrogate": b'"\\ud800"',
    "line-separator": '"\u2028"'.encode(),
    "zero-character": b'"\\u0000"',
    "duplicate-key": b'{"a": 1, "a": 2}',
    "nested": b"[" * 200 + b"]" * 200,
    "nested-too-deep": b"[" * 100_000 + b"]" * 100_000,
    "long-text": b'"' + b"x" * 100_000 + b'"',
    "6-MB": b'"' + b"x" * ((6 << 20) - 2) + b'"',
    "6-MB-of-objects": b"[" + b",".join([b'{"id": 1, "name": "some text"}'] * 200_000) + b"]",
    "empty": b"",
    "blank": b"  ",
    "open": b"{",
    "half": b'{"a": ',
    "single-quotes": b"{'a': 1}",
    "trailing-comma": b"[1,]",
    "extra-data": b"{} {}",
    "control-character": b'"\x01"',
    "nan": b"NaN",
    "infinity": b"[Infinity]",
    "byte-order-mark": "\ufeff{}".encode(),
    "not-utf-8": b'"\xff"',
    "utf-16": '{"a": 1}'.encode("utf-16"),
    "bad-escape": b'"\\x"',
    "leading-zero": b"01",
    "word": b"hello",
}
RESULTS = {
    "none": "None",
    "true": "True",
    "integer": "12",
    "big-integer": "10**60",
    "float": "1.5",
    "float-of-a-third": "1/3",
    "large-float": "1e300",
    "nan": "math.nan",
    "infinities": "[math.inf, -math.inf]",
    "negative-zero": "-0.0",
    "text": "'text'",
    "unicode": "'ä€😀'",
    "quotes": "'\"\\\\/\\n\\x00\\x7f'",
    "line-separators": "'\\u2028\\u2029'",
    "surrogate-pair": "'\\ud83d\\ude00'",
    "dict": "{'a': 1, 'ä': {'b': [1, 2.5, None, True, 'x']}}",
    "empty-dict": "{}",
    "empty-list": "[]",
    "tuple": "(1, (2, 3))",
    "keys": "{1: 1, 1.5: 2, True: 3, None: 4, 'a': 5}",
    "key-nan": "{math.nan: 1}",
    "key-bytes": "{b'a': 1}",
    "key-tuple": "{(1, 2): 1}",
    "key-enum": "{Colour.RED: 1}",
    "key-int-enum": "{Size.SMALL: 1}",
    "key-decimal": "{decimal.Decimal('1'): 1}",
    "decimal": "decimal.Decimal('12.50')",
    "decimals": "{'a': [decimal.Decimal('1'), decimal.Decimal('1E+5'), decimal.Decimal('-0.10')]}",
    "decimal-nan": "decimal.Decimal('NaN')",
    "decimal-infinity": "decimal.Decimal('Infinity')",
    "bytes": "b'bytes'",
    "empty-bytes": "b''",
    "bytes-not-utf-8": "b'\\xff\\x00'",
    "bytes-inside": "{'a': b'text', 'b': ['\\u00e4'.encode()]}",
    "bytes-inside-not-utf-8": "[b'\\xff']",
    "bytearray": "bytearray(b'x')",
    "memoryview": "memoryview(b'x')",
    "set": "{1}",
    "frozenset": "[frozenset()]",
    "range": "range(3)",
    "dict-keys": "{'a': 1}.keys()",
    "complex": "1j",
    "ellipsis": "...",
    "object": "object()",
    "class": "Order",
    "function": "fails",
    "coroutine-function": "asyncio.sleep",
    "dataclass": "Order('a')",
    "enum": "Colour.RED",
    "int-enum": "[Size.SMALL, {'a': Size.SMALL}]",
    "subclass-of-str": "Text('a')",
    "subclass-of-float": "Number(1.5)",
    "named-tuple": "Point(1, 2)",
    "named-tuple-inside": "{'at': [Point(1, (2, 3))]}",
    "ordered-dict": "collections.OrderedDict(b=1, a=2)",
    "default-dict": "collections.defaultdict(list, a=[1])",
    "counter": "collections.Counter('aab')",
    "deque": "collections.deque([1])",
    "datetime": "datetime.datetime(2026, 1, 2)",
    "date": "datetime.date(2026, 1, 2)",
    "timedelta": "datetime.timedelta(1)",
    "uuid": "uuid.UUID(int=1)",
    "exception": "ValueError('x')",
    "circular": "circular()",
    "nested": "nested(200)",
    "nested-too-deep": "nested(100_000)",
    "exception-of-a-group": "ExceptionGroup('x', [ValueError()])",
    "100-kB": "['x' * 100] * 1000",
    "5-MB": "'x' * 5_000_000",
}
ERRORS = {
    "plain": "fails()",
    "no-message": "raise ValueError",
    "empty-message": "raise ValueError('')",
    "silent": "raise Silent",
    "several-arguments": "raise ValueError('a', 1)",
    "key-error": "{}['x']",
    "unicode": "raise ValueError('ä€😀')",
    "lines": "raise ValueError('a\\nb\\r\\nc')",
    "tabs": "raise ValueError('a\\tb\\x00')",
    "long-message": "raise ValueError('x' * 20_000)",
    "cause-over-1-MiB": "raise ValueError('x' * 1_100_000)",
    "deep": "fails_deeply(5)",
    "recursion": "fails_deeply(100_000)",
    "another-file": "fails_below()",
    "zero-division": "1 / 0",
    "attribute": "None.x",
    "name": "missing_name",
    "type": "len(1)",
    "import": "import missing_module",
    "syntax": "exec('def')",
    "assertion": "assert False, 'no'",
    "unicode-error": "b'\\xff'.decode()",
    "os-error": "open('/missing/file')",
    "stop-iteration": "raise StopIteration('x')",
    "timeout": "raise TimeoutError('x')",
    "of-a-class": "class Own(Exception): pass\nraise Own('x')",
    "suppressed-context": "try:\n    fails()\nexcept ValueError:\n    raise KeyError('x') from None",
    "notes": "error = ValueError('x')\nerror.add_note('note')\nraise error",
    "warning": "raise UserWarning('x')",
    "not-an-exception": "raise 1",
    "lambda": "(lambda: fails())()",
    "comprehension": "[fails() for _ in range(1)]",
    "generator": "list(fails() for _ in range(1))",
    "unprintable": "raise Unprintable",
}
CHAINED = {
    "cause": "try:\n    fails()\nexcept ValueError as error:\n    raise KeyError('x') from error",
    "context": "try:\n    fails()\nexcept ValueError:\n    raise KeyError('x')",
    "group": "raise ExceptionGroup('several', [ValueError('a'), KeyError('b')])",
}
LIST_OF_CONTEXT = (
    "['aws_request_id', 'log_group_name', 'log_stream_name', 'function_name', 'memory_limit_in_mb', 'function_version',"
    " 'invoked_function_arn', 'tenant_id']"
)
SEEN_OF_CONTEXT = {
    "attributes": f"result = [getattr(context, name) for name in {LIST_OF_CONTEXT}]",
    "repr": "result = repr(context)",
    "vars": "result = repr({name: repr(value) for name, value in vars(context).items()})",
    "identity": "i = context.identity; result = [repr(i), i.cognito_identity_id, i.cognito_identity_pool_id]",
    "client-context": "result = repr(context.client_context)",
    "client": "c = context.client_context; result = c and c.client and [c.client.app_title, repr(c.client)]",
    "w3c": "result = context.w3c()",
    "remaining-time": "left = context.get_remaining_time_in_millis()\nresult = [type(left).__name__, 0 <= left <= 3e4]",
    "trace": "name = '_X_AMZN_TRACE_ID'; result = [os.environ.get(name), os.getenv(name), name in os.environ]",
    "trace-of-a-child": (
        "result = subprocess.run(['/bin/sh', '-c', 'echo $_X_AMZN_TRACE_ID'], capture_output=True, text=True).stdout"
    ),
    "trace-of-a-shell": "os.system('echo \"<$_X_AMZN_TRACE_ID>\"')",
    "own-attribute": "context.own = 1; result = context.own",
}
_W3C = {"traceparent": "00-a-b-01", "tracestate": "a=b", "baggage": 1, "other": "x"}
HEADERS: dict[str, dict[str, str]] = {
    "nothing": {},
    "all": {
        "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1",
        "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:123456789012:function:both",
        "Lambda-Runtime-Aws-Tenant-Id": "tenant",
        "Lambda-Runtime-Client-Context": json.dumps(
            {"custom": {"a": 1}, "env": {"b": 2}, "client": {"app_title": "t", "installation_id": "i"}, "w3c": _W3C}
        ),
        "Lambda-Runtime-Cognito-Identity": json.dumps({"cognitoIdentityId": "id", "cognitoIdentityPoolId": "pool"}),
    },
    "empty-values": {
        "Lambda-Runtime-Client-Context": "{}",
        "Lambda-Runtime-Cognito-Identity": "{}",
    },
    "nulls": {
        "Lambda-Runtime-Client-Context": json.dumps({"client": None, "w3c": None}),
        "Lambda-Runtime-Cognito-Identity": "null",
    },
}
BROKEN_HEADERS = {
    "client-context-no-json": {"Lambda-Runtime-Client-Context": "{"},
    "client-context-list": {"Lambda-Runtime-Client-Context": "[1]"},
    "client-context-text": {"Lambda-Runtime-Client-Context": '"x"'},
    "client-of-a-wrong-type": {"Lambda-Runtime-Client-Context": '{"client": 1}'},
    "identity-no-json": {"Lambda-Runtime-Cognito-Identity": "no"},
    "identity-list": {"Lambda-Runtime-Cognito-Identity": "[]"},
}
LOGS = {
    "print": "print('printed', 1)",
    "print-without-end": "print('a', end='')\nprint('b', 'ä')",
    "write-to-stderr": "sys.stderr.write('to stderr\\n')",
    "print-error": "print('x', file=sys.stderr, flush=True)",
    "debug": "logging.debug('d')",
    "info": "logging.info('i')",
    "warning": "logging.warning('w %s', 1)",
    "error": "logging.error('e ä')",
    "critical": "logging.critical('c')",
    "own-level": "logging.getLogger().log(35, 'between')",
    "child": "logging.getLogger('a.b').warning('child')",
    "exception": "try:\n    fails()\nexcept ValueError:\n    logging.exception('caught')",
    "lines": "logging.warning('a\\nb')",
    "dict": "logging.warning({'a': 1, 'b': datetime.date(2026, 1, 2)})",
    "extra": "logging.warning('x', extra={'order': 1, 'when': datetime.date(2026, 1, 2), 'none': None})",
    "extra-of-a-known-name": "logging.warning('x', extra={'level': 'mine', 'timestamp': 'then'})",
    "stack-info": "logging.warning('x', stack_info=False)",
    "set-level": "logging.getLogger().setLevel('INFO')\nlogging.info('now')\nlogging.getLogger().setLevel('WARNING')",
    "context-log": "context.log('as it is')\nprint()",
    "context-log-number": "context.log(1)\nprint()",
    "wrong-arguments": "logging.raiseExceptions = False\nlogging.warning('%d', 'x')",
    "failure": "fails()",
    "marshal-failure": "result = {1}",
    "trace-of-an-error": "fails_deeply(3)",
    "handlers": "result = [len(logging.getLogger().handlers), logging.getLogger().level]",
    "formatter": (
        "record = logging.makeLogRecord({'msg': 'm', 'aws_request_id': 'r'})\n"
        "print(logging.getLogger().handlers[0].format(record))"
    ),
    "stdout": "result = [hasattr(sys.stdout, name) for name in ('write', 'flush', 'buffer', 'fileno', 'encoding')]",
}
GROUPS: dict[str, dict[str, str]] = {
    "text": {},
    "json": {"AWS_LAMBDA_LOG_FORMAT": "JSON"},
    "text-debug": {"AWS_LAMBDA_LOG_LEVEL": "DEBUG"},
    "text-trace": {"AWS_LAMBDA_LOG_LEVEL": "TRACE", "AWS_LAMBDA_LOG_FORMAT": "Text"},
    "json-info": {"AWS_LAMBDA_LOG_FORMAT": "json", "AWS_LAMBDA_LOG_LEVEL": "INFO"},
    "text-framed": {},
    "text-info-framed": {"AWS_LAMBDA_LOG_LEVEL": "INFO"},
    "json-error-framed": {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "ERROR"},
    "json-warn-framed": {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "WARN"},
    "python-3.11": {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.11"},
    "no-execution-environment": {"AWS_EXECUTION_ENV": ""},
}
QUICK = ("text", "json-warn-framed")


@dataclass(frozen=True)
class Case:
    """One invocation.

    Attributes:
        name: what it is called, unique.
        group: the settings of the process that runs it.
        body: the event.
        headers: further headers of the poll's answer.
        difference: the difference of the two clients that it shows, a key of `differences.DIFFERENCES`; "" for none.
    """

    name: str
    group: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    difference: str = ""


def _code(source: str) -> bytes:
    return json.dumps({"run": source}).encode()


def cases() -> Iterator[Case]:
    """Yield all cases."""
    for name, body in EVENTS.items():
        yield Case(f"event-{name}", "text", body, difference=_EVENTS.get(name, ""))
    for name, value in RESULTS.items():
        for group in ("text", "python-3.11"):
            difference = "" if group != "text" and name == "surrogate-pair" else _RESULTS.get(name, "")
            yield Case(f"result-{name}-{group}", group, _code(f"result = {value}"), difference=difference)
    for name, source in ERRORS.items():
        groups = ("text",) if name == "unprintable" else ("text", "json", "json-warn-framed", "text-framed")
        for group in groups:
            yield Case(f"error-{name}-{group}", group, _code(source), difference=_ERRORS.get(name, ""))
    for name, source in CHAINED.items():
        for group in ("text", "json", "text-framed", "json-warn-framed"):
            yield Case(f"error-{name}-{group}", group, _code(source), difference="causes")
    for given, headers in HEADERS.items():
        for name, source in SEEN_OF_CONTEXT.items():
            yield Case(f"context-{name}-{given}", "text", _code(source), headers)
    for name, headers in BROKEN_HEADERS.items():
        yield Case(f"context-{name}", "text", _code("result = repr(context)"), headers, _CONTEXTS.get(name, ""))
    for group in GROUPS:
        for name, source in LOGS.items():
            headers = HEADERS["all"] if name in ("error", "warning") else {}
            difference = _frames_of_logging(name, group)
            yield Case(f"log-{name}-{group}", group, _code(source), headers, difference)


def _frames_of_logging(name: str, group: str) -> str:
    fails = name == "wrong-arguments" or (name == "formatter" and group.startswith("json"))
    return "frames-of-the-client" if fails else ""


_EVENTS: dict[str, str] = dict.fromkeys(
    (
        "nested-too-deep",
        "open",
        "single-quotes",
        "extra-data",
        "control-character",
        "nan",
        "infinity",
        "bad-escape",
        "leading-zero",
        "trailing-comma",
    ),
    "words-of-the-parser",
)
_RESULTS = {"surrogate-pair": "half-a-surrogate", "nested-too-deep": "words-of-the-encoder"}
_ERRORS = {"unprintable": "unprintable-error"}
_CONTEXTS: dict[str, str] = dict.fromkeys(
    ("client-context-list", "client-context-text", "client-of-a-wrong-type", "identity-list"), "frames-of-the-client"
)
CASES = {case.name: case for case in cases()}
