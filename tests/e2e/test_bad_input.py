"""What strangers may commit: refused with its file, and its line where it has one, while everything else goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.factory import Factory, line_of
from lab.lab import Lab
from reconciler.shapes.status import StatusShape
from tests.e2e.world import RECIPE, RECIPE_PATH, alive, deployments, files, metric, page, remove_all, service, until

pytestmark = pytest.mark.slurm

DEEP = "a: " + "[" * 3000 + "]" * 3000
TWO = f"{service('good')}---\n{service('bad', replcas=2)}"
#: A file of each kind, and what is said of it.
BAD: dict[str, tuple[str | bytes, str]] = {
    "large.yaml": (b"# " + b"x" * (50 << 20), ": it has 52428802 bytes; at most 1048576 are read"),
    "two.yaml": (TWO, ":22:5: spec.replcas: unknown key; did you mean `replicas`?"),
    "latin.yaml": (b"# ok\nname: caf\xe9\n", ": it is not UTF-8: byte 0xe9 in line 2"),
    "deep.yaml": (DEEP, ":1:35: asks for too much: more than 32 lists and mappings inside each other"),
    "name.yaml": (service("A_b"), ":5:5: metadata.name: is not allowed; found text `A_b`; expected a DNS-1123 label"),
    "long.yaml": (service("a" * 64), ":5:5: metadata.name: is not allowed; found text `aaa"),
    "recipe.yaml": (RECIPE, ":2:1: kind: a recipe among the services; move the file to `recipes/"),
    "alien.yaml": (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n",
        ":2:1: kind: is not allowed; found text `Secret`",
    ),
    "list.yaml": ("- 1\n- 2\n", ":1:1: the document is not a mapping"),
    "tag.yaml": ("a: !!python/object/apply:os.system [id]\n", ":1:1: a: a tag is not allowed"),
}
LINKS = {"link.yaml": "/etc/passwd", "up.yaml": "../../../secret.yaml", "folder": "/etc"}


def missing(shape: StatusShape, wanted: list[str]) -> list[str]:
    """Of the complaints that are wanted, by their beginnings, those that are not there."""
    return [one for one in wanted if not any(said.startswith(one) for said in shape.source.complaints)]


def test_every_kind_of_bad_file_at_once(factory: Factory, lab_slurm: Lab) -> None:
    factory.commit(files("runs"), "one service")
    factory.start()
    factory.wait_healthy(["runs"])
    before = alive(lab_slurm.slurm, factory.owner)

    for name, target in LINKS.items():
        (factory.repository / "desired" / name).symlink_to(target)
    inner = ("-C", "desired/module", "-c", "user.name=Lab", "-c", "user.email=lab@localhost.invalid")
    factory.git("init", "--quiet", "desired/module")
    factory.git(*inner, "commit", "--quiet", "--allow-empty", "--message=inside")
    texts = {f"desired/{name}": content for name, (content, _) in BAD.items()}
    sha = factory.commit(texts | {"desired/comes.yaml": service("comes")}, "a bad day")
    assert "160000 commit" in factory.git("ls-tree", "HEAD", "desired/module")

    factory.wait_healthy(["comes", "good", "runs"])
    shape = factory.wait("the revision", lambda shape: shape.source.revision == sha)
    wanted = [f"desired/{name}{words}" for name, (_, words) in BAD.items()]
    wanted += [f"desired/{name}: it is a symbolic link; only plain files are read" for name in LINKS]
    wanted.append("desired/module: it is a submodule; only plain files are read")
    assert missing(shape, wanted) == []
    assert alive(lab_slurm.slurm, factory.owner).keys() == {"runs.0", "comes.0", "good.0"}
    assert alive(lab_slurm.slurm, factory.owner)["runs.0"] == before["runs.0"]


def test_a_service_that_never_had_a_good_version_is_shown_and_not_started(factory: Factory, lab_slurm: Lab) -> None:
    factory.commit(files("runs") | {"desired/never.yaml": service("never", replcas=2)}, "one is bad from the start")
    factory.start()
    shape = factory.wait_healthy(["runs"])
    line = line_of(shape, "never")
    assert line is not None
    assert (line.target, line.state, line.health, line.ready) == ("", "Held", "Failed", 0)
    assert line.why.startswith("no version of it was ever good: desired/never.yaml:10:5: spec.replcas: unknown key")
    state = metric(page(factory.state, "/metrics"), "reconciler_service_state", service="never", state="Held")
    assert state == 1
    assert alive(lab_slurm.slurm, factory.owner).keys() == {"runs.0"}
    factory.commit({"desired/never.yaml": service("never")}, "mend it")
    shape = factory.wait_healthy(["never"])
    assert [one.service for one in shape.services] == ["never", "runs"]


def test_a_bad_recipe_freezes_what_it_runs_and_is_told_once(factory: Factory, lab_slurm: Lab) -> None:
    factory.commit(files("a", "b"), "two")
    factory.start()
    factory.wait_healthy(["a", "b"])
    before = alive(lab_slurm.slurm, factory.owner)
    bad = RECIPE.replace("startup: 30s", "startup: soon")
    factory.commit({RECIPE_PATH: bad, "desired/c.yaml": service("c", recipe="faiss", replicas=0)}, "a bad recipe")
    shape = factory.wait("the other one", lambda shape: line_of(shape, "c") is not None)
    (complaint,) = shape.source.complaints
    assert complaint.startswith(f"{RECIPE_PATH}:17:5: spec.health.startup: is not allowed; found text `soon`")
    assert alive(lab_slurm.slurm, factory.owner) == before
    line = line_of(shape, "a")
    assert line is not None
    assert f"{RECIPE_PATH}:17:5" in line.frozen


def test_thousands_of_bad_files_hold_nobody_up(factory: Factory) -> None:
    factory.commit(files("runs", replicas=0), "one")
    factory.start()
    factory.wait("it runs", lambda shape: line_of(shape, "runs") is not None)
    many = {f"desired/bad/{number}.yaml": "x: [\n" for number in range(1000)}
    sha = factory.commit(many | {"desired/comes.yaml": service("comes", replicas=0)}, "a very bad day")
    shape = factory.wait("the new one", lambda shape: line_of(shape, "comes") is not None, 30)
    assert shape.source.revision == sha
    assert len(shape.source.complaints) == 1000
    factory.commit(dict.fromkeys(many), "a better one")
    factory.wait("no complaint", lambda shape: not shape.source.complaints, 20)


def test_a_repository_that_is_away_for_a_while(factory: Factory, lab_slurm: Lab) -> None:
    factory.configure(source={"url": str(factory.repository), "interval": "1s"})
    factory.commit(files("a"), "one")
    factory.start()
    factory.wait_healthy(["a"])
    away = factory.repository.with_name("away")
    factory.repository.rename(away)
    shape = factory.wait("told", lambda shape: bool(shape.source.error), 20)
    assert str(factory.repository) in shape.source.error
    (job,) = alive(lab_slurm.slurm, factory.owner)["a.0"]
    lab_slurm.slurm.command("scancel", job)
    until(
        "it is started again meanwhile", lambda: alive(lab_slurm.slurm, factory.owner).get("a.0") not in (None, [job])
    )
    away.rename(factory.repository)
    factory.commit(files("b"), "back")
    factory.wait_healthy(["a", "b"])
    factory.wait("no error", lambda shape: not shape.source.error)


@pytest.mark.controlplane
def test_a_kubeconfig_that_comes_later(factory: Factory, lab_control_plane: Lab) -> None:
    later = factory.folder / "later.kubeconfig"
    factory.configure(kubeconfig=later)
    factory.commit(files("a") | files("late", target="kubernetes", replicas=0), "two")
    factory.start()
    factory.wait_healthy(["a"])
    shape = factory.wait("told", lambda shape: any(str(later) in one.why for one in shape.targets))
    assert {one.target: one.reachable for one in shape.targets} == {"slurm": True, "kubernetes": False}
    line = line_of(shape, "late")
    assert line is not None
    assert (line.state, line.health) == ("Unknown", "Unknown")
    kubernetes = lab_control_plane.kubernetes
    factory.put(later, Path(kubernetes.daemon_kubeconfig).read_bytes(), 0o600)
    factory.wait_healthy(["a", "late"])
    assert "late" in deployments(kubernetes, factory.owner)
    factory.stop()
    remove_all(kubernetes, factory.owner)
