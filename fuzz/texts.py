"""Targets: documents, stored records, arguments, expressions, and texts that are shown."""

from __future__ import annotations

import contextlib
import io
import json
import re
import tempfile
import warnings
from pathlib import Path
from typing import Any

from fuzz.kinds import NESTED, SAMPLES, Reader, Target, type_of, value_of
from lambda_kit._kernel import expansion, expressions, redaction, urls
from lambda_kit._kernel.json_text import Encoder
from lambda_kit.errors import ConfigurationError, FlagSchemaError, IdempotencyError, LambdaKitError
from lambda_kit.flags import _explain, _schema
from lambda_kit.idempotency import DynamoDBStore, _codec, _results
from lambda_kit.idempotency._record import Claim, decide
from lambda_kit.local import _arguments, _doctor_template, _events, _prices

_ROOT = Path(__file__).parents[1]
_CONTEXTS: list[dict[str, Any]] = [
    {},
    {"tenant": "acme", "user": "u1", "level": 3, "tags": ["a", None], "at": "2026-01-01T00:00:00Z"},
    {"tenant": None, "user": 5, "level": "x", "tags": "a", "at": float("nan"), "": []},
]


def _flags(data: bytes) -> None:
    try:
        flags = _schema.compile_flags(_schema.parse_json(data))
    except FlagSchemaError as error:
        assert len(error.problems) <= 51
        assert str(error)
        return
    for flag in flags.values():
        for context in _CONTEXTS:
            outcome = flag.decide(context, lambda: 1.7e9)
            json.dumps(outcome.value)
            assert _explain.explain(flag, context, lambda: 1.7e9, outcome)
            if outcome.copy is not None:
                assert outcome.copy() == outcome.value


def _flag_seeds() -> list[bytes]:
    conditions = [
        {"action": "EQUALS", "key": "tenant", "value": "acme"},
        {"action": "KEY_IN_VALUE", "key": "user", "value": ["u1"]},
        {"action": "ANY_IN_VALUE", "key": "tags", "value": ["a"]},
        {"action": "MODULO_RANGE", "key": "level", "value": {"BASE": 10, "START": 1, "END": 5}},
        {"action": "KEY_GREATER_THAN_VALUE", "key": "level", "value": 1},
        {
            "action": "SCHEDULE_BETWEEN_TIME_RANGE",
            "key": "CURRENT_TIME",
            "value": {"START": "22:00", "END": "06:00", "TIMEZONE": "Europe/Berlin"},
        },
        {"any": [{"all": [{"segment": "s"}]}]},
    ]
    document: dict[str, Any] = {"$segments": {"s": {"conditions": [conditions[0]]}}}
    for index, one in enumerate(conditions):
        document[f"f{index}"] = {"default": False, "rules": {"r": {"when_match": True, "conditions": [one]}}}
    document["value"] = {"default": {"a": [1]}, "boolean_type": False, "rules": {}}
    blocks = re.findall(r"```json[^\n]*\n(.*?)```", (_ROOT / "docs/flags.md").read_text("utf-8"), re.DOTALL)
    return [json.dumps(document).encode(), b'{"a": {"enabled": true, "x": 1}}', *(one.encode() for one in blocks)]


def _record(data: bytes) -> None:
    """Read an item of DynamoDB that some other code has written, decide, and read its result."""
    reader = Reader(data)
    store: Any = DynamoDBStore("t")
    result = reader.field()
    item = value_of(reader.rest)
    if type_of(item) is not dict or not all(type_of(one) is dict and one for one in item.values()):
        item = {"id": {"S": "k"}, "status": {"S": "COMPLETED"}, "expiration": {"N": "1800000000"}, "owner": {"S": "o"}}
        item["data"] = {"S": result.decode("utf-8", "replace")}
    try:
        record = store._record("k", item)
        claim = Claim("k", "me", now=1.7e9, lease=5.0, ttl=60.0, payload="p")
        if decide(record, claim) == "replay":
            _, error = _results.read(record, None, (ValueError, OSError, KeyError))
            str(error)
    except IdempotencyError as error:
        assert len(str(error)) < 2_000
    for stored in (result, reader.rest):
        try:
            value = _codec.loads(stored)
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError):
            continue  # `_results.read` makes one error of all of them
        text = _codec.dumps(value)
        assert _codec.dumps(_codec.loads(text)) == text


def _record_seeds() -> list[bytes]:
    tagged = [
        b'{"$type": "decimal", "value": "1.50"}',
        b'{"$type": "datetime", "value": "2026-01-01T00:00:00+00:00"}',
        b'{"$type": "set", "items": [1, "a"]}',
        b'{"$type": "dict", "items": [[1, 2], ["a", {"$type": "tuple", "items": []}]]}',
        b'{"$type": "bytes", "value": "AA=="}',
        b'{"$lambda_kit":"error","value":{"classes":["builtins:ValueError"],"args":["x"],"state":{},"message":"x"}}',
        b'{"$lambda_kit":"too large"}',
        b'{"$lambda_kit":"result","value":5}',
    ]
    values = ({1.5: "a"}, {1, 2}, (1, b"x"), {"a": None})
    item = b'\0{"status": {"S": "COMPLETED"}, "expiration": {"N": "1800000000"}, "data": {"NULL": true}}'
    return [*tagged, *(_codec.dumps(one).encode() for one in values), item, item.replace(b'"N"', b'"S"'), NESTED]


_folder = tempfile.TemporaryDirectory()


def _template(data: bytes) -> None:
    reader = Reader(data)
    path = Path(_folder.name, reader.one_of(("template.json", "template.yaml")))
    path.write_bytes(reader.rest)
    for resource in (None, "Orders"):
        try:
            _doctor_template.read(str(path), "app.handler", resource, ["Stage=prod"])
        except ConfigurationError as error:
            assert len(str(error)) < 3 * len(data) + 2_000


def _template_seeds() -> list[bytes]:
    files = ("examples/shop/template.yaml", "examples/deploy/template.yaml", "examples/deploy/operate.yaml")
    small: dict[str, Any] = {
        "Parameters": {"Stage": {"Type": "String", "Default": "dev"}},
        "Mappings": {"M": {"a": {"b": 5}}},
        "Globals": {"Function": {"Timeout": 5, "Environment": {"Variables": {"A": {"Ref": "Stage"}}}}},
        "Resources": {
            "Orders": {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "Handler": "app.handler",
                    "MemorySize": {"Fn::FindInMap": ["M", "a", "b"]},
                    "Policies": [{"Statement": [{"Effect": "Allow", "Action": "sqs:*"}]}],
                    "FunctionName": {"Fn::Sub": ["${A}-${Stage}", {"A": 1}]},
                    "Events": {"Q": {"Type": "SQS", "Properties": {"Queue": {"Fn::GetAtt": ["Queue", "Arn"]}}}},
                },
            },
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"RedrivePolicy": {"maxReceiveCount": 3}}},
        },
    }
    yaml = [
        b"Resources: &a {Orders: {Type: AWS::Lambda::Function, Properties: {Handler: app.handler, Timeout: !Ref A}}}",
        b"a: &a [x]\nResources: {<<: *a}",
        b"Resources: {Orders: !Sub '${A}', B: !GetAtt a.b, C: !Join ['', [a]], D: 2026-99-99}",
        b"? [a]\n: b\n",
        b"a: !!python/object:os.system {}\n",
        b"a: &a {b: *a}",
        b"a: !!binary x\nb: !!timestamp x\nc: !!int _\nd: !!float .\ne: !!set {a}\nf: 0b_\ng: 1:99:1\n",
    ]
    shared = [b"\1" + (_ROOT / one).read_bytes()[:2_500] for one in files]
    return [b"\0" + json.dumps(small).encode(), *shared, *(b"\1" + one for one in yaml), b'\0{"a":' + NESTED]


def _table(data: bytes) -> None:
    try:
        table = _prices._prices(data.decode("utf-8", "replace"), "prices.json")
        for region in table.regions:
            for architecture in table.architectures(region):
                cost = _prices.cost_of_million(table.rates(region, architecture), 5.0, 128)
                assert cost >= 0
    except ConfigurationError as error:
        assert len(str(error)) < 3 * len(data) + 2_000


def _table_seeds() -> list[bytes]:
    own = json.loads(Path(_prices.__file__).with_name("prices.json").read_text("utf-8"))
    own["regions"] = dict(list(own["regions"].items())[:2])
    text = json.dumps(own)
    return [text.encode(), text.replace("0.", "1e400", 1).encode(), re.sub(r"0\.\d+", "9" * 400, text).encode()]


def _given(data: bytes) -> None:
    arguments = data.decode("utf-8", "surrogateescape").split("\0")
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            _arguments.parse(arguments)
        except (_arguments.UsageError, ConfigurationError) as error:
            assert _arguments.in_options(str(error))
        except SystemExit as end:
            assert end.code in (0, 2)


def _given_seeds() -> list[bytes]:
    lines = [
        "invoke app.handler --event {} --timeout 5 --memory 512 --repeat 3 --env A=B",
        "serve app.handler --port 70000 --no-reload",
        "events sqs",
        "flags check flags.json",
        "flags evaluate flags.json name --context {}",
        "openapi app:app --check a.json --format yaml",
        "doctor app.handler --template t.yaml --parameter A=B --resource X",
        "bench app.handler --memory 128,256 --cold 1 --warm 5 --seconds 1e3 --cold-percent 5 --ephemeral-storage 512",
        "--version",
        "invoke --help",
        "invoke app.handler --timeout nan --memory ² --repeat 99999999999",
        "bench app.handler --cold ٣ --seconds -inf --prices x",
        "invoke -- --x",
    ]
    return [line.replace(" ", "\0").encode() for line in lines]


def _event_file(data: bytes) -> None:
    try:
        _events.parse(data.decode("utf-8", "replace"), "the file event.json")
    except LambdaKitError as error:
        assert len(str(error)) < 3 * len(data) + 2_000
    except _arguments.UsageError:
        pass


_EXPRESSIONS = [
    "order.id",
    "parse_json(body).a",
    "powertools_json(powertools_base64(body)).a[*].b",
    "parse_base64_gzip(body)",
    "parse_json(parse_base64_gzip(awslogs.data)).logEvents[*].message | [0]",
    "[a, {b: c.d}, to_string(e), not_null(f, g)]",
    "a[?b > `5`].{x: x, y: length(@)} | sort_by(@, &x)",
    "sum(a) || max_by(b, &c) || join(',', d)",
]


def _search(data: bytes) -> None:
    """Evaluate expressions on any value, and read any expression."""
    reader = Reader(data)
    expression = reader.one_of([*_EXPRESSIONS, ""])
    if not expression:
        expression = reader.text()
    value = value_of(reader.rest)
    for whole in (False, True):
        try:
            with warnings.catch_warnings(action="ignore"):  # JMESPath warns of old literals
                search = expressions.compiled(expression, "key", whole=whole)
                expressions.roots_of(expression)
        except ConfigurationError:
            continue
        search(value)
        search({"body": value, "awslogs": {"data": value}, "a": value})


def _search_seeds() -> list[bytes]:
    logs = json.dumps(SAMPLES["cloudwatch-logs"]).encode()
    values = [logs, b'{"a": [{"b": 6, "x": 1}], "body": "{}"}', b'"eA=="', b'[["a"]]', b'"' + NESTED + b'"']
    seeds = [bytes((i,)) + value for i in range(len(_EXPRESSIONS)) for value in values]
    more = [
        b"a.b[0].c[*]\0{}",
        b"f(a)\0{}",
        b"a[::0]\0[1]",
        b"((((\0",
        b"`[`\0",
        b"a" + b"[0]" * 200 + b"\0[]",
        b"&a\0{}",
    ]
    return seeds + [bytes((len(_EXPRESSIONS),)) + one for one in more]


def _expand(data: bytes) -> None:
    reader = Reader(data)
    most = reader.one_of((0, 1, 100, 100_000))
    for gzip in (False, True):
        try:
            assert len(expansion.decompress(reader.rest, most, gzip=gzip)) <= most
        except ValueError as error:
            assert len(str(error)) < 200


def _expand_seeds() -> list[bytes]:
    import gzip
    import zlib

    packed = [
        zlib.compress(b"x" * 99_999),
        gzip.compress(b"x", mtime=0) * 3,
        gzip.compress(b"x" * 500, mtime=0) + b"\0\0",
    ]
    return [bytes((i,)) + one for i in range(4) for one in packed]


_hidden = redaction.Redaction((..., "iban", "*_pin"))
_encoder = Encoder((..., "iban"))


def _shown(data: bytes) -> None:
    """Hide what is secret in texts, in names and in log lines."""
    reader = Reader(data)
    before, after, name = reader.text(), reader.text(), reader.text()
    text = f"{before} https://ada:hunter2@db.example:5432/shop {after}"
    assert "hunter2" not in urls.hidden_in_text(text)
    assert "hunter2" not in urls.without_credentials(f"https://ada:hunter2@db.example/{before}")
    for one in (before, after, before + after):
        shown = urls.hidden_in_text(one)
        assert len(shown) <= len(one)
        if "@" not in one:
            assert shown == one
        urls.without_credentials(one)
    hides = _hidden.hides(name)
    assert hides == _hidden.hides(name)
    assert _hidden.hides(f"{name}_password")
    line = _encoder.value({"iban": "hunter2", name: {"db_password": "hunter2", "x": value_of(reader.rest)}})
    assert "hunter2" not in line or b"hunter2" in data
    assert "\n" not in line
    json.loads(line)


def _shown_seeds() -> list[bytes]:
    return [
        b"see redis://:my pass@db and postgres://u:p@ss/w@h:5/x\0http://a@b\0X-Api-Key\0{}",
        b"a://b://c@d e://f:g\0//u:p@h\0passwordHash2\0[1, [NaN]]",
        b"x" * 50 + b"://" * 50 + b"\0@\0JWTToken\0" + NESTED,
        b'\'http://u:"@x\0mailto:a@b\0next_token\0"\\ud800"',
    ]


TARGETS = [
    Target("flags", _flags, _flag_seeds),
    Target("record", _record, _record_seeds),
    Target("template", _template, _template_seeds, hostile=False),  # PyYAML takes seconds for some of them
    Target("prices", _table, _table_seeds),
    Target("arguments", _given, _given_seeds),
    Target("event_file", _event_file, lambda: [json.dumps(one).encode()[:2_000] for one in SAMPLES.values()][:20]),
    Target("expressions", _search, _search_seeds),
    Target("expansion", _expand, _expand_seeds),
    Target("shown", _shown, _shown_seeds),
]
