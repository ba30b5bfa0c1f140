"""The tables of docs/slurm.md say what the code does."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.health import judge
from reconciler.models.action import Plan
from reconciler.models.health import Health
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Cause, PendingClass, Phase
from reconciler.slurm import mark
from reconciler.slurm.look.endings import ending
from reconciler.slurm.look.states import verdict
from tests.fakes import look, workload
from tests.samples import resolved

PAGE = (Path(__file__).parents[2] / "docs/slurm.md").read_text("utf-8")


def table(first: str) -> list[list[str]]:
    """The rows of the table of which the first column has this head."""
    body = PAGE.partition(f"| {first} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in body]


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


PENDING = {words(row[0])[0]: row for row in table("class")}
CAUSES = {words(row[0])[0]: row for row in table("cause")}


def test_every_class_and_every_cause_has_its_row() -> None:
    assert list(PENDING) == [kind.value for kind in PendingClass]
    assert list(CAUSES) == [cause.value for cause in Cause]


@pytest.mark.parametrize("kind", list(PendingClass))
def test_each_reason_is_of_its_class_and_shown_so(kind: PendingClass) -> None:
    row = PENDING[kind.value]
    assert words(row[1])
    for reason in words(row[1]):
        found = verdict("PENDING", reason, None)
        assert (found.pending, found.phase) == (kind, Phase.PENDING), reason
        seen = replace(workload("a", phase=found.phase, health=found.health, reason=found.reason), pending=kind)
        (line,) = judge([(resolved("a"), Wanted("a", 1, "d1"))], look(seen), Plan("fake"), {}, {})
        assert ", ".join(dict.fromkeys((line.state.value, line.health.value))) == row[2], reason


@pytest.mark.parametrize("cause", list(Cause))
def test_each_end_has_its_cause_and_its_backoff(cause: Cause) -> None:
    _, states, then = CAUSES[cause.value]
    for state in words(states):
        found = ending(state, "None", None)
        assert found is not None
        assert found.cause is cause, state
        assert (found.health is Health.FAILED) == then.startswith("with backoff"), state


def test_the_comment_that_is_shown_can_be_read_and_every_word_of_it_is_explained() -> None:
    (comment,) = re.findall(r"^rec1 .*$", PAGE, re.MULTILINE)
    stamp = mark.read(comment)
    assert stamp is not None
    assert stamp[1] is not None
    explained = {word for row in table("word") for word in words(row[0])}
    assert {part.partition("=")[0] for part in comment.split()} <= explained
    assert {stage.value for stage in mark.Stage} <= set(words("".join(row[1] for row in table("word"))))
