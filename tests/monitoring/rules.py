"""The rules and their promtool tests, as they are in rules/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "rules" / "reconciler.alerts.yaml"
RECORDS = ROOT / "rules" / "reconciler.records.yaml"
PROMTOOL_TESTS = sorted((ROOT / "rules" / "tests").glob("*.yaml"))

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def load(path: Path) -> Any:
    """The content of a YAML file."""
    return YAML(typ="safe").load(path)


def rules(path: Path) -> list[dict[str, Any]]:
    """All rules of a file."""
    return [rule for group in load(path)["groups"] for rule in group["rules"]]


ALERT_RULES: dict[str, dict[str, Any]] = {rule["alert"]: rule for rule in rules(ALERTS)}
RECORD_RULES: dict[str, dict[str, Any]] = {rule["record"]: rule for rule in rules(RECORDS)}


def seconds(text: str) -> int:
    """A duration of Prometheus, such as `1h30m`."""
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([smhd])", text))


@dataclass(frozen=True)
class Case:
    """What promtool is to find at one moment: the labels of the alerts that fire."""

    group: str
    alert: str
    at: timedelta
    step: timedelta
    fires: tuple[dict[str, str], ...]


def cases() -> Iterator[Case]:
    """All of them, of all files."""
    for path in PROMTOOL_TESTS:
        content = load(path)
        step = timedelta(seconds=seconds(content["evaluation_interval"]))
        for group in content["tests"]:
            for case in group.get("alert_rule_test", ()):
                fires = tuple(one["exp_labels"] for one in case["exp_alerts"])
                at = timedelta(seconds=seconds(case["eval_time"]))
                yield Case(group["name"], case["alertname"], at, step, fires)


def metrics(expression: str) -> set[str]:
    """The metrics of ours that an expression reads, recorded ones too."""
    bare = re.sub(r'"[^"]*"', "", expression)
    return {name for name in re.findall(r"[a-zA-Z_:][\w:]*", bare) if "reconciler_" in name}


def selected(expression: str) -> Iterator[tuple[str, str, str]]:
    """(metric, label, value) of everything that an expression selects by a value, alternatives one by one."""
    for metric, matchers in re.findall(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}", expression):
        for label, values in re.findall(r'(\w+)=~?"([^"]*)"', matchers):
            for value in values.split("|"):
                yield metric, label, value
