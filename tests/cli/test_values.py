"""Values that are typed on the command line mean what they would mean in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.change.common import seconds_of
from reconciler.cli.change.values import Draft, labels_of, read_draft, spec_of
from reconciler.errors import InputError, SettingsError

TYPED: list[tuple[str, Any]] = [
    ("n=4", 4),
    ("n=4.5", 4.5),
    ("n=0x10", 16),
    ("n=true", True),
    ("n=yes", "yes"),
    ("n=null", None),
    ("n=", ""),
    ("n=a=b", "a=b"),
    ("n='4'", "4"),
    ('n="a: b # c"', "a: b # c"),
    ("n=a b", "a b"),
    ("n=[a, 2]", ["a", 2]),
    ("n={a: {b: 1}}", {"a": {"b": 1}}),
    ("n=2026-01-01", "2026-01-01"),
    ("n=meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-8B-Instruct"),
]


@pytest.mark.parametrize(("text", "value"), TYPED)
def test_a_parameter(text: str, value: Any) -> None:
    assert spec_of([text], {}) == {"config": {"n": value}}


def test_places_in_spec() -> None:
    given = {"config": {"a": 1}, "slurm": {"time": "1h"}}
    texts = ["a=2", "slurm.partition=gpu", "resources.gpus=4", "config.b=3", "kubernetes.nodeSelector={disk: ssd}"]
    assert spec_of(texts, given) == {
        "config": {"a": 2, "b": 3},
        "slurm": {"time": "1h", "partition": "gpu"},
        "resources": {"gpus": 4},
        "kubernetes": {"nodeSelector": {"disk": "ssd"}},
    }
    assert given == {"config": {"a": 1}, "slurm": {"time": "1h"}}
    assert spec_of(["spec.image=a/b:2", "spec.storage.data.size=5Gi"], {"recipe": "r"}) == {
        "recipe": "r",
        "image": "a/b:2",
        "storage": {"data": {"size": "5Gi"}},
    }


@pytest.mark.parametrize(
    "text",
    ["a", "=1", ".a=1", "a..b=1", "a.=1", "a=[", "a=!x 1", "a={b: 1, b: 2}", "a=*x", "a=@b", "a.b=1", "a=a: b: c"],
)
def test_what_is_no_value(text: str) -> None:
    with pytest.raises(typer.BadParameter) as caught:
        spec_of([text], {"a": "text"})
    assert caught.value.param_hint == "--set"


@given(
    st.text() | st.tuples(st.text(), st.text()).map("=".join),
    st.dictionaries(st.text(), st.text() | st.dictionaries(st.text(), st.integers())),
)
def test_whatever_is_typed_is_a_value_or_is_refused(text: str, spec: dict[str, Any]) -> None:
    try:
        found = spec_of([text], spec)
    except typer.BadParameter:
        return
    json.dumps(found)
    assert spec_of([text], found) == found


def test_labels() -> None:
    assert labels_of(["team=nlp", "a.b/c=", "x=y=z"]) == {"team": "nlp", "a.b/c": "", "x": "y=z"}
    for text in ("team", "=x"):
        with pytest.raises(typer.BadParameter, match="KEY=VALUE"):
            labels_of([text])


def test_a_file_has_a_service_or_the_spec_of_one(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("recipe: web\nconfig: {a: 1}\n")
    assert read_draft(path) == Draft(spec={"recipe": "web", "config": {"a": 1}})
    path.write_text("kind: Service\nmetadata: {name: a, labels: {b: c}}\nspec: {recipe: web}\n")
    assert read_draft(path) == Draft("a", {"b": "c"}, {"recipe": "web"})


WRONG = [
    ("", "has 0 documents"),
    ("a: 1\n---\nb: 2\n", "has 2 documents"),
    ("a: [\n", "no valid YAML"),
    ("a: 1\na: 2\n", "the key is there twice"),
    ("kind: Recipe\nspec: {}\n", "kind: is another kind than Service"),
    ("spec: [a]\n", "spec: is no mapping"),
    ("metadata: {labels: 3}\nspec: {}\n", "metadata.labels: is no mapping"),
    ("metadata: {nmae: a}\nspec: {}\n", "metadata.nmae: unknown key"),
    ("spec: {}\nstatus: {}\n", "status: unknown key"),
]


@pytest.mark.parametrize(("text", "words"), WRONG)
def test_a_file_with_something_else(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_draft(path)
    assert words in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xff\xfe")
    for path, words in ((tmp_path / "a", "it is not UTF-8"), (tmp_path / "b", "No such file"), (tmp_path, "directory")):
        with pytest.raises(SettingsError, match=words):
            read_draft(path)


def test_durations() -> None:
    assert seconds_of("1h30m") == 5400
    for text in ("", "5", "-1s", "ten"):
        with pytest.raises(typer.BadParameter):
            seconds_of(text)
