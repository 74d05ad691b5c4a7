"""The page of the names of Powertools has each public name, method and argument of the version that is installed."""

from __future__ import annotations

import importlib
import json
import pkgutil
import subprocess
from pathlib import Path

import pytest

import lambda_kit
from lambda_kit._kernel.peer_names import GROUPS, NAMES
from tests import peer_page

ROOT = Path(__file__).parent.parent
PEER = ROOT / ".venvs" / "peer" / "bin" / "python"
# What the peer has: by the owner on the page, methods of a class and arguments of functions.
PROGRAM = """
import inspect, json
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.logging.buffer import LoggerBufferConfig
from aws_lambda_powertools.middleware_factory import lambda_handler_decorator
from aws_lambda_powertools.utilities import batch, feature_flags, idempotency, parameters
from aws_lambda_powertools.utilities.jmespath_utils import extract_data_from_envelope

def methods(cls):
    return {name for name in dir(cls) if name[0] != "_"}

def arguments(*functions):
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    found = [one for f in functions for one in inspect.signature(f).parameters.values() if one.kind not in kinds]
    inner = {"self", "lambda_handler", "method", "function"}
    return {one.name for one in found} - inner

print(json.dumps({owner: sorted(names) for owner, names in {
    "Logger": methods(Logger) | arguments(Logger.__init__),
    "logger.inject_lambda_context": arguments(Logger.inject_lambda_context),
    "LoggerBufferConfig": arguments(LoggerBufferConfig.__init__),
    "Metrics": methods(Metrics) | arguments(Metrics.__init__),
    "metrics.log_metrics": arguments(Metrics.log_metrics),
    "metrics.add_metric": arguments(Metrics.add_metric),
    "Tracer": methods(Tracer) | arguments(Tracer.__init__),
    "tracer.capture_lambda_handler, capture_method": arguments(Tracer.capture_lambda_handler, Tracer.capture_method),
    "get_parameter, get_secret, get_parameters, get_parameters_by_name, get_app_config": arguments(
        parameters.get_parameter, parameters.get_secret, parameters.get_parameters, parameters.get_parameters_by_name,
        parameters.get_app_config),
    "set_parameter": arguments(parameters.set_parameter),
    "FeatureFlags": (
        methods(feature_flags.FeatureFlags) - {"evaluate"} | arguments(feature_flags.FeatureFlags.__init__)),
    "AppConfigStore, AppConfigExtensionStore": arguments(
        feature_flags.AppConfigStore.__init__, feature_flags.AppConfigExtensionStore.__init__),
    "flags.evaluate": arguments(feature_flags.FeatureFlags.evaluate),
    "BatchProcessor": arguments(batch.BatchProcessor.__init__, batch.SqsFifoPartialProcessor.__init__),
    "process_partial_response": arguments(batch.process_partial_response),
    "IdempotencyConfig": arguments(idempotency.IdempotencyConfig.__init__),
    "DynamoDBPersistenceLayer": arguments(idempotency.DynamoDBPersistenceLayer.__init__),
    "@idempotent, @idempotent_function": arguments(idempotency.idempotent_function),
    "lambda_handler_decorator": arguments(lambda_handler_decorator),
    "extract_data_from_envelope": arguments(extract_data_from_envelope),
}.items()}))
"""


@pytest.mark.skipif(not PEER.exists(), reason="Powertools is not installed: make .venvs/peer/.installed")
def test_each_method_and_argument_of_powertools_has_a_row() -> None:
    done = subprocess.run(
        [PEER, "-W", "ignore", "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        env={"AWS_DEFAULT_REGION": "eu-west-1", "POWERTOOLS_TRACE_DISABLED": "true"},
    )
    theirs: dict[str, list[str]] = json.loads(done.stdout)
    assert set(peer_page.MORE) <= set(theirs)
    missing = {owner: sorted(set(names) - set(peer_page.members(owner))) for owner, names in theirs.items()}
    assert {owner: names for owner, names in missing.items() if names} == {}
    kept = {owner: sorted(set(peer_page.MORE[owner]) - set(theirs[owner])) for owner in peer_page.MORE}
    assert {owner: names for owner, names in kept.items() if names} == {}, "names that Powertools no longer has"


def test_each_name_is_in_one_group_alone() -> None:
    assert sum(len(names) for names in GROUPS.values()) == len(NAMES)


def test_each_gap_names_what_says_that_there_is_no_counterpart_and_each_such_name_belongs_to_a_gap() -> None:
    named = {name for names in peer_page.GAPS.values() for name in names}
    assert named <= peer_page.without_counterpart()
    answers = {NAMES[name] for name in named}
    # One name stands for all that have its answer.
    assert {name for name in peer_page.without_counterpart() if NAMES[name] not in answers} == set()


def test_what_the_rows_name_exists() -> None:
    rooms = {one.name for one in pkgutil.iter_modules(lambda_kit.__path__)}
    for owner in peer_page.owners():
        for said in peer_page.members(owner).values():
            for word in said.replace("(", " ").split():
                room, _, name = word.removeprefix("lambda_kit.").strip(".,;:'").partition(".")
                if word.startswith("lambda_kit.") and room in rooms and name:
                    assert hasattr(importlib.import_module(f"lambda_kit.{room}"), name.partition(".")[0]), said
