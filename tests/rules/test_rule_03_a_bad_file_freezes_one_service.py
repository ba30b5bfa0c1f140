"""Rule 3. What runs keeps running from the last good version; other services go on; all errors are reported."""

from __future__ import annotations

import pytest

from lab.factory import Factory, line_of
from lab.lab import Lab
from tests.e2e.world import alive, files, metric, page, service, until

pytestmark = pytest.mark.slurm

BAD: dict[str, str | bytes] = {
    "broken YAML": "spec: [",
    "unknown key": service("a", replcas=2),
    "unknown recipe": service("a", recipe="wbe"),
    "wrong type": service("a", config={"greeting": 7}),
    "no name": service("A_b"),
    "another kind of file": b"\xff\xfe\x00",
    "alias bomb": "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
    "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
    "what the target lacks": service("a", resources={"gpus": 1, "gpuType": "h100"}),
}


def test_each_kind_of_bad_file_in_turn(factory: Factory, lab_slurm: Lab) -> None:
    slurm, owner = lab_slurm.slurm, factory.owner
    good = factory.commit(files("a", "b"), "two good ones")
    factory.start()
    factory.wait_healthy(["a", "b"])
    before = alive(slurm, owner)
    for number, (kind, content) in enumerate(BAD.items()):
        other = f"other-{number}"
        sha = factory.commit({"desired/a.yaml": content, f"desired/{other}.yaml": service(other, replicas=0)}, kind)
        shape = factory.wait(kind, lambda shape, sha=sha: shape.source.revision == sha)  # type: ignore[misc]
        shape = factory.wait(f"{kind}: the other one", lambda shape, other=other: line_of(shape, other) is not None)  # type: ignore[misc]
        line = line_of(shape, "a")
        assert line is not None
        assert line.frozen, kind
        assert good[:12] == line.revision
        assert any("desired/a.yaml" in complaint for complaint in shape.source.complaints), kind
        assert alive(slurm, owner) == before, kind
    assert metric(page(factory.state, "/metrics"), "reconciler_service_frozen", service="a") == 1
    factory.commit({"desired/a.yaml": service("a", config={"greeting": "good again"})}, "mend it")
    until("it is replaced", lambda: alive(slurm, owner).get("a.0") != before["a.0"])
    shape = factory.wait("no complaint", lambda shape: not shape.source.complaints)
    assert line_of(shape, "a") is not None
    assert metric(page(factory.state, "/metrics"), "reconciler_source_frozen_services") == 0


def test_two_services_of_one_name(factory: Factory, lab_slurm: Lab) -> None:
    factory.commit(files("a", "b"), "two")
    factory.start()
    factory.wait_healthy(["a", "b"])
    before = alive(lab_slurm.slurm, factory.owner)
    factory.commit({"desired/second.yaml": service("a", replicas=4)}, "the same name twice")
    shape = factory.wait("complaints", lambda shape: bool(shape.source.complaints))
    assert any("desired/second.yaml" in complaint for complaint in shape.source.complaints)
    assert any("desired/a.yaml" in complaint for complaint in shape.source.complaints)
    factory.wait("frozen", lambda shape: (line := line_of(shape, "a")) is not None and bool(line.frozen))
    assert alive(lab_slurm.slurm, factory.owner) == before


def test_a_frozen_service_survives_a_restart_of_the_daemon(factory: Factory, lab_slurm: Lab) -> None:
    factory.commit(files("a"), "good")
    factory.start()
    factory.wait_healthy(["a"])
    before = alive(lab_slurm.slurm, factory.owner)
    factory.stop()
    factory.commit({"desired/a.yaml": "nonsense: ["}, "bad while nobody looks")
    factory.start()
    factory.wait("frozen", lambda shape: (line := line_of(shape, "a")) is not None and bool(line.frozen))
    factory.wait_healthy(["a"])
    assert alive(lab_slurm.slurm, factory.owner) == before
