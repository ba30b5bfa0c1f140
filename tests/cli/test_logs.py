"""`logs`, `status --watch` and the history in `explain`, on a real cluster."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.factory import Factory
from tests.e2e.world import RECIPE, files, service, until

pytestmark = pytest.mark.slurm

_STARTS = 'command: [python3, -m, http.server, --bind, "${host}", "${port.http}"]'
_PROGRAM = (
    "import os, time; print('token', os.environ['TOKEN']); [print('line', n) or time.sleep(0.2) for n in range(10**6)]"
)
_TALKS = f'command: [python3, -uc, "{_PROGRAM}"]'
TALKER = RECIPE.replace("{name: web,", "{name: talker,").replace(_STARTS, _TALKS)


@contextmanager
def running(factory: Factory, out: Path, *argv: str) -> Iterator[subprocess.Popen[bytes]]:
    """A verb that goes on until it is ended, its output in a file."""
    with out.open("wb") as file:
        process = subprocess.Popen(factory.reconciler(*argv), env=factory.environment(), stdout=file, stderr=file)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def test_the_output_of_jobs_without_and_beside_a_daemon(factory: Factory, tmp_path: Path) -> None:
    secrets = {"TOKEN": {"name": "hub", "key": factory.owner}}
    factory.secret("hub", factory.owner, "hunter22\n")
    talks = {
        "recipes/inference/talker.yaml": TALKER,
        "desired/talks.yaml": service("talks", recipe="talker", secrets=secrets),
    }
    factory.commit(talks, "one that talks")
    none = factory.run("logs", "talks")
    assert (none.returncode, none.stdout) == (1, "")
    assert (
        none.stderr == "no daemon answers; looking at the targets directly\nnothing of talks runs or has ended lately\n"
    )
    wrong = factory.run("logs", "talk")
    assert (wrong.returncode, wrong.stderr.splitlines()[-1]) == (
        2,
        "error: there is no service talk; did you mean talks?",
    )

    factory.start()
    until("its first lines", lambda: "line 3" in factory.run("logs", "talks").stdout, 30)
    told = factory.run("logs", "talks", "--lines", "2000")
    assert told.stdout.splitlines()[0] == "token ***"
    assert "hunter22" not in told.stdout
    assert re.fullmatch(r"==> \d+ on slurm, replica 0: Running; the service is Running/\w+ <==\n", told.stderr)
    assert len(factory.run("logs", "talks", "-n", "2", "--replica", "0").stdout.splitlines()) == 2
    assert factory.run("logs", "talks", "--replica", "1").returncode == 1

    out = tmp_path / "out"
    with running(factory, out, "logs", "talks", "--follow", "-n", "1") as process:
        until("more lines", lambda: len(lines(out)) > 12, 30)
        assert process.poll() is None
    numbers = lines(out)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "each line once"
    factory.stop()
    assert "line " in factory.run("logs", "talks").stdout


def lines(out: Path) -> list[int]:
    words = [line.split() for line in out.read_text().splitlines()]
    return [int(word[1]) for word in words if len(word) == 2 and word[0] == "line"]


def test_who_watches_sees_what_changes_and_that_the_daemon_went(factory: Factory, tmp_path: Path) -> None:
    factory.commit(files("a"), "one service")
    factory.start()
    factory.wait_healthy(["a"], 90)
    out = tmp_path / "out"
    with running(factory, out, "status", "--watch", "--interval", "0.2"):
        until("a healthy line", lambda: "Running Healthy" in out.read_text(), 60)
        history = factory.run("explain", "a").stdout.partition("history   ")[2]
        assert "Absent/Progressing at first sight" in history
        assert "→ Running/Healthy" in history
        factory.stop()
        until("a word that it is gone", lambda: "no daemon answers now" in out.read_text(), 60)
        factory.start()
        shown = len(out.read_text())
        until("the table again", lambda: "a: slurm" in out.read_text()[shown:], 60)
    assert "Traceback" not in out.read_text()
