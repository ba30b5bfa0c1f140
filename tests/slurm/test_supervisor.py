"""The whole script in the real bash, without Slurm; `scontrol` is a program that writes down what it is told."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from reconciler.models.wanted import ResolvedService
from reconciler.slurm.mark import Report, Stage, read
from reconciler.slurm.sbatch import template
from tests.slurm.services import mark, recipe, resolved, target

_SECONDS = 15.0


class Job:
    """One run of a script."""

    def __init__(self, folder: Path, service: ResolvedService, replica: int = 0) -> None:
        self.folder = folder
        self._reports = folder / "reports"
        self._write("scontrol", f'echo "${{3#Comment=}}" >>{self._reports}')
        site = target(folder, path=(folder / "bin",))
        script = template(service, site).submission(mark(service.name, replica), 0, ()).script
        environment = {"PATH": os.environ["PATH"], "SLURM_JOB_ID": "4711", "TMPDIR": str(folder)}
        self.process = subprocess.Popen(
            ["bash", "-c", script], env=environment, start_new_session=True, stderr=subprocess.PIPE, text=True
        )

    def _write(self, name: str, script: str) -> None:
        program = self.folder / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/bash\n{script}\n")
        program.chmod(0o755)

    @property
    def report(self) -> Report | None:
        """The last report."""
        lines = self._reports.read_text().splitlines() if self._reports.exists() else []
        found = read(lines[-1]) if lines else None
        return found[1] if found else None

    @property
    def stage(self) -> Stage | None:
        """The stage in the last report."""
        return self.report.stage if self.report else None

    def until(self, what: Callable[[], bool]) -> None:
        """Wait until it is so."""
        deadline = time.monotonic() + _SECONDS
        while not what():
            assert time.monotonic() < deadline, f"last report: {self.report}"
            time.sleep(0.02)

    def end(self) -> tuple[int, str]:
        """Exit code and log."""
        _, log = self.process.communicate(timeout=_SECONDS)
        return self.process.returncode, log


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Job]]:
    jobs: list[Job] = []

    def _start(service: ResolvedService, replica: int = 0) -> Job:
        jobs.append(Job(tmp_path, service, replica))
        return jobs[-1]

    yield _start
    for job in jobs:
        if job.process.poll() is None:
            job.process.send_signal(signal.SIGTERM)
        job.process.communicate(timeout=_SECONDS)


def shell(command: str, **spec: Any) -> ResolvedService:
    """A service that runs a line of shell."""
    return resolved("web", recipe(start={"process": {"command": ["bash", "-c", command]}}, **spec))


def test_a_server_becomes_healthy_and_tells_its_endpoint(start: Callable[..., Job]) -> None:
    job = start(resolved("web"))
    job.until(lambda: job.stage is Stage.OK)
    assert job.report
    ((name, port),) = job.report.ports
    assert name == "http"
    socket.create_connection(("127.0.0.1", port), timeout=5).close()


def test_a_port_that_is_taken_is_left_alone(start: Callable[..., Job]) -> None:
    first = 20000 + 4711 * 16 % 10000
    with ExitStack() as stack:
        with suppress(OSError):  # somebody else on this machine may have it: as good
            stack.enter_context(socket.create_server(("127.0.0.1", first)))
        job = start(resolved("web"))
        job.until(lambda: job.report is not None)
        assert job.report
        assert first < job.report.ports[0][1] < first + 100


def test_asked_to_stop_it_sends_the_signal_of_the_recipe(start: Callable[..., Job], tmp_path: Path) -> None:
    service = shell(
        f"trap 'echo INT >{tmp_path}/got; exit 7' INT; touch {tmp_path}/up; while :; do sleep 0.1; done",
        stop={"signal": "INT", "grace": "5s"},
    )
    job = start(service)
    job.until((tmp_path / "up").exists)
    job.process.send_signal(signal.SIGTERM)
    assert job.end()[0] == 7
    assert (tmp_path / "got").read_text() == "INT\n"
    assert job.report
    assert (job.report.stage, job.report.code) == (Stage.STOPPING, 7)


def test_a_server_that_does_not_stop_is_killed_after_its_grace(start: Callable[..., Job], tmp_path: Path) -> None:
    job = start(shell(f"trap '' TERM; touch {tmp_path}/up; while :; do sleep 0.1; done", stop={"grace": "1s"}))
    job.until((tmp_path / "up").exists)
    job.process.send_signal(signal.SIGTERM)
    code, log = job.end()
    assert code == 128 + signal.SIGKILL
    assert "killed after 1 s" in log


def test_near_its_time_limit_it_stops_and_says_so(start: Callable[..., Job]) -> None:
    job = start(resolved("web"))
    job.until(lambda: job.stage is Stage.OK)
    job.process.send_signal(signal.SIGUSR1)
    job.end()
    assert job.stage is Stage.EXPIRING


def test_a_server_that_is_not_healthy_in_time_fails(start: Callable[..., Job]) -> None:
    health = {"tcp": {"port": "http"}, "startup": "1s", "interval": "1s", "timeout": "1s"}
    job = start(shell("sleep 60", health=health))
    code, log = job.end()
    assert code == 128 + signal.SIGTERM
    assert "not healthy 1 s after its start" in log
    assert job.stage is Stage.LATE


def test_failed_probes_in_a_row_make_it_bad_and_one_good_makes_it_ok(start: Callable[..., Job], tmp_path: Path) -> None:
    up = tmp_path / "up"
    health = {
        "exec": {"command": ["test", "-e", str(up)]},
        "startup": "20s",
        "interval": "1s",
        "timeout": "1s",
        "failures": 1,
    }
    job = start(shell("sleep 60", health=health))
    up.touch()
    job.until(lambda: job.stage is Stage.OK)
    up.unlink()
    job.until(lambda: job.stage is Stage.BAD)
    up.touch()
    job.until(lambda: job.stage is Stage.OK)


def test_a_server_that_ends_ends_the_job_with_its_code(start: Callable[..., Job]) -> None:
    job = start(shell("exit 3"))
    assert job.end()[0] == 3
    assert job.report
    assert job.report.code == 3


def test_volumes_and_steps_are_there_before_the_server(start: Callable[..., Job], tmp_path: Path) -> None:
    made = "${storage.data}/made"
    service = resolved(
        "db",
        recipe(
            storage={
                "data": {"path": "/data", "size": "1Mi"},
                "run": {"path": "/run", "size": "1Mi", "persistent": False},
                "shm": {"path": "/dev/shm", "size": "1Mi", "persistent": False, "memory": True},
            },
            start={
                "process": {
                    "prepare": [{"unless": made, "command": ["cp", "/proc/self/environ", made]}],
                    "command": ["bash", "-c", 'ls -d "$@"; pwd', "-", made, "${storage.run}", "${storage.shm}"],
                }
            },
        ),
        env={"HELLO": "world"},
    )
    job = start(service, replica=2)
    assert job.end()[0] == 0
    assert b"HELLO=world" in (tmp_path / "data/db/2/data/made").read_bytes()
    assert [path.name for path in tmp_path.glob("reconciler-*")] == []
    assert [path.name for path in Path("/dev/shm").glob("reconciler-4711-*")] == []


def test_a_step_that_fails_ends_the_job(start: Callable[..., Job]) -> None:
    process = {"prepare": [{"unless": "/nonexistent", "command": ["false"]}], "command": ["sleep", "60"]}
    code, log = start(resolved("web", recipe(start={"process": process}))).end()
    assert code == 78
    assert "the step false ended with 1" in log


def test_a_secret_is_in_the_servers_environment_and_nowhere_else(start: Callable[..., Job], tmp_path: Path) -> None:
    secret = tmp_path / "secrets/hf/token"
    secret.parent.mkdir(parents=True)
    secret.write_text("s3cr3t $(id)\n")
    service = resolved(
        "web",
        recipe(start={"process": {"command": ["bash", "-c", f'echo "$HF_TOKEN" >{tmp_path}/seen; sleep 60']}}),
        secrets={"HF_TOKEN": {"name": "hf", "key": "token"}},
    )
    job = start(service)
    job.until(lambda: (tmp_path / "seen").exists() and bool((tmp_path / "seen").read_text()))
    assert (tmp_path / "seen").read_text() == "s3cr3t $(id)\n"
    assert b"s3cr3t" not in Path(f"/proc/{job.process.pid}/environ").read_bytes()
    assert b"s3cr3t" not in Path(f"/proc/{job.process.pid}/cmdline").read_bytes()
    assert "s3cr3t" not in (tmp_path / "reports").read_text()


def test_a_secret_that_is_missing_ends_the_job_with_its_name(start: Callable[..., Job]) -> None:
    code, log = start(resolved("web", secrets={"HF_TOKEN": {"name": "hf", "key": "token"}})).end()
    assert code == 78
    assert "no secret file for HF_TOKEN at" in log
