"""Rule 3: a bad file freezes its services at their last good version; all others go on."""

from __future__ import annotations

import time

import pytest

from reconciler.desired.load import Loader
from reconciler.models.revision import File, Snapshot
from tests.desired.world import BUILTIN, Repository, settings, text

OTHER = {"desired/other.yaml": text("other")}
GOOD = text("main", "{recipe: faiss, config: {dimension: 7}}")

BAD = {
    "broken YAML": "metadata: {name: main",
    "unknown key": text("main", "{recipe: faiss, replica: 2}"),
    "unknown recipe": text("main", "{recipe: fais}"),
    "a name that is no label": text("Main_1"),
    "a config value of the wrong type": text("main", "{recipe: faiss, config: {dimension: many}}"),
    "an alias bomb": "a: &a [1,2,3,4,5,6,7,8,9]\n"
    + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)),
    "what the target lacks": text("main", "{recipe: faiss, target: cloud, resources: {gpus: 1}}"),
    "a list": "- 1\n",
    "a tag": text("main") + "x: !!python/name:os.system ''\n",
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_rule_3_a_bad_file_freezes_its_service_and_no_other(bad: str) -> None:
    repository = Repository()
    good = repository.commit({"desired/main.yaml": GOOD, **OTHER})
    repository.commit({"desired/main.yaml": bad})
    desired = repository.load()
    assert set(desired.services) == {"main", "other"}
    assert set(desired.frozen) == {"main"}
    assert desired.services["main"].config["dimension"] == 7
    assert desired.services["main"].revision == good
    assert desired.complaints
    assert {complaint.file for complaint in desired.complaints} == {"desired/main.yaml"}
    assert desired.services["main"].frozen == desired.frozen["main"]
    assert good.short in desired.frozen["main"]


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_bad_file_without_a_good_version_holds_the_names_that_it_shows(bad: str) -> None:
    repository = Repository()
    repository.commit({"desired/main.yaml": bad, **OTHER})
    desired = repository.load()
    assert set(desired.services) == {"other"}
    assert set(desired.held) == ({"main"} if "name: main" in bad else set())


def test_a_refused_file_freezes_its_services() -> None:
    repository = Repository()
    repository.commit({"desired/main.yaml": GOOD + "---\n" + text("second"), **OTHER})
    repository.commit({"desired/main.yaml": "larger"})
    snapshot = repository.snapshot()
    refused = File("desired/main.yaml", "f" * 40, None, "larger than 1 MiB")
    files = {**snapshot.files, refused.path: refused}
    desired = Loader(settings(), BUILTIN).load(Snapshot(snapshot.revision, files), repository.earlier)
    assert set(desired.frozen) == {"main", "second"}
    assert "larger than 1 MiB" in desired.frozen["second"]


def test_one_bad_document_leaves_the_other_documents_of_its_file_alone() -> None:
    repository = Repository()
    repository.commit({"desired/all.yaml": f"{text('one')}---\n{text('two')}---\n{text('three')}"})
    bad = text("two", "{recipe: nothing}")
    repository.commit({"desired/all.yaml": f"{text('one', '{recipe: faiss, replicas: 3}')}---\n{bad}"})
    desired = repository.load()
    assert desired.services["one"].service.spec.replicas == 3
    assert set(desired.services) == {"one", "two"}, "three was removed on purpose"
    assert set(desired.frozen) == {"two"}


def test_a_document_without_a_name_keeps_whatever_the_file_was_about() -> None:
    repository = Repository()
    repository.commit({"desired/all.yaml": f"{text('one')}---\n{text('two')}"})
    repository.commit({"desired/all.yaml": f"{text('one')}---\n{text('TWO!')}"})
    assert set(repository.load().frozen) == {"two"}


def test_the_newest_good_version_counts_and_bad_ones_in_between_do_not() -> None:
    repository = Repository()
    for dimension in (1, 2):
        repository.commit({"desired/main.yaml": text("main", f"{{recipe: faiss, config: {{dimension: {dimension}}}}}")})
    for replica in (1, 2):
        repository.commit({"desired/main.yaml": text("main", f"{{recipe: faiss, replica: {replica}}}")})
    repository.commit({"desired/main.yaml": "{"})
    assert repository.load().services["main"].config["dimension"] == 2


def test_a_service_that_moved_out_of_a_file_that_broke_is_not_frozen() -> None:
    repository = Repository()
    repository.commit({"desired/a.yaml": GOOD})
    repository.commit({"desired/a.yaml": "{", "desired/b.yaml": text("main")})
    desired = repository.load()
    assert desired.services["main"].file == "desired/b.yaml"
    assert not desired.frozen


def test_two_owners_of_a_name_are_both_refused_and_the_last_sole_one_stays() -> None:
    repository = Repository()
    repository.commit({"desired/a.yaml": text("main", "{recipe: faiss, config: {dimension: 1}}")})
    repository.commit({"desired/a.yaml": text("main", "{recipe: faiss, config: {dimension: 2}}")})
    repository.commit({"desired/b.yaml": text("main", "{recipe: faiss, config: {dimension: 3}}")})
    repository.commit({"desired/a.yaml": text("main", "{recipe: faiss, config: {dimension: 4}}")})
    desired = repository.load()
    assert desired.services["main"].config["dimension"] == 2
    assert [(one.file, one.line, one.field) for one in desired.complaints] == [
        ("desired/a.yaml", 1, "metadata.name"),
        ("desired/b.yaml", 1, "metadata.name"),
    ]
    assert "desired/b.yaml:1" in desired.complaints[0].problem


def test_two_owners_from_the_beginning_are_held() -> None:
    repository = Repository()
    repository.commit({"desired/a.yaml": text("main"), "desired/b.yaml": text("main"), **OTHER})
    desired = repository.load()
    assert (set(desired.services), set(desired.held)) == ({"other"}, {"main"})


def test_a_broken_recipe_of_the_repository_stays_at_its_last_good_version() -> None:
    path = "recipes/vector-db/faiss.yaml"
    recipe = BUILTIN[path].replace("0.1.0", "9.9.9")
    repository = Repository()
    repository.commit({path: recipe, **OTHER})
    repository.commit({path: recipe.replace("${port.http}", "${port.web}")})
    desired = repository.load()
    assert desired.services["other"].recipe.spec.image.endswith(":9.9.9")
    assert "unknown port" in desired.frozen["other"]


def test_services_over_the_limit_of_a_target_are_held_by_the_order_of_their_names() -> None:
    repository = Repository()
    repository.commit({f"desired/{name}.yaml": text(name, "{recipe: faiss, target: meluxina}") for name in "dcab"})
    desired = repository.load(Loader(settings(limits={"services": 2}), BUILTIN))
    assert (set(desired.services), set(desired.held)) == ({"a", "b"}, {"c", "d"})


def test_an_unchanged_service_is_the_same_object_in_the_next_revision() -> None:
    repository, loader = Repository(), Loader(settings(), BUILTIN)
    repository.commit({"desired/main.yaml": GOOD, "desired/bad.yaml": text("bad"), **OTHER})
    repository.commit({"desired/bad.yaml": "{"})
    first = repository.load(loader)
    repository.commit({"desired/main.yaml": text("main")})
    second = repository.load(loader)
    assert [name for name in second.services if second.services[name] is not first.services[name]] == ["main"]


def test_a_new_loader_comes_to_the_same_result() -> None:
    repository, loader = Repository(), Loader(settings(), BUILTIN)
    for content in (GOOD, "{", text("main"), text("main", "{recipe: x}")):
        repository.commit({"desired/main.yaml": content, **OTHER})
        warm, cold = repository.load(loader), repository.load()
        assert (warm.frozen, warm.held, warm.complaints) == (cold.frozen, cold.held, cold.complaints)
        assert {name: one.service for name, one in warm.services.items()} == {
            name: one.service for name, one in cold.services.items()
        }


def test_a_thousand_services_are_read_within_a_second_of_processor_time() -> None:
    repository, loader = Repository(), Loader(settings(), BUILTIN)
    repository.commit({f"desired/s{number}.yaml": text(f"s{number}") for number in range(1000)})
    snapshot = repository.snapshot()
    began = time.process_time()
    cold = loader.load(snapshot, repository.earlier)
    read = time.process_time()
    warm = loader.load(snapshot, repository.earlier)
    assert len(cold.services) == 1000
    assert all(warm.services[name] is one for name, one in cold.services.items())
    assert read - began < 1.0
    assert time.process_time() - read < 0.1
