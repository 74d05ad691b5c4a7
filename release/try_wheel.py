"""Try the wheel in dist/ as users install it: without extras, and with each extra alone, on several Pythons.

    python -m release.try_wheel PYTHON...

Each environment is new, the sources are not on its path, and a short program uses what the extra is for. A program for
`none` also checks that nothing but jmespath came along.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from release._tools import ROOT, UV, run, version

_HANDLER = """
from lambda_kit import Logger, Metrics, Tracer, handler
from lambda_kit.testing import invoke
"""

# For each extra a program that fails if the extra does not bring what it is for.
PROGRAMS = {
    "none": _HANDLER
    + """
from importlib.metadata import distributions
log, tracer, metrics = Logger(), Tracer(), Metrics(namespace="Shop")
@handler(log, tracer, metrics)
def run(event, context):
    log.info("hello"); metrics.add("Orders", 1)
    return event["id"]
result = invoke(run, {"id": 7})
assert (result.value, result.logs[0]["message"]) == (7, "hello"), result
names = {one.metadata["Name"] for one in distributions()} - {"pip", "setuptools", "wheel"}
assert names == {"lambda-kit-sdk", "jmespath"}, names
""",
    "aws": "from lambda_kit.idempotency import DynamoDBStore; import boto3\n"
    "DynamoDBStore('t', client=boto3.client('dynamodb', region_name='eu-west-1'))",
    "pydantic": _HANDLER
    + """
import pydantic
from lambda_kit.events import parse
class Order(pydantic.BaseModel):
    id: int
@handler(parse(Order))
def run(order, context): return order.id
assert invoke(run, {"id": "7"}).value == 7
""",
    "xray": "from lambda_kit import Tracer, handler; from aws_xray_sdk.core import xray_recorder\n"
    "assert handler(Tracer(backend='xray-sdk'))(lambda event, context: event)(1, None) == 1",
    "otel": "from lambda_kit import Tracer, handler\n"
    "assert handler(Tracer(backend='otel'))(lambda event, context: event)(1, None) == 1",
    "durable": """
from aws_durable_execution_sdk_python import durable_execution
from lambda_kit import handler
from lambda_kit.testing import invoke
@durable_execution
@handler
def run(event, context): return context.step(lambda _: 7)
assert invoke(run, {}).value == 7
""",
    "redis": "from lambda_kit.idempotency import RedisStore; import redis; RedisStore(redis.Redis())",
    "fast": "from lambda_kit import Logger, handler; log = Logger(fast=True)\n"
    "assert handler(log)(lambda event, context: log.info('x', at=event) or 1)({'a': 1}, None) == 1",
    "openfeature": "import lambda_kit.flags.openfeature",
    "msgspec": _HANDLER
    + """
import msgspec
from lambda_kit.events import parse
class Order(msgspec.Struct):
    id: int
@handler(parse(Order))
def run(order, context): return order.id
assert invoke(run, {"id": 7}).value == 7
""",
    "jsonschema": _HANDLER
    + """
from lambda_kit.events import validated
@handler(validated(inbound={"type": "object", "required": ["id"]}))
def run(event, context): return event["id"]
assert invoke(run, {"id": 7}).value == 7
assert invoke(run, {}).error is not None
""",
    "jwt": "import jwt; from lambda_kit.http import Bearer; "
    "Bearer('https://id.example/keys', issuer='https://id.example', audience='shop', algorithms=['RS256'])",
    "multipart": """
from typing import Annotated
from lambda_kit.http import File, HttpApp, UploadFile
app = HttpApp()
@app.post("/")
def save(file: Annotated[UploadFile, File()]) -> int: return len(file.data)
answer = app.test_client().post("/", files={"file": ("a.txt", b"12345", "text/plain")})
assert answer.json() == 5, answer
""",
    "compression": """
from lambda_kit.http import HttpApp
app = HttpApp(compress=True)
@app.get("/")
def text() -> str: return "a" * 5000
for coding in ("br", "zstd"):
    answer = app.test_client().get("/", headers={"accept-encoding": coding})
    assert answer.headers["content-encoding"] == coding, answer.headers
""",
    "yaml": "import yaml",
    "local": "import subprocess, sys; open('app.py', 'w').write('def run(event, context): return 7'); "
    "done = subprocess.run([sys.executable, '-m', 'lambda_kit', 'invoke', 'app.run', '--event', '{}'], "
    "capture_output=True, text=True); assert done.returncode == 0 and '7' in done.stdout, done",
    "testing": "import subprocess, sys; open('test_a.py', 'w').write("
    "'def test_it(lambda_context): assert lambda_context.aws_request_id'); "
    "done = subprocess.run([sys.executable, '-m', 'pytest', '-q', 'test_a.py'], capture_output=True, text=True); "
    "assert done.returncode == 0, done.stdout",
    "charts": "import PIL",
    "all": "import lambda_kit.http, lambda_kit.flags.openfeature, boto3, pydantic, orjson, redis",
}


def attempt(python: str, extra: str, wheel: Path) -> str:
    """Return an empty text if the program of an extra works in a new environment, and what it printed otherwise."""
    with tempfile.TemporaryDirectory() as made:
        environment = Path(made) / "venv"
        run(UV, "venv", "--quiet", "--no-python-downloads", "--python", python, environment)
        wanted = str(wheel) if extra == "none" else f"lambda-kit-sdk[{extra}] @ {wheel.as_uri()}"
        run(UV, "pip", "install", "--quiet", "--python", environment / "bin" / "python", wanted)
        done = subprocess.run(
            [environment / "bin" / "python", "-W", "error", "-c", PROGRAMS[extra]],
            cwd=made,
            env={"PATH": "/usr/bin:/bin", "HOME": made, "AWS_DEFAULT_REGION": "eu-west-1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return "" if done.returncode == 0 else done.stdout or f"ended with {done.returncode}"


def main(pythons: list[str]) -> int:
    """Try all extras on each Python; print a line for each."""
    wheels = sorted((ROOT / "dist").glob(f"*-{version()}-*.whl"))
    if not wheels or not pythons:
        sys.stderr.write("usage: python -m release.try_wheel PYTHON..., after `make dist`\n")
        return 1
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    if missing := set(extras) - set(PROGRAMS) - {"parser"}:
        sys.stderr.write(f"these extras have no program here: {', '.join(sorted(missing))}\n")
        return 1
    failed = 0
    for python in pythons:
        for extra in PROGRAMS:
            output = attempt(python, extra, wheels[0])
            print(f"{python:<28} {extra:<12} {'failed' if output else 'works'}", flush=True)
            if output:
                failed += 1
                print(output)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
