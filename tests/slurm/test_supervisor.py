"""What the supervisor does around its server."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from reconciler.slurm.mark import Stage
from tests.slurm.jobs import Job, probed, shell
from tests.slurm.services import recipe, resolved


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


def test_who_follows_the_endpoint_has_moved_on_before_the_server_ends(start: Callable[..., Job]) -> None:
    job = start(resolved("web"))
    job.until(lambda: job.stage is Stage.OK)
    job.process.send_signal(signal.SIGTERM)
    job.until(lambda: job.stage is Stage.STOPPING)
    assert job.report
    socket.create_connection(("127.0.0.1", job.report.ports[0][1]), timeout=5).close()
    assert job.end()[0] == 128 + signal.SIGTERM


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


def test_a_server_that_is_not_healthy_in_time_fails(start: Callable[..., Job]) -> None:
    health = {"tcp": {"port": "http"}, "startup": "1s", "interval": "1s", "timeout": "1s"}
    job = start(shell("sleep 60", health=health))
    code, log = job.end()
    assert code == 128 + signal.SIGTERM
    assert "not healthy 1 s after its start" in log
    assert job.stage is Stage.LATE


def test_failed_probes_in_a_row_make_it_bad_and_one_good_makes_it_ok(start: Callable[..., Job], tmp_path: Path) -> None:
    up = tmp_path / "up"
    job = start(shell("sleep 60", health=probed(tmp_path)))
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
    secret.chmod(0o600)
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
    assert "s3cr3t" not in (tmp_path / "reports-4711").read_text()


def test_a_secret_that_is_missing_ends_the_job_with_its_name(start: Callable[..., Job]) -> None:
    code, log = start(resolved("web", secrets={"HF_TOKEN": {"name": "hf", "key": "token"}})).end()
    assert code == 78
    assert "no secret file for HF_TOKEN at" in log
