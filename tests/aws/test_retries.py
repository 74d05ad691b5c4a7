"""Retries: the same failures, pauses and budget as the standard mode of the botocore that is installed."""

from __future__ import annotations

import inspect
import threading
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lambda_kit.aws import AwsClient
from lambda_kit.aws import _retries as retries
from lambda_kit.errors import ConfigurationError
from tests.aws.botocores import awsrequest, exceptions, quota, session, standard

SERVICES = {
    "ssm": ("ssm", "PutParameter"),
    "secretsmanager": ("secrets-manager", "PutSecretValue"),
    "appconfigdata": ("appconfigdata", "GetLatestConfiguration"),
    "dynamodb": ("dynamodb", "PutItem"),
    "sqs": ("sqs", "SendMessage"),
}
CODES = [
    *sorted(retries.THROTTLING_CODES),
    "RequestTimeout",
    "RequestTimeoutException",
    "ReplicatedWriteConflictException",
    "ValidationException",
    "AccessDeniedException",
    "InternalServerError",
    "IDPCommunicationError",
    "500",
    "429",
    "",
]
_session = session.get_session()
MODELS = {
    service: _session.get_service_model(service).operation_model(operation)
    for service, (_, operation) in SERVICES.items()
}


class Reply:
    """What botocore's retries look at."""

    def __init__(self, status: int, headers: dict[str, str]) -> None:
        self.status_code = status
        self.headers: Any = awsrequest.HeadersDict(headers)
        self.content = b""


services = st.sampled_from(sorted(SERVICES))
failures = st.one_of(
    st.none(),
    st.tuples(
        st.sampled_from([400, 403, 404, 409, 413, 429, 500, 501, 502, 503, 504, 505]),
        st.sampled_from(CODES),
        st.one_of(st.none(), st.sampled_from(["0", "700", "1500", "90000", "-5", "soon", "1.5", ""])),
    ),
)


def differs(service: str, failure: Any) -> bool:
    """Tell whether botocore leaves a 429 to the declaration of its code, or knows a code of another service."""
    if failure is None:
        return False
    declared = {one.name for one in MODELS[service].error_shapes}
    if failure[1] == "ReplicatedWriteConflictException":
        return service != "dynamodb"
    return failure[0] == 429 and failure[1] in declared - retries.THROTTLING_CODES


def boto_context(service: str, attempt: int, failure: Any) -> Any:
    if failure is None:
        return standard.RetryContext(
            attempt,
            MODELS[service],
            caught_exception=exceptions.ReadTimeoutError(endpoint_url="http://x"),
            request_context={},
        )
    status, code, asked = failure
    return standard.RetryContext(
        attempt,
        MODELS[service],
        {"Error": {"Code": code}},
        Reply(status, {} if asked is None else {"x-amz-retry-after": asked}),
        request_context={},
    )


def kind_of(failure: Any) -> int | None:
    return retries.TRANSIENT if failure is None else retries.kind_of(failure[0], failure[1])


def test_a_connection_that_broke_is_repeated_by_botocore_too() -> None:
    context = standard.RetryContext(
        1, MODELS["ssm"], caught_exception=exceptions.ConnectionClosedError(endpoint_url="http://x"), request_context={}
    )
    assert standard.StandardRetryConditions().is_retryable(context)


@given(service=services, failure=failures, attempt=st.integers(1, 4), most=st.integers(1, 4))
def test_what_is_repeated_is_what_botocore_repeats(service: str, failure: Any, attempt: int, most: int) -> None:
    assume(not differs(service, failure))
    wanted = standard.StandardRetryConditions(most).is_retryable(boto_context(service, attempt, failure))
    kind = kind_of(failure)
    if failure is not None and failure[1] == "ReplicatedWriteConflictException":
        kind = (
            kind if service == "dynamodb" or failure[0] in (429, 500, 502, 503, 504) else None
        )  # declared there alone
    assert (kind is not None and attempt < most) == wanted


@given(
    service=services,
    failure=failures,
    attempt=st.integers(1, 9),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_a_pause_is_as_long_as_botocores(service: str, failure: Any, attempt: int, chance: float) -> None:
    kind = kind_of(failure)
    assume(kind is not None and not differs(service, failure))
    backoff = standard.ExponentialBackoff(
        random=lambda: chance,
        service_name=SERVICES[service][0],
        throttling_detector=standard.ThrottlingErrorDetector(standard.RetryEventAdapter()),
    )
    wanted = backoff.delay_amount(boto_context(service, attempt, failure))
    asked = None if failure is None else failure[2]
    assert retries.pause(service, kind or 0, attempt, chance, asked) == pytest.approx(wanted)


@given(
    calls=st.lists(
        st.tuples(
            st.lists(
                failures.filter(lambda one: kind_of(one) is not None and not differs("dynamodb", one)), max_size=3
            ),
            st.booleans(),
        ),
        max_size=120,
    )
)
def test_the_budget_runs_out_and_fills_up_as_botocores(calls: list[tuple[list[Any], bool]]) -> None:
    theirs = quota.RetryQuota()
    detector = standard.ThrottlingErrorDetector(standard.RetryEventAdapter())
    checker = standard.RetryQuotaChecker(theirs, detector)
    ours = retries.Quota()
    for fails, succeeds in calls:
        request_context: dict[str, Any] = {}
        spent = 0
        stopped = False
        for number, failure in enumerate(fails, 1):
            context = boto_context("dynamodb", number, failure)
            context.request_context = request_context
            kind = kind_of(failure)
            assert kind is not None
            granted = ours.spend(kind)
            assert granted == checker.acquire_retry_quota(context)
            if not granted:
                stopped = True
                break
            spent = kind
        if succeeds and not stopped:
            ours.succeeded(spent)
            checker.release_retry_quota(request_context, Reply(200, {}))
        assert ours.left == theirs.available_capacity


def test_each_code_and_each_status_is_repeated_as_in_botocore() -> None:
    throttled, transient = standard.ThrottledRetryableChecker, standard.TransientRetryableChecker
    assert set(throttled._THROTTLED_ERROR_CODES) == retries.THROTTLING_CODES
    assert {retries.kind_of(400, code) for code in retries.THROTTLING_CODES} == {retries.THROTTLING}
    assert retries.kind_of(400, "ReplicatedWriteConflictException") == retries.TRANSIENT
    for code in set(transient._TRANSIENT_ERROR_CODES) - retries.THROTTLING_CODES:
        assert retries.kind_of(400, code) == retries.TRANSIENT
    for status in range(400, 600):
        assert (retries.kind_of(status, "") == retries.TRANSIENT) == (status in transient._TRANSIENT_STATUS_CODES)


@pytest.mark.parametrize(
    ("service", "kind", "chance", "asked", "seconds"),
    [
        ("ssm", retries.TRANSIENT, 1.0, None, 0.05),
        ("dynamodb", retries.TRANSIENT, 1.0, None, 0.025),
        ("dynamodb", retries.THROTTLING, 1.0, None, 1.0),
        ("ssm", retries.TRANSIENT, 0.0, "700", 0.7),
        ("ssm", retries.TRANSIENT, 1.0, "9" * 18, 5.05),
        ("ssm", retries.TRANSIENT, 1.0, "9" * 19, 0.05),  # no time that a service means
    ],
)
def test_the_first_pause_is_that_of_the_service_or_what_the_reply_asks_for(
    service: str, kind: int, chance: float, asked: str | None, seconds: float
) -> None:
    assert retries.pause(service, kind, 1, chance, asked) == pytest.approx(seconds)


def test_a_client_waits_a_second_for_a_connection_and_five_for_a_reply() -> None:
    options = inspect.signature(AwsClient).parameters
    assert (options["connect_timeout"].default, options["read_timeout"].default) == (1.0, 5.0)


def test_a_429_is_throttling_under_whatever_code() -> None:
    assert retries.kind_of(429, "ParameterNotFound") == retries.THROTTLING


def test_threads_cannot_spend_more_than_there_is() -> None:
    budget = retries.Quota(100)
    start = threading.Barrier(8)
    granted: list[bool] = []

    def spend() -> None:
        start.wait()
        granted.extend([budget.spend(5) for _ in range(10)])

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (sum(granted), budget.left) == (20, 0)


@pytest.mark.parametrize("service", SERVICES)
def test_a_request_is_sent_as_often_as_botocore_sends_it(service: str) -> None:
    client = _session.create_client(service, region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    assert client.meta.config.retries["mode"] == "standard"
    handler = standard.register_retry_handler(client)
    most = handler._retry_policy._retry_checker._max_attempts_checker._max_attempts
    assert retries.attempts_of(service, {}) == most
    assert [retries.attempts_of(service, {"AWS_MAX_ATTEMPTS": text}) for text in ("1", "7")] == [1, 7]


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_a_number_of_attempts_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="AWS_MAX_ATTEMPTS is"):
        retries.attempts_of("ssm", {"AWS_MAX_ATTEMPTS": text})


def test_the_mode_legacy_means_standard_and_adaptive_needs_botocore() -> None:
    assert not retries.is_adaptive({})
    assert not retries.is_adaptive({"AWS_RETRY_MODE": "legacy"})
    assert retries.is_adaptive({"AWS_RETRY_MODE": "adaptive"})
    with pytest.raises(ConfigurationError, match="did you mean 'standard'"):
        retries.is_adaptive({"AWS_RETRY_MODE": "standart"})
