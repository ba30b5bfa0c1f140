"""Errors name the place, the field, what was found, what was expected, and the nearest known key."""

from __future__ import annotations

import pytest

from reconciler.desired.check import check_document
from reconciler.errors import InputError
from reconciler.models.service import Service
from reconciler.settings import Settings
from tests.desired.world import text


def problems(spec: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        check_document(Service, "f.yaml", text("main", spec))
    return [str(one) for one in caught.value.complaints]


CASES = [
    ("{recipe: x, replica: 2}", "f.yaml:4:19: spec.replica: unknown key; did you mean `replicas`?"),
    ("{recipe: x, DependsOn: []}", "did you mean `dependsOn`?"),
    ("{recipe: x, zzz: 1}", "spec.zzz: unknown key; known: config, dependsOn"),
    ("{recipe: x, resources: {gpuTyp: a}}", "spec.resources.gpuTyp: unknown key; did you mean `gpuType`?"),
    ("{recipe: x, kubernetes: {tolerations: [{keys: a}]}}", "tolerations[0].keys: unknown key; did you mean `key`?"),
    ("{recipe: x, secrets: {A: {nam: b, key: c}}}", "spec.secrets.A.nam: unknown key; did you mean `name`?"),
    ("{target: auto}", "f.yaml:4:1: spec.recipe: is missing; add `recipe:`"),
    ('{recipe: x, replicas: "2"}', "spec.replicas: is not allowed; found text `2`; expected a whole number"),
    ("{recipe: x, replicas: true}", "found true; expected a whole number"),
    ("{recipe: x, replicas: 1.0}", "found the number 1.0; expected a whole number"),
    ("{recipe: x, replicas: -1}", "found the number -1; expected at least 0"),
    ("{recipe: x, suspend: 1}", "found the number 1; expected true or false"),
    ("{recipe: x, suspend: yes}", "found text `yes`; expected true or false"),
    ("{recipe: 5}", "found the number 5; expected text (put it in quotes)"),
    ("{recipe: x, config: 5}", "found the number 5; expected a mapping"),
    ("{recipe: x, config: {a: {b: 1}}}", "spec.config.a: is not allowed; found a mapping; expected true or false or"),
    ("{recipe: x, dependsOn: a}", "found text `a`; expected a list"),
    ("{recipe: x, slurm: {time: 5 days}}", "expected a duration such as"),
    ("{recipe: x, resources: {memory: 5GB}}", "expected a size in bytes such as"),
    ("{recipe: x, schedule: {up: 0 8 * *, down: 0 9 * * *}}", "spec.schedule.up: is not allowed"),
    ("{recipe: x, kubernetes: {tolerations: [{operator: In}]}}", "expected `Exists` or `Equal`"),
    ("{recipe: x, env: {1A: b}}", "spec.env.1A: the key is not allowed; found text `1A`"),
    ("{recipe: x, slurm: {partition: -x}}", "one word: letters"),
    ('{recipe: x, restart: "a\\nb"}', "one line of text without control characters"),
]


@pytest.mark.parametrize(("spec", "words"), CASES, ids=[spec for spec, _ in CASES])
def test_what_is_wrong_is_said_in_plain_words(spec: str, words: str) -> None:
    assert any(words in one for one in problems(spec)), problems(spec)


def test_all_errors_are_told_at_once() -> None:
    assert len(problems("{recipe: 5, replica: 1, nodes: x, env: {A: 1}}")) == 4


@pytest.mark.parametrize("spec", ["{recipe: x, secrets: {T: hf_hunter2}}", "{recipe: x, env: {T: [hf_hunter2]}}"])
def test_what_may_be_a_secret_by_mistake_is_not_repeated(spec: str) -> None:
    assert "hunter2" not in str(problems(spec))


def test_a_name_that_is_no_label_is_told_so() -> None:
    with pytest.raises(
        InputError, match=r"f.yaml:3:12: metadata.name: is not allowed; found text `Main_1`; .*DNS-1123"
    ):
        check_document(Service, "f.yaml", text("Main_1"))


def test_settings_are_checked_alike() -> None:
    content = "owner: a\nsource: {url: /r}\nstate: /s\ntargets:\n  hpc: {kind: slurm, folders: {data: /d, log: /l}}\n"
    with pytest.raises(InputError) as caught:
        check_document(Settings, "s.yaml", content)
    assert {str(one) for one in caught.value.complaints} == {
        "s.yaml:5:42: targets.hpc.folders.log: unknown key; did you mean `logs`?",
        "s.yaml:5:22: targets.hpc.folders.logs: is missing; add `logs:`",
    }


def test_paths_and_lists_of_good_settings_are_taken() -> None:
    content = "owner: a\nsource: {url: /r}\nstate: /s\ntargets: {c: {kind: kubernetes, namespaces: [a, b]}}\n"
    assert check_document(Settings, "s.yaml", content).targets["c"].namespaces == ("a", "b")


@pytest.mark.parametrize("content", ["", "a: 1\n---\nb: 1\n"])
def test_exactly_one_document_is_expected(content: str) -> None:
    with pytest.raises(InputError, match="documents in the file; expected exactly one"):
        check_document(Settings, "s.yaml", content)
