"""The arguments of `lambda-kit doctor`."""

from __future__ import annotations

import argparse
import re

from lambda_kit.local._values import whole_number

EPILOG = """\
The function is run a dozen times or more, and does each time what it does: point it at services on this machine, or at
resources for tests.

exit status: 0 the report was made, 1 the function failed, or with --strict there is a finding of the level error, 2 the
command cannot be carried out as given

examples:
  lambda-kit doctor app.handler --event order.json
  lambda-kit doctor app.handler --event sqs --template template.yaml --invocations 5M
  lambda-kit doctor app.handler --package build/ --json > doctor.json
"""
_FACTORS = {"": 1, "k": 1e3, "m": 1e6, "b": 1e9}


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `doctor`, without those that say which function it is."""
    parser.set_defaults(timeout=None, memory=None)
    option = parser.add_argument
    option(
        "--event",
        "-e",
        action="append",
        default=[],
        metavar="FILE|-|SAMPLE|JSON",
        help="an event: a file, - for standard input, a sample, or JSON; may be repeated; {} if left out",
    )
    option("--template", metavar="FILE", help="the SAM or CloudFormation template of the function, JSON or YAML")
    option("--resource", metavar="ID", help="the function's logical id there (the one with this handler)")
    option(
        "--parameter",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a parameter of the template; may be repeated",
    )
    option("--package", metavar="FOLDER|ZIP", help="the deployment package (the function's folder)")
    option("--init-type", metavar="TYPE", help="on-demand, provisioned-concurrency or snap-start (on-demand)")
    option("--concurrency", type=whole_number, metavar="N", help="processes of a Managed Instance")
    option("--rounds", type=whole_number, default=5, metavar="N", help="runs that each median is of (5)")
    option("--invocations", type=_count, default=1e6, metavar="N", help="invocations in a month, as in 5M (1M)")
    option("--cold-share", type=_share, default=0.01, metavar="SHARE", help="share of cold starts, as in 2%% (1%%)")
    option("--prices", metavar="FILE", help="another table of prices")
    option("--architecture", choices=("x86_64", "arm64"), help="for the prices (x86_64)")
    option("--strict", action="store_true", help="exit with 1 if a finding has the level error")
    option("--json", action="store_true", help="write the report as one JSON document")


def _count(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([kmb]?)", text.strip().lower())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number such as 250000, 250k or 5M")
    return float(found[1]) * _FACTORS[found[2]]


def _share(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", text.strip())
    value = None if found is None else float(found[1]) / (100 if found[2] else 1)
    if value is None or value > 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share such as 0.02 or 2%")
    return value
