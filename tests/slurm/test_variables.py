"""Variables of a service reach its server under any name, or the name is refused: none is lost on the way."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from reconciler.desired.variables import TAKEN, check_variables
from reconciler.models.wanted import ResolvedService
from reconciler.slurm.job.sbatch import template
from tests.desired.test_resolve import load
from tests.slurm.services import mark, recipe, resolved, target

KEY = {"name": "some", "key": "key"}


def _script(service: ResolvedService) -> str:
    return template(service, target()).submission(mark("web"), 0, ()).script.removesuffix("supervise\n")


def _names() -> list[str]:
    """All that the script assigns, and all that bash has by itself."""
    known = subprocess.run(["bash", "-c", "compgen -v"], capture_output=True, text=True, check=True).stdout.split()
    found = re.findall(r"\b([A-Za-z_][A-Za-z0-9_]*)=", _script(resolved("web", recipe())))
    declared = re.findall(r"\b(?:local|declare -[aA]|for|read -r) ([a-z_]+)", _script(resolved("web", recipe())))
    return sorted({*known, *found, *declared, "answers", "veil", "secret_files", "MY_own", "env_prefix"} - TAKEN)


def _environment(service: ResolvedService, folder: Path, before: str = "") -> list[str]:
    """What the server of the service finds, as the real bash passes it on."""
    commands = f"{before} scratch={folder}; exec {{answers}}</dev/null; become /usr/bin/env --null"
    done = subprocess.run(["bash", "-s"], input=(_script(service) + commands).encode(), capture_output=True, check=True)
    return done.stdout.decode().split("\0")


def test_every_name_that_is_not_refused_arrives(tmp_path: Path) -> None:
    names = _names()
    assert {"name", "service", "PATH", "IFS", "node"} <= {*names}
    found = _environment(resolved("web", env=dict.fromkeys(names, "a b")), tmp_path)
    assert [name for name in names if f"{name}=a b" not in found] == []


def test_every_secret_arrives_under_its_name(tmp_path: Path) -> None:
    (tmp_path / "value").write_text("a b\n")
    names = _names()
    files = "".join(f"secret_files[{name}]={tmp_path}/value; " for name in names)
    found = _environment(resolved("web", secrets=dict.fromkeys(names, KEY)), tmp_path, files)
    assert [name for name in names if f"{name}=a b" not in found] == []


@pytest.mark.parametrize(
    "spec",
    [
        {"env": {"UID": "1"}},
        {"start": {"process": {"command": ["true"], "env": {"UID": "1"}}}},
        {"exporter": {"image": "a:1", "env": {"UID": "1"}, "process": {"command": ["true"]}}},
    ],
)
def test_so_are_those_of_a_recipe(spec: dict[str, Any]) -> None:
    made = recipe(**spec)
    (finding,) = check_variables("meluxina", resolved("web", made).service.spec, made)
    assert (finding.path, "variable UID cannot be passed on" in finding.problem) == (("spec", "recipe"), True)


@pytest.mark.parametrize("name", ["UID", "scratch", "storage"])
def test_the_others_are_refused_with_their_place(name: str) -> None:
    assert name in TAKEN
    _, complaints = load(f"{{recipe: faiss, target: meluxina, env: {{{name}: x}}}}")
    assert any(f"spec.env.{name}: cannot be passed on by a job" in one for one in complaints), complaints
    _, complaints = load(f"{{recipe: faiss, target: meluxina, secrets: {{{name}: {{name: a, key: b}}}}}}")
    assert any(f"spec.secrets.{name}: cannot be passed on by a job" in one for one in complaints), complaints
    service, complaints = load(f"{{recipe: faiss, target: cloud, env: {{{name}: x}}}}")
    assert service is not None, complaints


def test_a_secret_that_bash_would_complain_of_aloud() -> None:
    _, complaints = load("{recipe: faiss, target: meluxina, secrets: {LC_ALL: {name: a, key: b}}}")
    assert any("spec.secrets.LC_ALL: cannot be passed on" in one and "to the log" in one for one in complaints), (
        complaints
    )
    service, complaints = load("{recipe: faiss, target: meluxina, env: {LC_ALL: C}}")
    assert service is not None, complaints
