"""Folders and ports of a recipe: what is asked for twice, or not to be had, is told before anything starts."""

from __future__ import annotations

import pytest

from reconciler.desired.recipes import read_recipe
from tests.desired.world import BUILTIN

FILE = "recipes/storage/postgresql.yaml"
RUN, DATA = "path: /var/run/postgresql,", "data: {path: /data, size: 10Gi}"
WRONG = [
    (RUN, "path: /data,", "spec.storage.run.path: is that of the volume data; found `/data`"),
    (RUN, "path: /data/,", "spec.storage.run.path: is that of the volume data"),
    (RUN, "path: /var/../etc,", "spec.storage.run.path: is not allowed; found `/var/../etc`"),
    (RUN, "path: //data,", "spec.storage.run.path: is not allowed; found `//data`"),
    (RUN, "path: /,", "spec.storage.run.path: is a place that each container has already"),
    (RUN, "path: /run/secrets/x,", "spec.storage.run.path: is a place that each container has already"),
    (RUN, "path: /run/reconciler/secrets,", "spec.storage.run.path: is a place that each container has already"),
    (RUN, "path: /dev,", "spec.storage.run.path: is a place that each container has already"),
    ("{container: 9187}", "{container: 5432}", "spec.ports.metrics.container: has the number of the port postgresql"),
    ("- {storage: data, file: pgdata", "- {storage: run, file: pgdata", "spec.start.stale[0]: is never taken away"),
    ("stateful: true", "stateful: false", "spec.start.stale[0]: is never taken away"),
    ("user: 999", "user: 2147483648", "spec.start.container.user: is not allowed"),
]


@pytest.mark.parametrize(("old", "new", "words"), WRONG, ids=[case[1] for case in WRONG])
def test_what_nobody_could_start_is_told_with_its_place(old: str, new: str, words: str) -> None:
    assert old in BUILTIN[FILE]
    recipe, complaints = read_recipe(FILE, BUILTIN[FILE].replace(old, new, 1))
    assert recipe is None
    assert any(words in str(one) for one in complaints), [str(one) for one in complaints]


@pytest.mark.parametrize("path", ["/dev/shm", "/devices", "/data2", "/run", "/var/lib/a..b"])
def test_a_place_of_its_own_is_allowed(path: str) -> None:
    recipe, complaints = read_recipe(FILE, BUILTIN[FILE].replace(RUN, f"path: {path},", 1))
    assert recipe is not None, [str(one) for one in complaints]


@pytest.mark.parametrize("file", BUILTIN)
def test_the_shipped_ones_are_right(file: str) -> None:
    recipe, complaints = read_recipe(file, BUILTIN[file])
    assert recipe is not None, [str(one) for one in complaints]
