"""The rules against an evaluator that is written from what is documented, with nothing compiled."""

# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false
# What strategies are built of is more than type checkers can follow.

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings, strategies

from lambda_kit.errors import FlagSchemaError
from lambda_kit.flags._schema import compile_flags
from tests.effort import scaled

st: Any = strategies
ZONES = ("UTC", "Europe/Zurich", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia")
CLOCKS = ("00:00", "00:01", "07:59", "08:00", "12:30", "23:59")
DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_MISSING = object()


class Oracle:
    """What a flag is, read from the document for each question."""

    def __init__(self, document: dict[str, Any], context: dict[str, Any], now: float) -> None:
        self._document = document
        self._context = context
        self._now = now

    def evaluate(self, name: str) -> tuple[Any, str | None, str | None]:
        """Return the value, the rule and the variant."""
        flag = self._document[name]
        for rule_name, rule in (flag.get("rules") or {}).items():
            if not all(self._holds(one) for one in rule.get("conditions") or ()):
                continue
            if "rollout" in rule and not self._is_reached(name, rule["rollout"]):
                continue
            if "variants" not in rule:
                return rule["when_match"], rule_name, None
            unit = self._unit(rule["by"])
            if unit is not None:
                one = self._chosen(name, rule["variants"], unit)
                return one["value"], rule_name, one["name"]
        return flag["default"], None, None

    def reason(self, name: str, rule: str | None) -> str:
        """Return how OpenFeature calls the way in which a flag came to be what it is."""
        rules = self._document[name].get("rules") or {}
        if rule is None:
            return "DEFAULT" if rules else "STATIC"
        return "SPLIT" if {"rollout", "variants"} & set(rules[rule]) else "TARGETING_MATCH"

    def _holds(self, condition: dict[str, Any]) -> bool:
        if "any" in condition:
            return any(self._holds(one) for one in condition["any"])
        if "all" in condition:
            return all(self._holds(one) for one in condition["all"])
        if "segment" in condition:
            return all(self._holds(one) for one in self._document["$segments"][condition["segment"]]["conditions"])
        action, value = condition["action"], condition["value"]
        if action.startswith("SCHEDULE"):
            return self._is_time(action, value)
        given = self._context.get(condition["key"], _MISSING)
        if given is _MISSING:
            return False
        try:
            return bool(compare(action, given, value))
        except Exception:
            return False

    def _is_time(self, action: str, value: dict[str, Any]) -> bool:
        local = datetime.fromtimestamp(self._now, ZoneInfo(value.get("TIMEZONE", "UTC")))
        if action.endswith("DAYS_OF_WEEK"):
            return DAYS[local.weekday()] in value["DAYS"]
        if action.endswith("DATETIME_RANGE"):
            zone = local.tzinfo
            start, end = (datetime.fromisoformat(value[name]).replace(tzinfo=zone) for name in ("START", "END"))
            return start.timestamp() <= self._now <= end.timestamp()
        clock = f"{local.hour:02}:{local.minute:02}"
        if value["START"] <= value["END"]:
            return bool(value["START"] <= clock <= value["END"])
        return bool(clock >= value["START"] or clock <= value["END"])

    def _unit(self, key: str) -> str | None:
        given = self._context.get(key)
        if isinstance(given, bool) or not isinstance(given, str | int):
            return None
        return str(given) if isinstance(given, str) or abs(given) < 2**64 else None

    def _is_reached(self, flag: str, rollout: dict[str, Any]) -> bool:
        unit = self._unit(rollout["by"])
        return unit is not None and share("rollout", rollout.get("seed", flag), unit) < rollout["percentage"] / 100

    def _chosen(self, flag: str, variants: list[dict[str, Any]], unit: str) -> dict[str, Any]:
        left = share("variant", flag, unit) * sum(one["weight"] for one in variants)
        for one in variants:
            left -= one["weight"]
            if left < 0:
                return one
        raise AssertionError


def share(purpose: str, seed: str, unit: str) -> float:
    return int(sha256(f"{purpose}\n{seed}\n{unit}".encode()).hexdigest()[:16], 16) / 2**64


def compare(action: str, given: Any, value: Any) -> Any:  # noqa: PLR0911, PLR0912  # the table, as it is documented
    match action:
        case "EQUALS":
            return given == value
        case "NOT_EQUALS":
            return given != value
        case "KEY_GREATER_THAN_VALUE":
            return given > value
        case "KEY_GREATER_THAN_OR_EQUAL_VALUE":
            return given >= value
        case "KEY_LESS_THAN_VALUE":
            return given < value
        case "KEY_LESS_THAN_OR_EQUAL_VALUE":
            return given <= value
        case "STARTSWITH":
            return given.startswith(value)
        case "ENDSWITH":
            return given.endswith(value)
        case "IN" | "KEY_IN_VALUE":
            return given in value
        case "NOT_IN" | "KEY_NOT_IN_VALUE":
            return given not in value
        case "VALUE_IN_KEY":
            return value in given
        case "VALUE_NOT_IN_KEY":
            return value not in given
        case "ALL_IN_VALUE":
            return isinstance(given, list) and all(one in value for one in given)
        case "ANY_IN_VALUE":
            return isinstance(given, list) and any(one in value for one in given)
        case "NONE_IN_VALUE":
            return isinstance(given, list) and not any(one in value for one in given)
        case "MODULO_RANGE":
            return value["START"] <= given % value["BASE"] <= value["END"]
        case _:
            raise AssertionError(action)


TIERS = ["premium", "basic", "pre"]
KEYS = st.sampled_from(["tier", "age", "tags", "user"])
SCALARS = st.sampled_from(["premium", "basic", "", "pre", "ü", 0, 1, 7, 18, -3, 2.5, True, False])
LISTS = st.lists(SCALARS, max_size=4)


def plain_conditions() -> Any:
    one_value = st.sampled_from(
        [
            "EQUALS",
            "NOT_EQUALS",
            "KEY_GREATER_THAN_VALUE",
            "KEY_GREATER_THAN_OR_EQUAL_VALUE",
            "KEY_LESS_THAN_VALUE",
            "KEY_LESS_THAN_OR_EQUAL_VALUE",
            "STARTSWITH",
            "ENDSWITH",
            "VALUE_IN_KEY",
            "VALUE_NOT_IN_KEY",
            "IN",
            "NOT_IN",
        ]
    )
    of_lists = st.sampled_from(
        ["IN", "NOT_IN", "KEY_IN_VALUE", "KEY_NOT_IN_VALUE", "ALL_IN_VALUE", "ANY_IN_VALUE", "NONE_IN_VALUE", "EQUALS"]
    )
    modulo = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(
        lambda ends: {"BASE": 7, "START": min(ends), "END": max(ends)}
    )
    return st.one_of(
        st.fixed_dictionaries({"action": one_value, "key": KEYS, "value": SCALARS}),
        st.fixed_dictionaries({"action": of_lists, "key": KEYS, "value": LISTS}),
        st.fixed_dictionaries({"action": st.just("MODULO_RANGE"), "key": KEYS, "value": modulo}),
    )


def likely_conditions() -> Any:
    """Return conditions about what `LIKELY` contexts have: without them a random context hardly ever matches a rule."""

    def about(key: str, actions: list[str], values: Any) -> Any:
        return st.fixed_dictionaries({"action": st.sampled_from(actions), "key": st.just(key), "value": values})

    comparisons = [f"KEY_{way}_THAN{more}_VALUE" for way in ("GREATER", "LESS") for more in ("", "_OR_EQUAL")]
    tiers = st.sampled_from(TIERS)
    return st.one_of(
        about("tier", ["EQUALS", "NOT_EQUALS", "STARTSWITH", "ENDSWITH"], tiers),
        about("tier", ["IN", "NOT_IN", "KEY_IN_VALUE", "KEY_NOT_IN_VALUE"], st.lists(tiers, min_size=1, max_size=3)),
        about("age", ["EQUALS", "NOT_EQUALS", *comparisons], st.integers(0, 9)),
        about("tags", ["VALUE_IN_KEY", "VALUE_NOT_IN_KEY"], tiers),
        about("tags", ["ALL_IN_VALUE", "ANY_IN_VALUE", "NONE_IN_VALUE"], st.lists(tiers, min_size=1, max_size=3)),
    )


def time_conditions() -> Any:
    clock = st.sampled_from(CLOCKS) | st.times().map(lambda one: f"{one.hour:02}:{one.minute:02}")
    moment = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)).map(lambda one: one.isoformat())  # noqa: DTZ001
    zone = {"TIMEZONE": st.sampled_from(ZONES)}
    kinds = (
        ("SCHEDULE_BETWEEN_TIME_RANGE", "CURRENT_TIME", {"START": clock, "END": clock}),
        ("SCHEDULE_BETWEEN_DATETIME_RANGE", "CURRENT_DATETIME", {"START": moment, "END": moment}),
        (
            "SCHEDULE_BETWEEN_DAYS_OF_WEEK",
            "CURRENT_DAY_OF_WEEK",
            {"DAYS": st.lists(st.sampled_from(DAYS), min_size=1, max_size=3)},
        ),
    )
    return st.one_of(
        st.fixed_dictionaries(
            {
                "action": st.just(action),
                "key": st.just(key),
                "value": st.fixed_dictionaries(parts, optional=zone),
            }
        )
        for action, key, parts in kinds
    )


def conditions(*segments: str) -> Any:
    segment = st.sampled_from([{"segment": name} for name in segments])
    leaves = st.one_of(likely_conditions(), likely_conditions(), plain_conditions(), time_conditions(), segment)
    return st.recursive(
        leaves,
        lambda inner: st.builds(
            lambda kind, members: {kind: members},
            st.sampled_from(["any", "all"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        max_leaves=5,
    )


def rules() -> Any:
    some = st.lists(conditions("grown", "chosen"), min_size=1, max_size=3)
    rollout = st.fixed_dictionaries(
        {"percentage": st.sampled_from([0, 0.5, 10, 50, 99.9, 100]), "by": st.just("user") | KEYS},
        optional={"seed": st.sampled_from(["other", "flag"])},
    )
    variants = st.lists(st.sampled_from([0, 1, 2.5, 7]), min_size=1, max_size=3).filter(any)
    split = variants.map(lambda found: [{"name": f"v{i}", "weight": w, "value": i} for i, w in enumerate(found)])
    return st.one_of(
        st.fixed_dictionaries({"conditions": some, "when_match": SCALARS}, optional={"rollout": rollout}),
        st.fixed_dictionaries({"rollout": rollout, "when_match": SCALARS}),
        st.fixed_dictionaries(
            {"variants": split, "by": st.just("user") | KEYS}, optional={"conditions": some, "rollout": rollout}
        ),
    )


RULES = st.dictionaries(st.sampled_from(["first", "second", "third"]), rules(), min_size=1)
FLAGS = st.fixed_dictionaries(
    {"default": SCALARS, "boolean_type": st.just(False), "rules": st.one_of(RULES, RULES, RULES, st.none())}
)
DOCUMENTS = st.fixed_dictionaries(
    {
        "$segments": st.fixed_dictionaries(
            {
                "grown": st.fixed_dictionaries({"conditions": st.lists(plain_conditions(), min_size=1, max_size=2)}),
                "chosen": st.fixed_dictionaries({"conditions": st.lists(conditions("grown"), min_size=1, max_size=2)}),
            }
        ),
        "flag": FLAGS,
        "other": FLAGS,
    }
)
CONTEXTS = st.dictionaries(KEYS, SCALARS | LISTS | st.none() | st.integers(), max_size=4)
LIKELY = st.fixed_dictionaries(
    {
        "tier": st.sampled_from(TIERS),
        "age": st.integers(0, 9),
        "tags": st.lists(st.sampled_from(TIERS), max_size=3),
        "user": st.integers(0, 50).map(lambda i: f"u-{i}") | st.integers(0, 50),
    }
)
# Also around the hours that come twice, or never, where a clock is changed.
CHANGES = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
]
MOMENTS = st.one_of(
    st.tuples(st.integers(0, 1_000), st.sampled_from(CLOCKS), st.sampled_from(ZONES), st.integers(0, 59)).map(
        lambda found: (
            datetime.fromisoformat(f"2025-01-01T{found[1]}")
            .replace(second=found[3], tzinfo=ZoneInfo(found[2]))
            .timestamp()
            + found[0] * 86_400
        )
    ),
    st.datetimes(datetime(2024, 12, 30), datetime(2027, 1, 2)).map(lambda one: one.replace(tzinfo=UTC).timestamp()),  # noqa: DTZ001
    st.tuples(st.sampled_from(CHANGES), st.integers(-7_300, 7_300)).map(
        lambda found: (found[0] + timedelta(seconds=found[1])).timestamp()
    ),
)


@settings(max_examples=scaled(400))
@given(plain_conditions(), st.one_of(SCALARS, LISTS, st.none(), st.integers(-20, 20)))
def test_a_condition_compares_as_documented(condition: dict[str, Any], given: Any) -> None:
    document = {"flag": {"default": False, "rules": {"r": {"when_match": True, "conditions": [condition]}}}}
    context = {condition["key"]: given}
    outcome = compile_flags(document)["flag"].decide(context, lambda: 0.0)
    assert outcome.value is Oracle(document, context, 0.0).evaluate("flag")[0]


@settings(max_examples=scaled(400))
@given(time_conditions(), MOMENTS)
def test_a_condition_about_the_time_goes_by_the_clocks_of_its_zone(condition: dict[str, Any], now: float) -> None:
    document = {"flag": {"default": False, "rules": {"r": {"when_match": True, "conditions": [condition]}}}}
    outcome = compile_flags(document)["flag"].decide({}, lambda: now)
    assert outcome.value is Oracle(document, {}, now).evaluate("flag")[0]


@settings(max_examples=scaled(200))
@given(DOCUMENTS, st.lists(LIKELY | CONTEXTS, min_size=8, max_size=8), MOMENTS)
def test_a_compiled_flag_is_what_its_document_says(
    document: dict[str, Any], contexts: list[dict[str, Any]], now: float
) -> None:
    flags = compile_flags(document)
    for context, (name, flag) in itertools.product(contexts, flags.items()):
        oracle = Oracle(document, context, now)
        outcome = flag.decide(context, lambda: now)
        value, rule, variant = oracle.evaluate(name)
        assert (outcome.value, type(outcome.value), outcome.rule) == (value, type(value), rule)
        on_or_off = {True: "on", False: "off"}[value] if isinstance(value, bool) else None
        assert outcome.variant == (variant or on_or_off)
        assert outcome.enabled is (value if isinstance(value, bool) else None)
        assert outcome.reason == oracle.reason(name, rule)


@given(
    st.dictionaries(
        st.text(max_size=3),
        st.recursive(
            SCALARS | st.none(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        [
                            "default",
                            "rules",
                            "conditions",
                            "action",
                            "key",
                            "value",
                            "enabled",
                            "any",
                            "rollout",
                            "$segments",
                            "segment",
                        ]
                    ),
                    inner,
                    max_size=3,
                )
            ),
            max_leaves=12,
        ),
        max_size=3,
    )
)
@example({"a": {"default": True, "rules": {"r": {"when_match": True, "conditions": [{"any": [{"all": [{}]}]}]}}}})
def test_any_document_is_compiled_or_told_what_is_wrong(document: dict[str, Any]) -> None:
    try:
        flags = compile_flags(document)
    except FlagSchemaError as error:
        told = error.problems
    else:
        told = []
        for flag in flags.values():
            flag.decide({"tier": 5}, lambda: 0.0)
    assert all(path.startswith("$") and problem for path, problem in told)
