"""Rule 2. What does not bear our mark is never changed, even with the same name; that is a conflict, reported."""

from __future__ import annotations

import json

import pytest

from lab.factory import Factory, line_of
from lab.lab import Lab
from tests.e2e.world import alive, deployments, files


@pytest.mark.slurm
def test_a_foreign_job_of_the_same_name(factory: Factory, lab_slurm: Lab) -> None:
    slurm = lab_slurm.slurm
    options = ("--job-name=a.0", "--comment=mine", "--output=/dev/null", "--chdir=/", "--wrap=sleep 300")
    foreign = slurm.command("sbatch", "--parsable", *options).strip()
    try:
        factory.commit(files("a", "b"), "two")
        factory.start()
        factory.wait_healthy(["b"])
        shape = factory.wait("reported", lambda shape: foreign in (getattr(line_of(shape, "a"), "why", "") or ""))
        line = line_of(shape, "a")
        assert line is not None
        assert line.state == "Held"
        assert set(alive(slurm, factory.owner)) == {"b.0"}
        factory.commit({"desired/a.yaml": None}, "remove it")
        factory.wait("gone from the table", lambda shape: line_of(shape, "a") is None)
        factory.commit(files("a"), "want it again")
        factory.wait("held again", lambda shape: getattr(line_of(shape, "a"), "state", "") == "Held")
        assert slurm.command("squeue", "--noheader", f"--jobs={foreign}", "--format=%T").strip() == "RUNNING"
        slurm.command("scancel", foreign)
        factory.wait_healthy(["a", "b"])
    finally:
        slurm.command("scancel", foreign)


@pytest.mark.controlplane
def test_a_foreign_deployment_of_the_same_name(both: Factory, lab_control_plane: Lab) -> None:
    kubernetes = lab_control_plane.kubernetes
    kubernetes.kubectl("create", "deployment", "taken", "--namespace=ai", "--image=example.org/x:1", "--replicas=0")
    try:
        before = json.loads(kubernetes.kubectl("get", "deployment", "taken", "--namespace=ai", "-o", "json"))
        both.commit(files("taken", "free", target="kubernetes", replicas=0), "two")
        both.start()
        both.wait_healthy(["free"])
        shape = both.wait("reported", lambda shape: "mark" in (getattr(line_of(shape, "taken"), "why", "") or ""))
        line = line_of(shape, "taken")
        assert line is not None
        assert line.state == "Held"
        both.commit({"desired/taken.yaml": None}, "give up")
        both.wait("gone from the table", lambda shape: line_of(shape, "taken") is None)
        after = json.loads(kubernetes.kubectl("get", "deployment", "taken", "--namespace=ai", "-o", "json"))
        assert after["metadata"]["uid"] == before["metadata"]["uid"]
        assert after["metadata"]["generation"] == before["metadata"]["generation"]
        assert "taken" not in deployments(kubernetes, both.owner, "services,configmaps")
    finally:
        kubernetes.kubectl("delete", "deployment", "taken", "--namespace=ai")
