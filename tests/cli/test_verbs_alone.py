"""Verbs that change something where there is no daemon: they make the commit themselves."""

from __future__ import annotations

import fcntl
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.console import PROGRAM, answer, run, write
from tests.client.place import git, make_repository
from tests.e2e.world import RECIPE, RECIPE_PATH

WHOLE = """\
apiVersion: reconciler/v1
kind: Service
metadata: {name: from-file, labels: {team: nlp, tier: gold}}
spec:
  recipe: web
  target: slurm
  replicas: 2   # options win
  nodes: 3
  config: {greeting: hello}
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return make_site(tmp_path)


def make_site(folder: Path) -> Path:
    """The settings; beside them a repository with `main` checked out."""
    make_repository(folder / "repository", {RECIPE_PATH: RECIPE})
    target = {"kind": "slurm", "folders": {"data": "/data", "logs": "/logs"}}
    settings = {
        "owner": "alone",
        "source": {"url": str(folder / "repository")},
        "targets": {"slurm": target},
        "state": str(folder / "state"),
    }
    return write(folder, {"reconciler.yaml": json.dumps(settings)})


@pytest.fixture(scope="module", autouse=True)
def stuck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A verb that waits for a daemon which holds the lock and says nothing, while the other tests go on."""
    site = make_site(tmp_path_factory.mktemp("stuck"))
    (site / "state").mkdir()
    with (site / "state/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        words = [PROGRAM, "suspend", "a", "--config", site / "reconciler.yaml"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            yield site, process
            process.kill()


def verb(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return run(*words, "--config", site / "reconciler.yaml")


def test_a_service_from_its_start_to_its_end(site: Path) -> None:
    repository = site / "repository"
    words = ["--set", "greeting=hi", "--set", "slurm.time=4h", "--label", "team=nlp", "--reason", "a\ntry"]
    done = verb(site, "start", "web", "--name", "alone-a", "--target", "slurm", *words)
    sha = git(repository, "rev-parse", "--short=12", "HEAD").strip()
    assert (done.returncode, done.stdout) == (
        0,
        f"started alone-a: commit {sha} on main (desired/alone-a.yaml); follow it: reconciler status -w\n",
    )
    assert done.stderr == f"no daemon works with {site}/state; committing to the repository directly\n"
    text = (repository / "desired/alone-a.yaml").read_text()
    assert text.partition("spec:")[2].split() == (
        ["recipe:", "web", "target:", "slurm", "config:", "greeting:", "hi", "slurm:", "time:", "4h"]
    )
    body = git(repository, "log", "-1", "--format=%B").splitlines()
    assert body[0] == "Start alone-a: web"
    assert {"Requested-Through: command line", "Requested-Verb: start"} < set(body)
    assert [line for line in body if line.startswith("Requested-Because: a")] != []
    assert "try" not in body

    changes = ["--set", "greeting=null", "--replicas", "2", "--label", "team-", "--label", "tier=gold"]
    updated = verb(site, "update", "alone-a", *changes)
    assert updated.stdout.startswith("updated alone-a: commit "), updated.stderr
    text = (repository / "desired/alone-a.yaml").read_text()
    assert "greeting" not in text
    assert "team" not in text
    assert "tier: gold" in text
    assert "replicas: 2" in text
    assert "say what is to change" in verb(site, "update", "alone-a").stderr

    taken = verb(site, "start", "web", "--name", "alone-a", "--target", "slurm")
    assert taken.returncode == 2
    assert "error: " in taken.stderr
    assert "desired/alone-a.yaml" in taken.stderr

    both = verb(site, "suspend", "alone-a", "nobody", "-o", "json")
    assert both.returncode == 2
    assert [one["subject"] for one in json.loads(both.stdout)] == ["Suspend alone-a"]
    assert "nobody" in both.stderr.splitlines()[-1]
    again = verb(site, "suspend", "alone-a")
    assert again.stdout.startswith("alone-a: nothing to change, desired/alone-a.yaml says so already at ")
    assert verb(site, "stop", "alone-a").stdout.startswith("stopped alone-a: commit ")
    assert not (repository / "desired/alone-a.yaml").exists()
    assert git(repository, "status", "--short") == ""


def test_a_service_from_a_file_and_options_that_win(site: Path) -> None:
    path = site / "service.yaml"
    path.write_text(WHOLE)
    done = verb(site, "start", "-f", str(path), "--replicas", "3", "--nodes", "1", "--label", "tier=silver")
    assert done.returncode == 0, done.stderr
    text = (site / "repository/desired/from-file.yaml").read_text()
    assert "replicas: 3" in text
    assert "nodes" not in text, "one is what it is anyway"
    assert "tier: silver" in text
    assert "team: nlp" in text


def test_what_is_wrong_is_said_as_validate_says_it_and_nothing_is_committed(site: Path) -> None:
    repository = site / "repository"
    head = git(repository, "rev-parse", "HEAD")
    wrong = verb(site, "start", "web", "--name", "wrong", "--target", "slurm", "--set", "greetin=3", "--nodes", "4")
    text = "apiVersion: reconciler/v1\nkind: Service\nmetadata:\n  name: wrong\nspec:\n  recipe: web\n  target: slurm\n"
    write(repository, {"desired/wrong.yaml": f"{text}  nodes: 4\n  config:\n    greetin: 3\n"})
    validated = run("validate", ".", cwd=repository)
    said = [line for line in wrong.stderr.splitlines() if line.startswith("error: ")]
    assert wrong.returncode == validated.returncode == 2
    assert len(said) == 2
    assert sorted(said) == sorted(validated.stderr.splitlines())
    assert git(repository, "rev-parse", "HEAD") == head


def test_waiting_needs_a_daemon(site: Path) -> None:
    head = git(site / "repository", "rev-parse", "HEAD")
    done = verb(site, "start", "web", "--target", "slurm", "--wait")
    assert (done.returncode, done.stdout) == (2, "")
    assert "so that nothing would come of it now; start one with `reconciler run`, or leave out --wait" in done.stderr
    assert git(site / "repository", "rev-parse", "HEAD") == head


def test_a_daemon_that_is_named_needs_no_settings(tmp_path: Path) -> None:
    for words in (["list"], ["status"], ["explain", "a"], ["logs", "a"]):
        said = answer(2, *words, "--server", "http://127.0.0.1:1", cwd=tmp_path)
        head = "error: http://127.0.0.1:1: no answer: Connection refused; "
        assert said == f"{head}is the daemon running, and is this its address?\n"


def test_a_token_is_read_from_a_file_and_never_an_argument(tmp_path: Path) -> None:
    assert "No such option" in answer(2, "list", "--token", "hunter22", cwd=tmp_path)
    server = ["--server", "http://127.0.0.1:1"]
    none = answer(2, "list", *server, "--token-file", tmp_path / "none", cwd=tmp_path)
    assert none == f"error: {tmp_path}/none: cannot be read: No such file or directory; it should have a token\n"
    (tmp_path / "token").write_text("two words of hunter22\n")
    said = answer(2, "list", *server, "--token-file", tmp_path / "token", cwd=tmp_path)
    assert said == "error: the token has characters that none has; is it the right file?\n"


def test_a_daemon_that_does_not_answer_is_not_passed_by(stuck: tuple[Path, subprocess.Popen[str]]) -> None:
    site, waiting = stuck
    out, err = waiting.communicate(timeout=60)
    said = f"error: somebody works with {site}/state and does not answer; try again when that has ended"
    assert (waiting.returncode, out, err) == (2, "", f"{said}, or name the daemon with --server\n")
    assert git(site / "repository", "log", "--format=%s") == "recipes\n"
