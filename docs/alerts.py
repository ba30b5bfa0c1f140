"""The table in docs/alerts.md and the manifest for the Prometheus operator, made from rules/ and docs/runbooks/."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
RULES = (ROOT / "rules" / "reconciler.alerts.yaml", ROOT / "rules" / "reconciler.records.yaml")
PAGE = ROOT / "docs" / "alerts.md"
MANIFEST = ROOT / "deploy" / "kubernetes" / "prometheusrule.yaml"

_LINE = "do not edit below this line -->\n"
_HEAD = """\
# Made by `make docs` from rules/; do not edit. For the Prometheus operator; its labels are those that your Prometheus
# selects rules by (`ruleSelector`).
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: reconciler
  labels: {app.kubernetes.io/name: reconciler}
spec:
  groups:
"""


def files() -> dict[Path, str]:
    """What each file that is made from the rules must say. Raises ValueError when docs/alerts.md has lost its mark."""
    written, mark, _ = PAGE.read_text("utf-8").partition(_LINE)
    if not mark:
        raise ValueError(f"docs/alerts.md: no line that ends with {_LINE.strip()!r}; put it before the table")
    return {PAGE: "\n".join([written + mark, *_table(), ""]), MANIFEST: _HEAD + "".join(_groups())}


def alerts() -> list[dict[str, Any]]:
    """All alerts as the rules have them, in their order."""
    content = YAML(typ="safe").load(RULES[0])
    return [rule for group in content["groups"] for rule in group["rules"]]


def meaning(alert: str) -> str:
    """The first sentence of an alert's runbook."""
    text = (ROOT / "docs" / "runbooks" / f"{alert}.md").read_text("utf-8").split("\n\n")[1]
    return " ".join(text.split()).partition(". ")[0].removesuffix(".") + "."


def _table() -> Iterator[str]:
    yield "| alert | severity | after | fires when |"
    yield "|---|---|---|---|"
    for rule in alerts():
        name = rule["alert"]
        link = f"[{name}](runbooks/{name}.md)"
        yield f"| {link} | {rule['labels']['severity']} | {rule.get('for', 'at once')} | {meaning(name)} |"


def _groups() -> Iterator[str]:
    """The groups of all rule files as they are written, comments too, two spaces further in."""
    for path in RULES:
        lines = path.read_text("utf-8").partition("\ngroups:\n")[2].splitlines()
        yield from (f"  {line}\n" if line else "\n" for line in lines)
