"""Rule 4. Too many removals in one revision are stopped (and nothing else is) until a commit gives leave."""

from __future__ import annotations

import time

import pytest

from lab.factory import Factory, line_of
from lab.lab import Lab
from tests.e2e.world import alive, deployments, files, service, until

NAMES = ("a", "b", "c", "d")


def delete(*names: str) -> dict[str, str | bytes | None]:
    return {f"desired/{name}.yaml": None for name in names}


@pytest.mark.slurm
@pytest.mark.controlplane
def test_all_services_deleted_at_once_stay_until_a_commit_says_so(
    both: Factory, lab_slurm: Lab, lab_control_plane: Lab
) -> None:
    slurm, kubernetes = lab_slurm.slurm, lab_control_plane.kubernetes
    texts = files(*NAMES) | files("k1", "k2", target="kubernetes", replicas=0)
    both.commit(texts, "six services")
    both.start()
    both.wait_healthy([*NAMES, "k1", "k2"])
    before = alive(slurm, both.owner), deployments(kubernetes, both.owner)
    both.commit(delete(*NAMES, "k1", "k2"), "everything goes, by mistake")
    shape = both.wait("held", lambda shape: [one.state for one in shape.services] == ["Held"] * 6)
    assert "Reconciler-Allow-Removals" in shape.services[0].why
    both.stop()
    both.start()
    both.wait("held after a restart", lambda shape: [one.state for one in shape.services] == ["Held"] * 6)
    time.sleep(2)
    assert (alive(slurm, both.owner), deployments(kubernetes, both.owner)) == before
    both.commit({}, "yes, everything\n\nReconciler-Allow-Removals: all")
    until("no job", lambda: not alive(slurm, both.owner))
    until("no deployment", lambda: not deployments(kubernetes, both.owner))


@pytest.mark.slurm
def test_too_large_a_share_is_held_and_other_changes_go_on(factory: Factory, lab_slurm: Lab) -> None:
    factory.commit(files(*NAMES), "four")
    factory.start()
    factory.wait_healthy(NAMES)
    factory.commit({**delete("a", "b"), "desired/e.yaml": service("e")}, "half of it goes, one comes")
    factory.wait_healthy(["e"])
    shape = factory.wait("held", lambda shape: getattr(line_of(shape, "a"), "state", "") == "Held")
    assert "Reconciler-Allow-Removals: 2" in shape.services[0].why
    assert {"a.0", "b.0"} <= alive(lab_slurm.slurm, factory.owner).keys()
    factory.commit({}, "both\n\nReconciler-Allow-Removals: 2")
    until("both gone", lambda: set(alive(lab_slurm.slurm, factory.owner)) == {"c.0", "d.0", "e.0"})


@pytest.mark.slurm
def test_a_forced_push_to_nothing_removes_nothing(factory: Factory, lab_slurm: Lab) -> None:
    factory.commit(files("a"), "one")
    factory.start()
    factory.wait_healthy(["a"])
    before = alive(lab_slurm.slurm, factory.owner)
    factory.git("checkout", "--quiet", "--orphan", "empty")
    factory.git("rm", "-r", "--quiet", "--force", ".")
    factory.git("commit", "--quiet", "--allow-empty", "--message=nothing")
    factory.git("branch", "--force", "main", "empty")
    factory.git("checkout", "--quiet", "main")
    factory.wait("held", lambda shape: getattr(line_of(shape, "a"), "state", "") == "Held")
    time.sleep(2)
    assert alive(lab_slurm.slurm, factory.owner) == before


@pytest.mark.slurm
def test_one_of_few_may_always_go(factory: Factory, lab_slurm: Lab) -> None:
    factory.commit(files("a", "b"), "two")
    factory.start()
    factory.wait_healthy(["a", "b"])
    factory.commit(delete("a"), "one goes")
    until("gone", lambda: set(alive(lab_slurm.slurm, factory.owner)) == {"b.0"})
