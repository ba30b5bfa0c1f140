"""Folders and files that a service was told to read: looked for before it starts, and seen inside a container."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.desired.inputs import inputs_of
from reconciler.errors import RefusedError
from reconciler.models.recipe import Recipe
from reconciler.slurm.job.sbatch import template
from reconciler.slurm.look.endings import ending
from reconciler.slurm.mark import Stage
from tests.slurm.jobs import Job
from tests.slurm.services import recipe, resolved, shipped, target

TEXT = {"type": "string", "description": "One."}


def reading(**parameters: Any) -> Recipe:
    return recipe(parameters=parameters)


def test_a_model_that_is_there(start: Callable[..., Job], tmp_path: Path) -> None:
    weights = tmp_path / "it's; $(touch bad)"
    weights.mkdir()
    job = start(resolved("web", reading(model=TEXT | {"path": "folder"}), config={"model": str(weights)}))
    job.until(lambda: job.stage is Stage.OK)


@pytest.mark.parametrize(("kind", "made"), [("folder", None), ("folder", "file"), ("file", None), ("file", "folder")])
def test_one_that_is_not_there(start: Callable[..., Job], tmp_path: Path, kind: str, made: str | None) -> None:
    path = tmp_path / "model"
    if made:
        path.mkdir() if made == "folder" else path.touch()
    job = start(resolved("web", reading(model=TEXT | {"path": kind}), config={"model": str(path)}))
    code, log = job.end()
    assert code == 78
    assert f"config.model: there is no {kind} {path} on this node that can be read" in log
    end = ending("FAILED", "NonZeroExitCode", job.report)
    assert end
    assert f"could not be made ready: a {kind} that it was told to read is not on its node (config.model)" in end.words


def test_what_counts_as_one() -> None:
    made = recipe(
        parameters={
            "model": TEXT | {"path": "folder"},
            "more": {"type": "list", "description": "Many.", "path": "file"},
            "unset": TEXT | {"path": "file"},
            "plain": TEXT,
        },
        storage={"cache": {"path": "/cache", "size": "1Gi"}},
    )
    config = {"model": "s3://m", "more": ["/a", "b", "/cache/c", "/cached"], "plain": "/p"}
    found = [(one.parameter, one.kind, one.path) for one in inputs_of(resolved("web", made, config=config))]
    assert found == [("more", "file", "/a"), ("more", "file", "/cached")]


def test_a_container_sees_them_and_cannot_write() -> None:
    service = resolved("llama", shipped("vllm"), config={"model": "/project/models/a b"})
    own = template(service, target(runtime="apptainer")).own
    assert "--bind '/project/models/a b':'/project/models/a b':ro" in own
    assert "needs folder model '/project/models/a b'" in own


def test_a_name_that_apptainer_cannot_bind() -> None:
    service = resolved("llama", shipped("vllm"), config={"model": "/project/a:b"})
    with pytest.raises(RefusedError, match="/project/a:b"):
        template(service, target(runtime="apptainer"))
