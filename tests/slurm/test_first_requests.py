"""When a job counts as healthy: thresholds, and the first real request; the whole script with its server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reconciler.models.wanted import ResolvedService
from reconciler.slurm.mark import Stage
from tests.slurm.jobs import Job, probed, shell
from tests.slurm.model_server import SERVER
from tests.slurm.services import recipe, resolved


def model(folder: Path, startup: str = "20s") -> ResolvedService:
    """A service of this server, with a first request."""
    (folder / "server.py").write_text(SERVER)
    asked = {"port": "http", "method": "POST", "path": "/v1", "body": "{}", "contains": "token", "timeout": "1s"}
    health = {
        "http": {"port": "http", "path": "/health", "contains": "fine"},
        "startup": startup,
        "interval": "1s",
        "timeout": "1s",
        "failures": 1,
        "firstRequest": asked,
    }
    command = ["python3", f"{folder}/server.py", "${port.http}", str(folder)]
    return resolved("web", recipe(start={"process": {"command": command}}, health=health))


def asked(folder: Path) -> int:
    """How many first requests it got."""
    return len((folder / "asked").read_text().splitlines()) if (folder / "asked").exists() else 0


def test_a_start_is_done_when_the_first_request_was_answered_once(start: Callable[..., Job], tmp_path: Path) -> None:
    job = start(model(tmp_path))
    job.until(lambda: asked(tmp_path) >= 2)
    assert job.stage is Stage.STARTING
    (tmp_path / "loaded").touch()
    job.until(lambda: job.stage is Stage.OK)
    (tmp_path / "loaded").unlink()
    before = asked(tmp_path)
    (tmp_path / "ill").touch()
    job.until(lambda: job.stage is Stage.BAD)
    (tmp_path / "ill").unlink()
    job.until(lambda: job.stage is Stage.OK)
    assert asked(tmp_path) == before
    whys = [stamp.report.why for stamp in job.stamps if stamp.report]
    assert whys == ["", "", "http-503@GET/health", ""]


def test_a_server_that_never_does_its_work_is_late_and_tells_why(start: Callable[..., Job], tmp_path: Path) -> None:
    job = start(model(tmp_path, "2s"))
    code, log = job.end()
    assert code
    assert "not healthy 2 s after its start: http-503@first:POST/v1" in log
    assert job.report
    assert (job.report.stage, job.report.why) == (Stage.LATE, "http-503@first:POST/v1")


def test_a_server_may_end_while_it_does_its_first_work(start: Callable[..., Job], tmp_path: Path) -> None:
    (tmp_path / "up").touch()
    first = {"port": "http", "path": "/", "timeout": "30s"}
    listen = "import socket, sys; socket.create_server(('127.0.0.1', int(sys.argv[1]))).accept()[0].recv(4096)"
    command = ["python3", "-c", listen, "${port.http}"]
    health = probed(tmp_path) | {"firstRequest": first}
    job = start(resolved("web", recipe(start={"process": {"command": command}}, health=health)))
    assert job.end()[0] == 0
    assert job.report
    assert (job.report.stage, job.report.code) == (Stage.STARTING, 0)


def test_several_good_probes_in_a_row_may_be_needed(start: Callable[..., Job], tmp_path: Path) -> None:
    counted = f"echo >>{tmp_path}/probes; test -e {tmp_path}/up"
    health = probed(tmp_path) | {"exec": {"command": ["bash", "-c", counted]}, "successes": 3}
    (tmp_path / "up").touch()
    job = start(shell("sleep 60", health=health))

    def probes() -> int:
        return len((tmp_path / "probes").read_text().splitlines())

    job.until(lambda: job.stage is Stage.OK)
    assert probes() >= 3
    (tmp_path / "up").unlink()
    job.until(lambda: job.stage is Stage.BAD)
    assert job.report
    assert job.report.why == "exit-1@bash"
    before = probes()
    (tmp_path / "up").touch()
    job.until(lambda: job.stage is Stage.OK)
    assert probes() - before >= 3
