"""What is installed from a wheel has everything that it needs; the Dockerfile copies what there is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from reconciler.slurm.job.script import SUPERVISOR

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment that has the wheel; what it depends on comes from the present one."""
    folder = tmp_path_factory.mktemp("packaging")
    tree = folder / "tree"
    for name in ("reconciler", "lab", "recipes", "rules", "dashboards"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    pip("wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={folder}", str(tree))
    venv.create(folder / "fresh", with_pip=False, symlinks=True)
    (wheel,) = folder.glob("*.whl")
    pip("--python", str(folder / "fresh"), "install", "--no-deps", "--no-index", str(wheel))
    return folder / "fresh" / "bin"


def pip(*argv: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *argv]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def run(installed: Path, program: str, *argv: str) -> str:
    """What a program of the fresh environment prints, far from the source tree."""
    environment = {**os.environ, "PYTHONPATH": sysconfig.get_path("purelib")}
    command = [installed / program, *argv]
    done = subprocess.run(
        command, cwd=installed.parent, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_runs_from_where_it_is_installed(installed: Path) -> None:
    place = run(installed, "python", "-c", "import reconciler; print(reconciler.__file__)")
    assert Path(place).is_relative_to(installed.parent)
    assert run(installed, "reconciler", "--version").startswith("reconciler ")


def test_it_brings_every_recipe(installed: Path) -> None:
    listed = {line.split()[0] for line in run(installed, "reconciler", "recipes").splitlines()[1:]}
    assert listed == {path.stem for path in ROOT.glob("recipes/*/*.yaml")}


def test_it_brings_the_rules_for_prometheus(installed: Path) -> None:
    brought = {path.name: path.read_text() for path in (installed.parent / "share/reconciler/rules").iterdir()}
    assert brought == {path.name: path.read_text() for path in ROOT.glob("rules/*.yaml")}


def test_it_brings_the_dashboards_for_grafana(installed: Path) -> None:
    brought = installed.parent / "share" / "reconciler" / "dashboards"
    kept = [path for pattern in ("*.json", "provisioning/*.yaml") for path in (ROOT / "dashboards").glob(pattern)]
    assert {path.name for path in brought.glob("**/*.*")} == {path.name for path in kept}
    for path in kept:
        assert (brought / path.relative_to(ROOT / "dashboards")).read_text() == path.read_text()


def test_it_brings_the_supervisor_of_jobs(installed: Path) -> None:
    text = run(
        installed, "python", "-c", "from reconciler.slurm.job.script import SUPERVISOR; print(SUPERVISOR, end='')"
    )
    assert text == SUPERVISOR


def test_the_dockerfile_copies_files_that_exist() -> None:
    lines = [line.split() for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("COPY ")]
    sources = [word for _, *words, _ in lines if not words[0].startswith("--from=") for word in words]
    assert {"pyproject.toml", "reconciler", "recipes", "rules", "dashboards"} <= set(sources)
    assert [name for name in sources if not (ROOT / name).exists()] == []
