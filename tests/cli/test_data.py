"""`reconciler data` where no cluster answers: it tells what lies there, and removes nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from reconciler.cli.data_table import size_of
from tests.cli.console import run, write
from tests.client.place import make_repository
from tests.e2e.world import RECIPE, RECIPE_PATH, service

_MARK = "format=1\nowner=alone\nservice=db\nrecipe=web\nmade=2026-11-30T09:00:00Z\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Settings whose Slurm does not answer, and data of a service that nobody wants."""
    make_repository(tmp_path / "repository", {RECIPE_PATH: RECIPE})
    folders = {"data": str(tmp_path / "data"), "logs": str(tmp_path / "logs")}
    target = {"kind": "slurm", "transport": {"bin": str(tmp_path / "nowhere")}, "folders": folders}
    settings = {
        "owner": "alone",
        "source": {"url": str(tmp_path / "repository")},
        "targets": {"site": target},
        "state": str(tmp_path / "state"),
    }
    files = {"reconciler.yaml": json.dumps(settings), "data/db/0/.reconciler": _MARK, "data/db/0/data/word": "hello"}
    return write(tmp_path, files)


def test_what_is_not_known_is_told_as_such_and_stays(site: Path) -> None:
    done = run("data", "list", "-o", "json", "--config", site / "reconciler.yaml")
    assert done.returncode == 0, done.stderr
    (line,) = json.loads(done.stdout)
    known = ("site", "db", 0, "data", "web", "unknown", f"{site}/data/db/0/data")
    assert tuple(line[key] for key in ("target", "service", "replica", "volume", "recipe", "state", "place")) == known
    assert "squeue" in line["why"]
    assert line["used"] > 0
    assert line["claimed"] is None

    head, row = run("data", "list", "-o", "wide", "--config", site / "reconciler.yaml").stdout.splitlines()
    columns = "TARGET SERVICE REPLICA/VOLUME RECIPE USED CLAIMED CHANGED STATE PLACE WHY"
    assert head.split() == columns.split()
    assert row.split()[:4] == ["site", "db", "0/data", "web"]
    (read,) = YAML(typ="safe").load(run("data", "list", "-o", "yaml", "--config", site / "reconciler.yaml").stdout)
    assert read["service"] == "db"

    done = run("data", "remove", "db", "--yes", "--config", site / "reconciler.yaml")
    assert done.returncode == 2
    assert f"error: {site}/data/db/0/data on site is unknown: " in done.stderr
    assert (site / "data/db/0/data/word").exists()


def test_a_password_that_another_service_uses_is_not_removed(site: Path) -> None:
    settings = json.loads((site / "reconciler.yaml").read_text())
    settings["targets"]["site"]["folders"]["secrets"] = f"{site}/secrets"
    settings["source"]["url"] = str(site / "other")
    user = service("client", "site", "web", secrets={"PASSWORD": {"name": "db-generated", "key": "PASSWORD"}})
    make_repository(site / "other", {RECIPE_PATH: RECIPE, "desired/client.yaml": user})
    write(site, {"reconciler.yaml": json.dumps(settings), "secrets/db-generated/PASSWORD": "sesame"})
    shutil.rmtree(site / "data")
    done = run("data", "remove", "db", "--yes", "--config", site / "reconciler.yaml")
    said = "error: client on site uses a secret that was made for db; change that first\n"
    assert (done.returncode, done.stderr) == (2, said)
    assert (site / "secrets/db-generated/PASSWORD").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("list", "other"), 1, "no data fit"),
        (("remove", "db", "--replica", "7", "--yes"), 1, "no data of db are kept"),
        (("remove", "other", "--yes"), 2, "error: site: whether other runs there is not known, so nothing is removed"),
        (("remove", "db", "--target", "elsewhere"), 2, "error: targets: there is no target elsewhere; known: site"),
    ],
)
def test_other_answers(site: Path, words: tuple[str, ...], code: int, said: str) -> None:
    done = run("data", *words, "--config", site / "reconciler.yaml")
    assert done.returncode == code
    assert said in done.stderr


def test_without_its_repository_nothing_is_removed(site: Path) -> None:
    run("data", "list", "--config", site / "reconciler.yaml")  # it has a clone from now on
    shutil.rmtree(site / "repository")
    done = run("data", "remove", "db", "--yes", "--config", site / "reconciler.yaml")
    assert done.returncode == 2
    assert f"error: {site}/repository: " in done.stderr
    assert (site / "data/db/0/data/word").exists()


@pytest.mark.parametrize(
    ("count", "text"),
    [(None, "-"), (0, "0B"), (1023, "1023B"), (1536, "1.5Ki"), (1 << 30, "1Gi"), (5 << 60, "5120Pi")],
)
def test_sizes(count: int | None, text: str) -> None:
    assert size_of(count) == text
