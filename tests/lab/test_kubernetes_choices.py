"""Which Kubernetes a lab has."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import build, crds
from lab.host import LabError
from lab.kubernetes_choices import VARIABLE, VERSIONS, minor, version

NODE = Path(build.__file__).parent / "node"


def test_the_version_is_the_asked_one_that_of_the_environment_or_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    usual, older = VERSIONS
    monkeypatch.delenv(VARIABLE, raising=False)
    assert minor() == usual
    monkeypatch.setenv(VARIABLE, older)
    assert version() == VERSIONS[older]
    assert version(usual) == VERSIONS[usual]


def test_a_version_without_a_recipe_is_refused_with_those_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "1.2")
    with pytest.raises(LabError, match=rf"{VARIABLE} is 1.2; there are {', '.join(VERSIONS)}"):
        minor()


@pytest.mark.parametrize("name", VERSIONS)
def test_each_version_has_a_recipe_that_pins_it(name: str) -> None:
    recipe = build.Recipe(name)
    assert f"k8s.io/kubernetes v{VERSIONS[name]}\n" in (NODE / recipe.modules).read_text()
    assert f"k8s.io/kubernetes v{VERSIONS[name]} h1:" in (NODE / recipe.modules).with_suffix(".sum").read_text()


def test_each_version_is_kept_under_a_name_of_its_own() -> None:
    assert len({build.Recipe(name).key("/bin/false") for name in VERSIONS}) == len(VERSIONS)


@pytest.mark.parametrize("kind", crds.DEFINITIONS)
def test_the_definition_of_a_kind_is_the_published_one(kind: str) -> None:
    text = crds.text(kind)
    assert f"\n  name: {crds.definition(kind).name}\n" in text
    assert f"\n    kind: {kind}\n" in text


def test_a_kind_without_a_definition_is_named() -> None:
    with pytest.raises(LabError, match="no definition of Gadget is known; there are LeaderWorkerSet"):
        crds.text("Gadget")
