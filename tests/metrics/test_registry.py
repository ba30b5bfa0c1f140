"""The table of all families, docs/metrics.md and the page say the same."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lab import host
from reconciler.metrics import Exporter, Form
from reconciler.metrics.families import FAMILIES
from tests.metrics.sample import NOW, full

PAGE = (Path(__file__).parents[2] / "docs/metrics.md").read_text("utf-8")
KNOWN = {family.name: family for family in FAMILIES}


@pytest.fixture(scope="module")
def text() -> str:
    return Exporter(full(), lambda: NOW).page().decode()


def test_each_family_is_in_the_docs_with_its_type_labels_and_bound_and_nothing_else() -> None:
    rows = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if re.match(r"\| `(reconciler|process)_", line)]
    assert [row[0].strip("`") for row in rows] == list(dict.fromkeys(row[0].strip("`") for row in rows))
    shown = {row[0].strip("`"): row[1:] for row in rows}
    assert shown.keys() == KNOWN.keys()
    for name, (kind, labels, words, bound) in shown.items():
        family = KNOWN[name]
        assert re.findall(r"`([^`]+)`", labels) == list(family.labels)
        assert (kind, words, bound) == (family.kind, family.help, family.bound)


def test_the_page_of_a_full_board_has_each_family_with_a_sample_and_no_other(text: str) -> None:
    heads = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
    assert sorted(heads) == sorted((family.name, family.kind) for family in FAMILIES)
    families = list(text_string_to_metric_families(text))
    assert [family.name for family in families if not family.samples] == []


def test_each_sample_has_just_the_labels_that_are_documented(text: str) -> None:
    found = {family.name: family for family in text_string_to_metric_families(text)}
    for family in FAMILIES:
        for sample in found[family.name.removesuffix("_total")].samples:
            labels = {"label_<name>" if name.startswith("label_") else name for name in sample.labels} - {"le"}
            assert labels == set(family.labels), sample


def test_names_units_and_kinds_follow_the_conventions() -> None:
    for family in FAMILIES:
        assert re.fullmatch(r"(reconciler|process)_[a-z0-9_]+", family.name)
        assert family.name.endswith("_total") == (family.kind == "counter"), family.name
        assert family.kind != "histogram" or family.name.endswith("_duration_seconds") or "wait_seconds" in family.name
        assert not family.name.endswith(("_ms", "_minutes", "_percent", "_count", "_sum", "_bucket"))
        assert family.help.endswith(".")
        assert not set(family.help) & {"\n", "\\", '"'}
        assert family.bound


def test_promtool_finds_nothing_to_say(text: str) -> None:
    host.install("monitoring")
    argv = [host.program("promtool"), "check", "metrics"]
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_openmetrics_names_units() -> None:
    page = Exporter(full(), lambda: NOW).page(Form.OPEN).decode()
    units = dict(re.findall(r"^# UNIT (\S+) (\S+)$", page, re.MULTILINE))
    assert {name.rpartition("_")[2] for name in units} == {"seconds"}
    own = {family.name for family in FAMILIES if family.name.startswith("reconciler")}
    assert {name for name in own if name.endswith("_seconds")} == units.keys() & own
