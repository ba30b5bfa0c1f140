"""Every rule is understood, reads metrics that exist, and fires when it should and only then."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from docs import alerts
from lab.monitoring import promtool
from reconciler.board import RESULTS
from reconciler.metrics.families import FAMILIES
from reconciler.models.health import Health
from reconciler.models.status import State
from reconciler.models.workload import PendingClass
from tests.monitoring.rules import (
    ALERT_RULES,
    ALERTS,
    PROMTOOL_TESTS,
    RECORD_RULES,
    RECORDS,
    Case,
    cases,
    load,
    metrics,
    seconds,
    selected,
)

CASES = list(cases())
KNOWN = {
    family.name + part
    for family in FAMILIES
    for part in (("_bucket", "_sum", "_count") if family.kind == "histogram" else ("",))
}
WORDS = {
    "health": {health.value for health in Health},
    "class": {kind.value for kind in PendingClass},
    "result": set(RESULTS),
    "state": {state.value for state in State},
}
EXPRESSIONS = {name: rule["expr"] for name, rule in (ALERT_RULES | RECORD_RULES).items()}
# It always fires: there is nothing that keeps it from it.
ALWAYS = {"ReconcilerWatchdog"}


def test_promtool_finds_nothing_wrong_with_the_rules() -> None:
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", str(ALERTS), str(RECORDS))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", PROMTOOL_TESTS, ids=lambda path: path.stem)
def test_the_rules_do_what_their_tests_say(path: Path) -> None:
    done = promtool("test", "rules", str(path))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", ALERT_RULES)
def test_each_alert_is_shown_to_fire_to_wait_just_as_long_as_it_says_and_to_end(alert: str) -> None:
    mine = [case for case in CASES if case.alert == alert]
    assert {case.group for case in mine} == {alert}
    assert any(case.fires for case in mine)
    if alert in ALWAYS:
        assert all(case.fires for case in mine)
        return
    first = next(case for case in mine if case.fires)
    assert any(not case.fires and case.at == first.at - case.step for case in mine), "quiet one step before"
    assert any(not case.fires and case.at > first.at for case in mine), "quiet again when all is well"


def test_each_recorded_series_is_tested() -> None:
    tested = {
        name
        for path in PROMTOOL_TESTS
        for group in load(path)["tests"]
        for case in group.get("promql_expr_test", ())
        for name in metrics(case["expr"])
    }
    assert tested == RECORD_RULES.keys()


def longer(rule: str) -> str:
    return re.sub(r"for: (\d+)([mhd])", lambda found: f"for: {int(found[1]) * 2}{found[2]}", rule)


def at_once(rule: str) -> str:
    return re.sub(r"for: \w+", "for: 0m", rule)


def over_the_edge(rule: str) -> str:
    """`> 3` becomes `>= 3`, and so on."""
    return re.sub(r" (>=|[<>]) (?=\d)", lambda found: {">=": " > ", ">": " >= ", "<": " <= "}[found[1]], rule, count=1)


@pytest.mark.parametrize("change", [longer, at_once, over_the_edge])
def test_the_tests_notice_a_change_of_any_rule(change: Callable[[str], str], tmp_path: Path) -> None:
    """Each alert by itself is waited for too long, not at all, and fires on its threshold: its own test must fail."""
    head, *texts = re.split(r"(?=^      - alert: )", ALERTS.read_text("utf-8"), flags=re.MULTILINE)
    changed = [change(text) for text in texts]
    named = [re.match(r" +- alert: (\w+)", text) for text in texts]
    expected = {name[1] for name, old, new in zip(named, texts, changed, strict=True) if name and old != new}
    assert expected
    (tmp_path / "tests").mkdir()
    (tmp_path / ALERTS.name).write_text(head + "".join(changed))
    (tmp_path / RECORDS.name).write_text(RECORDS.read_text("utf-8"))
    copies = [tmp_path / "tests" / path.name for path in PROMTOOL_TESTS if not path.stem.startswith("records")]
    for copy in copies:
        copy.write_text((ALERTS.parent / "tests" / copy.name).read_text("utf-8"))
    done = promtool("test", "rules", *map(str, copies))
    assert set(re.findall(r"name: (\w+),", done.stdout + done.stderr)) == expected


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_a_rule_reads_documented_metrics_only(name: str) -> None:
    assert metrics(EXPRESSIONS[name]) - KNOWN - RECORD_RULES.keys() == set()


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_a_rule_selects_by_labels_and_words_that_exist(name: str) -> None:
    labels = {family.name: set(family.labels) for family in FAMILIES}
    for metric, label, value in selected(EXPRESSIONS[name]):
        assert label in labels[metric], f"{metric} has no label {label}"
        assert value in WORDS[label], f"{label} is never {value}"


def test_the_input_of_the_tests_has_the_labels_that_the_metrics_have() -> None:
    labels = {family.name: set(family.labels) for family in FAMILIES}
    for path in PROMTOOL_TESTS:
        for series in (one["series"] for group in load(path)["tests"] for one in group["input_series"]):
            name, _, rest = series.partition("{")
            assert name in KNOWN, f"{path.name}: {series}"
            found = set(re.findall(r"(\w+)=", rest)) - {"job", "instance", "le"}
            assert found == labels[re.sub(r"_(bucket|sum|count)$", "", name)], f"{path.name}: {series}"


@pytest.mark.parametrize("alert", ALERT_RULES)
def test_an_alert_says_what_people_need(alert: str) -> None:
    rule = ALERT_RULES[alert]
    assert alert.startswith("Reconciler")
    assert rule["labels"].keys() == {"severity"}
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{alert}.md"
    assert seconds(rule.get("for", "0s")) >= (0 if alert in ALWAYS else 60)


def fired(case: Case) -> set[str]:
    return {name for labels in case.fires for name in labels}


@pytest.mark.parametrize("alert", [name for name in ALERT_RULES if name.startswith("ReconcilerService")])
def test_an_alert_about_a_service_names_it_and_outlives_the_daemon_that_tells_it(alert: str) -> None:
    (labels,) = {frozenset(fired(case)) for case in CASES if case.alert == alert and case.fires}
    assert {"job", "service", "target"} <= labels
    assert "instance" not in labels


def test_alerts_that_wait_long_look_back_over_a_restart_of_the_daemon() -> None:
    long = {name: rule for name, rule in ALERT_RULES.items() if seconds(rule.get("for", "0s")) >= 1800}
    assert long
    assert [name for name, rule in long.items() if "last_over_time" not in rule["expr"]] == []


def test_what_is_made_from_the_rules_is_up_to_date_and_the_same() -> None:
    for path, text in alerts.files().items():
        assert path.read_text("utf-8") == text, f"{path}: run `make docs`"
    manifest = load(alerts.MANIFEST)
    assert manifest["spec"]["groups"] == load(ALERTS)["groups"] + load(RECORDS)["groups"]


def test_names_of_groups_are_used_once() -> None:
    content: list[Any] = load(ALERTS)["groups"] + load(RECORDS)["groups"]
    names = [group["name"] for group in content]
    assert len(names) == len(set(names))
