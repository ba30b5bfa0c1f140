"""What a change would come to, checked before it is a commit: what it makes wrong refuses it, nothing else does."""

from __future__ import annotations

import subprocess
import time

import pytest

from reconciler.desired.edit import edit
from reconciler.desired.load import Desired, Loader
from reconciler.errors import InputError
from reconciler.models.proposal import Edit, Request, Restart, Start, Stop, Suspend, Update
from reconciler.models.revision import Snapshot
from reconciler.proposals.base import Base, edited, nothing_earlier
from reconciler.proposals.check import check
from reconciler.shapes.fields import body_field
from tests.desired.world import BUILTIN, Repository, settings, text

GOOD = text("main", "{recipe: faiss, config: {dimension: 7}}")
BAD = text("bad", "{recipe: fais, replica: 2}")


def snapshot(**files: str) -> Snapshot:
    repository = Repository()
    repository.commit({f"desired/{name}.yaml": content for name, content in files.items()})
    return repository.snapshot()


def propose(there: Snapshot, request: Request, loader: Loader | None = None) -> Desired:
    loader = loader or Loader(settings(), BUILTIN)
    base = Base(there, loader.load(there, nothing_earlier))
    change = edit(there.files, base.desired.files, request, "desired")
    return check(loader, base, change, request.name)


def complaints(there: Snapshot, request: Request, loader: Loader | None = None) -> list[str]:
    with pytest.raises(InputError) as caught:
        propose(there, request, loader)
    return [str(one) for one in caught.value.complaints]


def test_a_good_change_gives_what_would_be_there() -> None:
    there = snapshot(main=GOOD)
    assert propose(there, Update("main", {"config": {"dimension": 8}})).services["main"].config["dimension"] == 8
    assert set(propose(there, Start("other", {"recipe": "faiss"})).services) == {"main", "other"}
    assert propose(there, Stop("main")).services == {}


def test_everything_wrong_with_the_service_is_said_at_once_in_the_words_of_validate() -> None:
    there = snapshot(main=GOOD)
    spec = {"recipe": "faiss", "replica": 2, "config": {"dimension": "many", "metrik": "l2"}}
    found = complaints(there, Start("other", spec))
    repository = Repository()
    change = edit(there.files, {}, Start("other", spec), "desired")
    assert change.after is not None
    repository.commit({"desired/other.yaml": change.after})
    assert sorted(found) == sorted(str(one) for one in repository.load().complaints)
    assert len(found) == 3
    assert "desired/other.yaml:10:3: spec.replica: unknown key; did you mean `replicas`?" in found


def test_what_is_wrong_elsewhere_stands_in_nobodys_way() -> None:
    twice = text("twin") + "---\n" + text("twin")
    there = snapshot(main=GOOD, bad=BAD, broken="metadata: {name: gone", twice=twice)
    assert set(propose(there, Suspend("main")).services) == {"main"}
    assert set(propose(there, Start("other", {"recipe": "faiss"})).services) == {"main", "other"}


def test_what_was_wrong_in_the_same_file_moves_and_stays_what_it_was() -> None:
    both = f"{GOOD}---\n{BAD}---\n{text('twin')}---\n{text('twin')}"
    there = snapshot(all=both)
    assert propose(there, Restart("main", "one")).services["main"].service.spec.restart == "one"
    assert propose(there, Stop("main")).services == {}


def test_a_bad_service_can_be_mended_and_stopped_but_nothing_else_done_with_it() -> None:
    there = snapshot(bad=BAD)
    assert any("unknown recipe" in one for one in complaints(there, Suspend("bad")))
    assert set(propose(there, Update("bad", {"recipe": "faiss", "replica": None})).services) == {"bad"}
    assert propose(there, Stop("bad")).complaints == ()


def test_the_operators_limits_come_before_the_commit() -> None:
    loader = Loader(settings(limits={"services": 2, "nodes": 4}), BUILTIN)
    spec = "{recipe: faiss, target: meluxina}"
    there = snapshot(one=text("one", spec), two=text("two", spec))
    found = complaints(there, Start("a-third", {"recipe": "faiss", "target": "meluxina"}), loader)
    assert ["allows 2 services, and 3 go to it" in one for one in found] == [True]
    found = complaints(there, Update("one", {"replicas": 5}), loader)
    assert ["at most 4" in one for one in found] == [True]


def test_over_the_limit_already_somebody_may_still_stop_a_service_but_start_none() -> None:
    loader = Loader(settings(limits={"services": 2}), BUILTIN)
    spec = "{recipe: faiss, target: meluxina}"
    there = snapshot(**{name: text(name, spec) for name in ("one", "two", "three", "four")})
    assert len(propose(there, Stop("one"), loader).services) == 2
    assert complaints(there, Start("a-fifth", {"recipe": "faiss", "target": "meluxina"}), loader)


def test_what_others_depend_on_is_not_stopped_and_a_circle_not_made() -> None:
    there = snapshot(main=GOOD, other=text("other", "{recipe: faiss, dependsOn: [main]}"))
    (found,) = complaints(there, Stop("main"))
    assert found.startswith("desired/other.yaml:1:1: spec.dependsOn: unknown service; found `main`")
    circle = complaints(there, Update("main", {"dependsOn": ["other"]}))
    assert any("`main` waits for `other` waits for `main`" in one for one in circle)


def test_files_are_named_as_git_names_them() -> None:
    there = snapshot(main=GOOD)
    change = Edit("desired/é.yaml", None, "name: é\n")
    made = edited(there, change).files["desired/é.yaml"]
    git = subprocess.run(["git", "hash-object", "--stdin"], input="name: é\n".encode(), capture_output=True, check=True)
    assert made.blob == git.stdout.decode().strip()
    assert set(edited(there, Edit("desired/main.yaml", GOOD, None)).files) == set()


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("spec.recipe", "recipe_name"),
        ("spec.config.maxModelLen", "config.maxModelLen"),
        ("spec.config", "config"),
        ("spec.nodes", "nodes"),
        ("spec.dependsOn[0]", "spec.dependsOn[0]"),
        ("spec.configs", "spec.configs"),
        ("spec.slurm.time", "spec.slurm.time"),
        ("metadata.name", "name"),
        ("metadata.labels.team", "labels.team"),
        ("folder", "folder"),
        ("", ""),
    ],
)
def test_fields_lead_to_the_request(field: str, body: str) -> None:
    assert body_field(field) == body


def test_a_check_among_a_thousand_services_reads_only_what_changed() -> None:
    there = snapshot(**{f"s{number}": text(f"s{number}") for number in range(1_000)})
    loader = Loader(settings(), BUILTIN)
    began = time.monotonic()
    base = Base(there, loader.load(there, nothing_earlier))
    whole = time.monotonic() - began
    changes = [edit(there.files, {}, Start(f"new{number}", {"recipe": "faiss"}), "desired") for number in range(5)]
    began = time.monotonic()
    for number, change in enumerate(changes):
        check(loader, base, change, f"new{number}")
    assert time.monotonic() - began < whole * 2, "five checks read five files, not five thousand"
