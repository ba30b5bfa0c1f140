"""The pages of the alerts: one for each, of the same form, with commands that exist."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lab import host
from lab.monitoring import promtool
from reconciler.metrics.families import FAMILIES
from tests.monitoring.rules import ALERT_RULES, RECORD_RULES, ROOT, metrics

BOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
PAGES = [*BOOKS, ROOT / "docs" / "alerts.md"]
NAMED = [*(str(rule["annotations"]) for rule in ALERT_RULES.values()), *(page.read_text("utf-8") for page in PAGES)]


def test_there_is_one_for_each_alert() -> None:
    assert {book.stem for book in BOOKS} == ALERT_RULES.keys()


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_it_says_what_it_means_where_to_look_what_to_do_and_how_to_silence(book: Path) -> None:
    text = book.read_text("utf-8")
    assert text.startswith(f"# {book.stem}\n\n")
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == ["Look at", "Do", "Silence"]
    parts = re.split(r"^## .+$", text, flags=re.MULTILINE)
    assert all(part.strip() for part in parts)
    assert len(text.splitlines()) < 60


def test_the_commands_that_are_named_exist() -> None:
    argv = [sys.executable, "-m", "reconciler", "--help"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    verbs = set(re.findall(r"^\W*([a-z]+)  ", done.stdout, flags=re.MULTILINE))
    named = {verb for text in NAMED for verb in re.findall(r"(?:`|: )reconciler ([a-z]+)", text)}
    assert {"explain", "status", "plan", "validate"} <= named
    assert named - verbs == set()


def test_the_metrics_that_are_named_exist() -> None:
    known = {family.name for family in FAMILIES} | RECORD_RULES.keys()
    named = {name for text in NAMED for quoted in re.findall(r"`([^`]+)`", text) for name in metrics(quoted)}
    assert "reconciler_service_restarts_total" in named
    assert named - known == set()


def test_the_configurations_of_the_page_are_accepted(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "alerts.md").read_text("utf-8").partition("```yaml\n")[2].partition("```")[0]
    config = tmp_path / "prometheus.yml"
    config.write_text(text.replace("/etc/reconciler/rules", json.dumps(str(ROOT / "rules"))[1:-1]))
    done = promtool("check", "config", str(config))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(ALERT_RULES)} rules found" in done.stdout
    assert f"{len(RECORD_RULES)} rules found" in done.stdout
    argv = [host.program("amtool"), "check-config", str(ROOT / "docs" / "alertmanager.yaml")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
