"""Rule 5. After a successful turn there is nothing left to do. (That the plan is pure: tests/plan.)"""

from __future__ import annotations

import json

import pytest

from lab.factory import Factory
from tests.e2e.world import files

pytestmark = [pytest.mark.slurm, pytest.mark.controlplane]


def test_plan_says_what_will_be_done_and_then_nothing(both: Factory) -> None:
    both.commit(files("a", "b") | files("k", target="kubernetes", replicas=0), "three")
    first = both.run("plan")
    assert first.returncode == 1, first.stderr
    assert "deploy" in first.stdout
    once = both.run("once")
    assert once.returncode == 0, once.stdout + once.stderr
    second = both.run("plan")
    assert second.returncode == 0, second.stdout + second.stderr
    assert json.loads(both.run("plan", "-o", "json").stdout)["targets"]["slurm"]["actions"] == []


def test_a_bad_file_makes_plan_end_with_2_and_once_with_1(both: Factory) -> None:
    both.commit(files("a"), "one")
    both.commit({"desired/bad.yaml": "x: ["}, "bad")
    planned = both.run("plan")
    assert planned.returncode == 2
    assert "desired/bad.yaml" in planned.stdout
    assert both.run("once").returncode == 1
