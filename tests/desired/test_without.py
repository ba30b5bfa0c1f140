from __future__ import annotations

import pytest

from reconciler.desired.load import Loader
from reconciler.desired.nodes import Plain
from reconciler.desired.without import without
from reconciler.models.revision import File, Snapshot
from reconciler.settings import Settings
from tests.samples import REVISION

CONTENT: dict[str, Plain] = {"a": {"b": 1, "c": [1, 2, {"d": 3}]}, "e": None}


@pytest.mark.parametrize(
    ("paths", "rest"),
    [
        ([], CONTENT),
        ([("a", "b")], {"a": {"c": [1, 2, {"d": 3}]}, "e": None}),
        ([("a", "c", 0), ("a", "c", 1)], {"a": {"b": 1, "c": [{"d": 3}]}, "e": None}),
        ([("a", "c", 2, "d")], {"a": {"b": 1, "c": [1, 2, {}]}, "e": None}),
        ([("a", "x"), ("a", "c", 9), ("a", "b", "c"), ()], CONTENT),
    ],
)
def test_what_is_there_is_left_out(paths: list[tuple[str | int, ...]], rest: dict[str, Plain]) -> None:
    assert without(CONTENT, paths) == rest


def test_all_errors_of_a_document_are_said_at_once() -> None:
    text = """\
apiVersion: reconciler/v1
kind: Service
metadata: {name: search}
spec:
  recipe: fais
  replcas: 2
  resources: {gpus: two}
"""
    settings = Settings.model_validate(
        {
            "owner": "o",
            "source": {"url": "."},
            "state": "/s",
            "targets": {"slurm": {"kind": "slurm", "folders": {"data": "/d", "logs": "/l"}}},
        }
    )
    files = {"desired/search.yaml": File("desired/search.yaml", "1", text)}
    desired = Loader(settings, {}).load(Snapshot(REVISION, files), lambda _: iter(()))
    assert sorted((one.line, one.field) for one in desired.complaints) == [
        (5, "spec.recipe"),
        (6, "spec.replcas"),
        (7, "spec.resources.gpus"),
    ]
