"""What the supervisor does around the exporter beside its server."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.models.wanted import ResolvedService
from reconciler.slurm.mark import Stage
from tests.slurm.jobs import Job, probed
from tests.slurm.services import recipe, resolved

#: Writes down its process id and its environment, and then waits.
WAITS = "cat /proc/self/environ >{0}/environ; echo $$ >>{0}/pids; exec sleep 60"


def exporting(folder: Path, exporter: str, server: str = "exec sleep 60", **more: Any) -> ResolvedService:
    """A server and an exporter that are lines of shell; `more` are fields of the exporter."""
    process = {"command": ["bash", "-c", exporter.format(folder)]}
    (folder / "up").touch()
    made = recipe(
        ports={"http": {"container": 8080}, "metrics": {"container": 9187}},
        start={"process": {"command": ["bash", "-c", server.format(folder)]}},
        health=probed(folder),
        metrics={"port": "metrics"},
        exporter={"image": "example.org/exporter:1", "process": process, **more},
        secrets={"TOKEN": {"description": "A token.", "required": True}},
        stateful=True,  # it stops at once then
    )
    secret = folder / "secrets/vault/word"
    secret.parent.mkdir(parents=True)
    secret.write_text("s3cr3t\n")
    secret.chmod(0o600)
    return resolved("db", made, secrets={"TOKEN": {"name": "vault", "key": "word"}}, env={"OF_THE_SERVER": "yes"})


def pids(folder: Path) -> list[int]:
    """Of all exporters that were started, in order."""
    path = folder / "pids"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def told_ports(job: Job) -> list[str]:
    assert job.report
    return [name for name, _ in job.report.ports]


def test_it_starts_when_the_server_is_well_and_knows_only_what_it_is_told(
    start: Callable[..., Job], tmp_path: Path
) -> None:
    own = {"URL": "127.0.0.1:${port.http}", "FILE": "${secretfile.TOKEN}", "LISTEN": "${port.metrics}"}
    job = start(exporting(tmp_path, WAITS, env=own, secrets={"WORD": "TOKEN"}))
    job.until(lambda: job.stage is Stage.OK and bool(pids(tmp_path)))
    assert job.report
    ports = dict(job.report.ports)
    lines = (tmp_path / "environ").read_text().split("\0")
    assert {f"URL=127.0.0.1:{ports['http']}", f"LISTEN={ports['metrics']}", "WORD=s3cr3t"} <= set(lines)
    assert f"FILE={tmp_path}/secrets/vault/word" in lines
    assert [line for line in lines if line.startswith(("TOKEN=", "OF_THE_SERVER="))] == []


def test_killed_it_comes_back_and_nobody_else_sees_it(start: Callable[..., Job], tmp_path: Path) -> None:
    job = start(exporting(tmp_path, WAITS, "echo $$ >{0}/server; exec sleep 60"))
    job.until(lambda: job.stage is Stage.OK and len(pids(tmp_path)) == 1)
    reports = len(job.stamps)
    os.kill(pids(tmp_path)[0], signal.SIGKILL)
    job.until(lambda: len(pids(tmp_path)) == 2)
    assert is_alive(int((tmp_path / "server").read_text()))
    assert (job.stage, len(job.stamps)) == (Stage.OK, reports)
    job.process.send_signal(signal.SIGTERM)
    assert "the exporter ended with 137; starts again in 1 s" in job.end()[1]
    assert [pid for pid in pids(tmp_path) if is_alive(pid)] == []


def test_one_that_ends_at_once_is_tried_ever_less_often(start: Callable[..., Job], tmp_path: Path) -> None:
    job = start(exporting(tmp_path, "echo $$ >>{0}/pids; exit 3"))
    job.until(lambda: len(pids(tmp_path)) == 3)
    assert job.stage is Stage.OK
    job.process.send_signal(signal.SIGTERM)
    _, log = job.end()
    pauses = [line.rpartition("ended with 3; starts again in ")[2] for line in log.splitlines() if "exporter" in line]
    assert pauses == ["1 s", "2 s", "4 s"]


@pytest.mark.parametrize("exporter", [WAITS, f"trap '' TERM; {WAITS}"], ids=["at once", "not by itself"])
def test_it_ends_before_the_server_is_asked_to(start: Callable[..., Job], tmp_path: Path, exporter: str) -> None:
    look = "grep '^State:' /proc/$(cat {0}/pids)/status >{0}/state"
    server = f"trap '{look}; exit 5' TERM; while :; do sleep 0.05; done"
    job = start(exporting(tmp_path, exporter, server))
    job.until(lambda: job.stage is Stage.OK and bool(pids(tmp_path)))
    job.process.send_signal(signal.SIGTERM)
    code, log = job.end()
    assert code == 5
    assert (tmp_path / "state").read_text().split()[1:2] in ([], ["Z"])
    assert "the exporter ended" not in log


def test_it_ends_with_a_server_that_ends_by_itself(start: Callable[..., Job], tmp_path: Path) -> None:
    job = start(exporting(tmp_path, WAITS, "until [ -e {0}/enough ]; do sleep 0.05; done; exit 3"))
    job.until(lambda: bool(pids(tmp_path)))
    (tmp_path / "enough").touch()
    assert job.end()[0] == 3
    assert not is_alive(pids(tmp_path)[0])


def test_a_program_that_is_not_there_is_told_and_its_port_is_not(start: Callable[..., Job], tmp_path: Path) -> None:
    job = start(exporting(tmp_path, "", process={"command": ["no-such-exporter", "--port=${port.metrics}"]}))
    job.until(lambda: job.stage is Stage.OK)
    assert told_ports(job) == ["http"]
    job.process.send_signal(signal.SIGTERM)
    _, log = job.end()
    (line,) = [line for line in log.splitlines() if "exporter" in line]
    assert "no program no-such-exporter on the PATH of this node: goes on without an exporter of metrics" in line


def test_sites_may_have_it_under_another_name(start: Callable[..., Job], tmp_path: Path) -> None:
    process = {"command": ["no-such-exporter", "-c", WAITS.format(tmp_path)], "names": ["neither-this", "bash"]}
    job = start(exporting(tmp_path, "", process=process))
    job.until(lambda: job.stage is Stage.OK and bool(pids(tmp_path)))
    assert told_ports(job) == ["http", "metrics"]


def test_without_a_program_for_jobs_there_are_no_metrics(start: Callable[..., Job], tmp_path: Path) -> None:
    job = start(exporting(tmp_path, "", process=None))
    job.until(lambda: job.stage is Stage.OK)
    assert told_ports(job) == ["http"]


def test_it_never_holds_the_lock_of_the_data_and_ends_with_its_supervisor(
    start: Callable[..., Job], tmp_path: Path
) -> None:
    job = start(exporting(tmp_path, WAITS, "echo $$ >{0}/server; exec sleep 60"))
    job.until(lambda: job.stage is Stage.OK and bool(pids(tmp_path)))
    (exporter,) = pids(tmp_path)
    keeper = int(Path(f"/proc/{exporter}/stat").read_text().rpartition(")")[2].split()[1])
    held = [str(one.readlink()) for pid in (exporter, keeper) for one in Path(f"/proc/{pid}/fd").iterdir()]
    assert [path for path in held if path.endswith(".lock")] == []
    job.process.kill()
    job.process.wait()
    for pid in (exporter, int((tmp_path / "server").read_text())):
        os.kill(pid, signal.SIGKILL)
    job.until(lambda: not is_alive(keeper))
    assert pids(tmp_path) == [exporter]


def test_what_it_says_shows_no_secret_that_a_command_gave(start: Callable[..., Job], tmp_path: Path) -> None:
    service = exporting(tmp_path, 'echo "with $WORD"; echo $$ >>{0}/pids; exec sleep 60', secrets={"WORD": "TOKEN"})
    job = start(service, secret_command=("printf", "s3cr3t-%s-%s"))
    job.until(lambda: job.stage is Stage.OK and bool(pids(tmp_path)))
    job.process.send_signal(signal.SIGTERM)
    _, log = job.end()
    assert "with ***" in log
    assert "s3cr3t" not in log
