"""The container form of each recipe: the facts of the recipe as words of Apptainer, and nothing that a shell reads."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.desired.arguments import Reference, expand
from reconciler.errors import RefusedError
from reconciler.models.wanted import ResolvedService
from reconciler.slurm.job.sbatch import template
from tests.slurm import golden
from tests.slurm.jobs import Job
from tests.slurm.services import recipe, resolved, target

CONTAINER = {"container": {"command": ["serve"]}}
IMAGES = {"data": "/d", "logs": "/l", "images": "/images"}


def body(service: ResolvedService, **more: Any) -> str:
    return template(service, target(runtime="apptainer", **more)).body


def words_of(service: ResolvedService) -> tuple[list[str], list[str]]:
    """The options of Apptainer, and the words behind the image."""
    text = body(service)
    line = next(line for line in text.splitlines() if line.startswith("    argv=("))
    words = shlex.split(line.removeprefix("    argv=(").removesuffix(")"))
    image = next(number for number, word in enumerate(words) if word.startswith("docker://"))
    return words[2:image], words[image + 1 :]


def inside(service: ResolvedService, part: str | Reference) -> str:
    """A part of an argument as it is in a container on Slurm: ports are found there, folders are the container's."""
    if isinstance(part, str):
        return part
    volumes = service.recipe.spec.storage
    return {
        "port": f"${{ports[{part.name}]}}",
        "storage": volumes[part.name].path if part.name in volumes else "",
        "host": "0.0.0.0",
    }[part.kind]


@pytest.mark.parametrize("name", sorted(golden.samples()))
def test_the_facts_of_each_recipe(name: str) -> None:
    service = golden.samples()[name]
    spec = service.recipe.spec
    options, words = words_of(service)
    assert options[:4] == ["--containall", "--no-eval", "--workdir", "$scratch"]
    binds = [options[number + 1] for number, word in enumerate(options) if word == "--bind"]
    paths = {volume: one.path for volume, one in spec.storage.items() if one.path != "/dev/shm"}  # it has its own
    assert [one for one in binds if "storage[" in one] == [f"${{storage[{one}]}}:{paths[one]}" for one in paths]
    assert all(one.endswith(":ro") for one in binds if "storage[" not in one)
    assert ("--nv" in options) is bool(service.resources.gpus)
    container = spec.start.container
    arguments = expand((*container.command, *container.args), service)
    assert words == ["".join(inside(service, part) for part in parts) for parts in arguments]


@pytest.mark.parametrize(
    ("home", "folder"),
    [
        ("/root", '"$scratch"/home'),
        ("/cache", '"${storage[cache]}"'),
        ("/cache/of/mine", '"${storage[cache]}"/of/mine'),
        ("/cached", '"$scratch"/home'),
    ],
)
def test_a_home_is_an_option_as_apptainer_refuses_the_variable(home: str, folder: str) -> None:
    made = recipe(start=CONTAINER, storage={"cache": {"path": "/cache", "size": "1Gi"}})
    text = body(resolved("web", made, env={"HOME": home}))
    assert f" --home {folder}:{home} " in text
    assert f"    mkdir -p -- {folder}\n" in text
    assert "APPTAINERENV_HOME" not in text
    assert " --home " not in body(resolved("web", made))


def test_the_home_of_a_recipe() -> None:
    text = body(golden.samples()["vllm"])
    assert ' --home "${storage[cache]}":/cache ' in text
    assert "APPTAINERENV_HOME" not in text


@pytest.mark.parametrize("home", ["/a:b", "/a,b", "root", "/cache/../etc"])
def test_a_home_that_cannot_be_bound(home: str) -> None:
    with pytest.raises(RefusedError, match="HOME is"):
        body(resolved("web", recipe(start=CONTAINER), env={"HOME": home}))


@pytest.mark.parametrize(("given", "seen"), [(None, "unset"), ("0,1", "0,1"), ("", "")])
def test_the_gpus_of_the_job_are_seen_and_none_is_hidden(given: str | None, seen: str) -> None:
    text = body(resolved("web", recipe(start=CONTAINER), resources={"gpus": 2}))
    function = text[text.index("environment() {") :].partition("\n}\n")[0]
    script = f'{function}\n}}\nenvironment; echo "${{APPTAINERENV_CUDA_VISIBLE_DEVICES-unset}}"'
    environment = {"PATH": "/usr/bin:/bin"} | ({} if given is None else {"CUDA_VISIBLE_DEVICES": given})
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"{seen}\n"


def test_an_image_that_is_not_there_is_told_before_the_start(start: Callable[..., Job], tmp_path: Path) -> None:
    folders = {"data": tmp_path / "data", "logs": tmp_path / "logs", "images": tmp_path / "images"}
    apptainer = tmp_path / "bin" / "apptainer"
    apptainer.parent.mkdir()
    apptainer.write_text("#!/bin/bash\n")
    apptainer.chmod(0o755)
    job = start(resolved("web", recipe(start=CONTAINER)), runtime="apptainer", folders=folders)
    code, log = job.end()
    assert code == 78
    image = tmp_path / "images" / "web_1.sif"
    assert f"there is no image {image} on this node that can be read" in log
    assert f"`apptainer pull {image} docker://example.org/web:1` makes it" in log
    assert job.report
    assert job.report.why == "no-image@web_1.sif"


def test_a_node_without_apptainer(start: Callable[..., Job]) -> None:
    job = start(resolved("web", recipe(start=CONTAINER)), runtime="apptainer")
    code, log = job.end()
    assert code == 78
    assert "no program apptainer on the PATH of this node" in log
    assert job.report
    assert job.report.why == "no-program@apptainer"
