"""Evaluations: of resources for AWS Config, and of custom metrics for alarms and graphs of CloudWatch.

- <https://docs.aws.amazon.com/config/latest/developerguide/evaluate-config_develop-rules_lambda-functions.html>
- Lengths of an evaluation: <https://docs.aws.amazon.com/config/latest/APIReference/API_Evaluation.html>
- <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_MultiDataSources-Connect-Custom.html>

The role of a rule's function needs `config:PutEvaluations`. A data source of CloudWatch reads the return value.
"""

from __future__ import annotations

from lambda_kit._kernel import callables, type_of
from lambda_kit.errors import AnswerError, EventError
from lambda_kit.events._answers import check_choice, check_dict, check_list, check_text, raw_of, text_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, Literal

    Compliance = Literal["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"]

_COMPLIANCES = ("COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE")
_AT_ONCE = 100  # evaluations in one call
_LONGEST_ANNOTATION = 256  # characters


class Evaluation:
    """The result of a rule for one resource: it complies, or not, or the rule does not apply.

    Args:
        compliance: `"COMPLIANT"`, `"NON_COMPLIANT"` or `"NOT_APPLICABLE"`.
        resource_type: the type of the resource, such as `"AWS::EC2::Instance"`.
        resource_id: the id of the resource.
        at: the time that the evaluation is about, as Config gives it in ISO 8601.
        annotation: the reason, for people; cut after 256 characters. Default nothing.

    Raises:
        AnswerError: a value is not one that Config takes.
    """

    __slots__ = ("_params",)

    def __init__(
        self, compliance: Compliance, resource_type: str, resource_id: str, at: str, annotation: str | None = None
    ) -> None:
        self._params: dict[str, Any] = {
            "ComplianceResourceType": check_text(resource_type, "Evaluation: resource_type", 256),
            "ComplianceResourceId": check_text(resource_id, "Evaluation: resource_id", 768),
            "ComplianceType": check_choice(compliance, "Evaluation: compliance", _COMPLIANCES),
            "OrderingTimestamp": _seconds(at),
        }
        if annotation is not None and type_of(annotation) is not str:
            raise AnswerError(f"Evaluation: annotation is of type {type_of(annotation).__name__}; pass text")
        if annotation:
            self._params["Annotation"] = annotation[:_LONGEST_ANNOTATION]

    def __repr__(self) -> str:
        return f"<Evaluation {self._params['ComplianceResourceId']} {self._params['ComplianceType']}>"


def evaluate(event: Any, compliance: Compliance, annotation: str | None = None) -> Evaluation:
    """Return the evaluation of the resource in the event of a rule: its item, or the summary of an oversized one.

    A resource that was deleted, or is out of the scope of the rule, is `"NOT_APPLICABLE"`, whatever is passed: Config
    asks for it.

    Args:
        event: the event of a rule that is triggered by changes.
        compliance: `"COMPLIANT"`, `"NON_COMPLIANT"` or `"NOT_APPLICABLE"`.
        annotation: the reason, for people; cut after 256 characters. Default nothing.

    Raises:
        AnswerError: there is no such compliance.
        EventError: the event has no resource. That of a periodic rule has none; make an `Evaluation` of each.
    """
    raw = raw_of(event, "evaluate")
    invoking = _invoking_event(raw)
    item: Any = invoking.get("configurationItem") or invoking.get("configurationItemSummary")
    if type_of(item) is not dict:
        raise EventError("evaluate: the event has no resource; for a periodic rule make an Evaluation of each one")
    check_choice(compliance, "evaluate: compliance", _COMPLIANCES)
    status: Any = item.get("configurationItemStatus")
    if raw.get("eventLeftScope") is True or status in ("ResourceDeleted", "ResourceDeletedNotRecorded"):
        compliance = "NOT_APPLICABLE"
    names = ("resourceType", "resourceId", "configurationItemCaptureTime")
    resource_type, resource_id, at = (text_at(item, "evaluate", name) for name in names)
    return Evaluation(compliance, resource_type, resource_id, at, annotation)


def put_evaluations(event: Any, evaluations: Iterable[Evaluation], *, client: Any = None) -> None:
    """Send evaluations to Config, a hundred in each call.

    Args:
        event: the event of the rule.
        evaluations: the evaluations. None of them means that nothing is in the scope of the rule.
        client: a boto3 client of Config; default the lean client.

    Raises:
        AnswerError: Config refused some of the evaluations.
        EventError: the event is not one of a rule.
        AwsError: a call failed.
    """
    from lambda_kit.aws import connect

    token = text_at(raw_of(event, "put_evaluations"), "put_evaluations", "resultToken")
    found = check_list(evaluations, "put_evaluations: evaluations")
    for one in found:
        if type_of(one) is not Evaluation:
            raise AnswerError(
                f"put_evaluations: an evaluation is of type {type_of(one).__name__}; pass what evaluate(...) or "
                "Evaluation(...) returns"
            )
    pending = [one._params for one in found]
    caller = connect("config", client)
    refused: list[Any] = []
    for start in range(0, max(len(pending), 1), _AT_ONCE):
        params = {"Evaluations": pending[start : start + _AT_ONCE], "ResultToken": token}
        refused += caller.call("PutEvaluations", params).get("FailedEvaluations", [])
    if refused:
        names = ", ".join(str(one.get("ComplianceResourceId")) for one in refused[:10])
        raise AnswerError(f"Config refused {len(refused)} of {len(pending)} evaluations: {names}")


def metric_data(
    event: Any, series: Mapping[str, Sequence[tuple[float, float]]], *, partial: bool = False
) -> dict[str, Any]:
    """Return the values of metrics to CloudWatch, for a graph or an alarm over a custom data source.

    CloudWatch drops a value whose time is not the start of a period of the request, without a word, so that such a time
    is an error here. Values before `StartTime` and from `EndTime` on are dropped too, which does no harm.

    Args:
        event: the event `GetMetricData` of the data source.
        series: for each label the values, as pairs of a time in seconds since the epoch and a number.
        partial: True if not all values of the time range are there. Default False.

    Raises:
        AnswerError: a value is no number, or a time is not the start of a period.
        EventError: the event is not one of a data source.
    """
    _check_kind(event, "metric_data", "GetMetricData")
    start, period = _periods(raw_of(event, "metric_data"))
    results: list[dict[str, Any]] = []
    for label, pairs in check_dict(series, "metric_data: series").items():
        if not all(
            type_of(one) in (tuple, list) and len(one) == 2 for one in check_list(pairs, f"metric_data: {label!r}")
        ):
            raise AnswerError(f"metric_data: {label!r} is no list of pairs of a time and a number")
        for at, value in pairs:
            if not callables.is_number(at) or not callables.is_number(value):
                raise AnswerError(f"metric_data: {label!r} has a time or a value that is no number")
            if period and (at - start) % period:
                raise AnswerError(
                    f"metric_data: {label!r} has a value at {at}, which is not the start of a period: {period} seconds "
                    f"each, from {start} on; CloudWatch would drop it"
                )
        ordered = sorted(pairs)
        results.append(
            {
                "StatusCode": "PartialData" if partial else "Complete",
                "Label": label,
                "Timestamps": [at for at, _ in ordered],
                "Values": [value for _, value in ordered],
            }
        )
    return {"MetricDataResults": results}


def metric_error(message: str, *, code: str = "Validation") -> dict[str, Any]:
    """Return an error to CloudWatch, which shows it to the user of the data source.

    Args:
        message: the reason, for people.
        code: the kind of the error: `"Validation"`, the default, for wrong arguments; `"Forbidden"`; any other for an
            internal error.

    Raises:
        AnswerError: the message is empty.
    """
    return {"Error": {"Code": check_text(code, "metric_error: code"), "Value": _filled(message)}}


def metric_description(event: Any, description: str, defaults: Sequence[str | float] = ()) -> dict[str, Any]:
    """Return the description of a data source to CloudWatch.

    Args:
        event: the event `DescribeGetMetricData` of the data source.
        description: what it is and which arguments it takes, in Markdown.
        defaults: the default of each argument, text or numbers; default none.

    Raises:
        AnswerError: the description is empty, or a default is neither text nor a number.
        EventError: the event is not one of a data source.
    """
    _check_kind(event, "metric_description", "DescribeGetMetricData")
    for one in check_list(defaults, "metric_description: defaults"):
        if type_of(one) is not str and not callables.is_number(one):
            raise AnswerError(f"metric_description: a default is of type {type_of(one).__name__}; pass text or numbers")
    return {"Description": _filled(description), "ArgumentDefaults": [{"Value": one} for one in defaults]}


def _periods(raw: dict[str, Any]) -> tuple[float, float]:
    """Return the start and the length of the periods in the request; zeros if it has none."""
    request: Any = raw.get("GetMetricDataRequest")
    found: Any = request if type_of(request) is dict else {}
    start, period = found.get("StartTime"), found.get("Period")
    return (start, period) if callables.is_number(start) and callables.is_number(period) and period > 0 else (0, 0)


def _filled(text: Any) -> str:
    if type_of(text) is not str or not text:
        raise AnswerError("the text for CloudWatch is empty or no text")
    filled: str = text
    return filled


def _check_kind(event: Any, what: str, kind: str) -> None:
    found = text_at(raw_of(event, what), what, "EventType")
    if found != kind:
        raise EventError(f"{what} answers {kind}, and the event is {found!r}")


def _invoking_event(raw: dict[str, Any]) -> dict[str, Any]:
    import json

    try:
        found: Any = json.loads(text_at(raw, "evaluate", "invokingEvent"))
    except (ValueError, RecursionError) as error:
        if isinstance(error, EventError):
            raise
        found = None
    if type_of(found) is not dict:
        raise EventError("evaluate: 'invokingEvent' of the event is no JSON object")
    return found  # type: ignore[no-any-return]


def _seconds(at: str) -> float:
    from datetime import datetime

    try:
        return datetime.fromisoformat(at).timestamp()
    except (TypeError, ValueError):
        raise AnswerError(f"Evaluation: at is {at!r}; pass a time in ISO 8601, such as that of the item") from None
