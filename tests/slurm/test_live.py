"""Observer and deployer on the lab's real Slurm."""

from __future__ import annotations

import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab.wait import until
from reconciler.errors import RefusedError, UnreachableError
from reconciler.models.health import Health
from reconciler.models.workload import Phase
from reconciler.slurm.mark import write
from tests.slurm.cluster import Cluster, ended, healthy
from tests.slurm.model_server import SERVER
from tests.slurm.services import OWNER, mark, resolved

pytestmark = pytest.mark.slurm


def test_a_service_becomes_healthy_answers_and_stops_as_asked(cluster: Cluster) -> None:
    service = cluster.service()
    cluster.deployer.deploy(service, mark(service.name, 1, generation=2, revision="0123456789ab"), 0.0, ())
    workload = cluster.wait(service.name, healthy)
    assert workload.mark == mark(service.name, 1, generation=2, revision="0123456789ab")
    ((name, address),) = workload.endpoints
    assert name == "http"
    with urllib.request.urlopen(f"http://{address}/", timeout=5) as answer:
        assert answer.status == 200
    cluster.deployer.cancel(workload, removal=False)
    last = cluster.wait(service.name, ended)
    assert (last.health, last.reason) == (Health.SUSPENDED, "was stopped, as asked")


def test_what_is_gone_already_can_be_cancelled_again(cluster: Cluster) -> None:
    service = cluster.service()
    cluster.deployer.deploy(service, mark(service.name), 0.0, ())
    workload = cluster.wait(service.name, healthy)
    cluster.deployer.cancel(workload, removal=True)
    cluster.wait(service.name, ended)
    cluster.deployer.cancel(workload, removal=True)
    assert len(cluster.seen(service.name)) == 1


def test_a_failed_job_tells_why(cluster: Cluster) -> None:
    service = cluster.service(start={"process": {"command": ["bash", "-c", "exit 3"]}})
    cluster.deployer.deploy(service, mark(service.name, attempt=4), 0.0, ())
    last = cluster.wait(service.name, ended)
    log = f"{service.name}.0-{last.id}.out"
    assert (last.health, last.reason, last.mark.attempt) == (Health.FAILED, f"ended with exit code 3; log: {log}", 4)
    assert (cluster.facts.logs / log).exists()


def test_a_delay_is_kept_by_slurm_and_a_pending_job_can_be_cancelled(cluster: Cluster) -> None:
    service = cluster.service()
    cluster.deployer.deploy(service, mark(service.name), 300.0, ())
    waiting = cluster.wait(service.name, lambda workload: "begin time" in workload.reason)
    assert (waiting.phase, waiting.health) == (Phase.PENDING, Health.PENDING)
    cluster.deployer.cancel(waiting, removal=False)
    assert cluster.wait(service.name, ended).reason == "was cancelled"


def test_a_stateful_service_waits_for_the_one_before(cluster: Cluster) -> None:
    service = cluster.service(stateful=True)
    cluster.deployer.deploy(service, mark(service.name), 0.0, ())
    first = cluster.wait(service.name, healthy)
    cluster.deployer.deploy(service, mark(service.name, generation=1), 0.0, (first,))
    second = cluster.wait(service.name, lambda workload: "for the job before it" in workload.reason)
    assert second.phase is Phase.PENDING
    cluster.deployer.cancel(first, removal=False)
    assert cluster.wait(service.name, healthy).id == second.id


def test_a_pending_job_that_started_meanwhile_is_cancelled_too(cluster: Cluster) -> None:
    service = cluster.service()
    cluster.deployer.deploy(service, mark(service.name), 300.0, ())
    (pending,) = cluster.seen(service.name)
    cluster.facts.command("scontrol", "update", f"JobId={pending.id}", "StartTime=now")
    running = cluster.wait(service.name, healthy)
    cluster.deployer.cancel(pending, removal=False)
    cluster.wait(service.name, ended)
    assert running.id == pending.id


def test_jobs_of_others_are_reported_and_never_touched(cluster: Cluster) -> None:
    service = cluster.service()
    name = f"{service.name}.0"
    jobs = [
        cluster.submit(f"--job-name={name}", "--comment=theirs"),
        cluster.submit(f"--job-name={name}", f"--comment={write(mark(service.name)).replace(OWNER, 'factory-b')}"),
        cluster.submit("--job-name=copy", f"--comment={write(mark(service.name))}"),
    ]
    cluster.deployer.deploy(service, mark(service.name), 0.0, ())
    ours = cluster.wait(service.name, healthy)
    assert [conflict.what.split()[1] for conflict in cluster.observer.look().conflicts] == jobs[:2]
    cluster.deployer.cancel(ours, removal=True)
    cluster.wait(service.name, ended)
    states = cluster.facts.command("squeue", "--noheader", f"--jobs={','.join(jobs)}", "--format=%T").split()
    assert set(states) == {"RUNNING"}
    assert len(states) == 3


def test_hostile_text_of_others_changes_nothing_for_ours(cluster: Cluster) -> None:
    service = cluster.service()
    forged = write(mark(service.name, 7))
    cluster.submit("--job-name=a\nb\x1e\x1f|\x01", f"--comment=\n{forged}\n")
    cluster.submit(f"--job-name={service.name}.7\n", f"--comment={forged}")
    cluster.submit("--job-name='\"`$(id)", "--comment=(null)")
    cluster.deployer.deploy(service, mark(service.name), 0.0, ())
    cluster.wait(service.name, healthy)
    assert [workload.mark.replica for workload in cluster.seen(service.name)] == [0]


def test_a_request_that_no_node_can_meet_is_refused_with_slurms_words(cluster: Cluster) -> None:
    service = resolved("huge", resources={"gpus": 1, "gpuType": "h100"})
    with pytest.raises(RefusedError, match="node configuration is not available"):
        cluster.deployer.deploy(service, mark("huge"), 0.0, ())


def test_without_the_controller_a_look_is_incomplete_and_a_submit_did_not_happen(cluster: Cluster) -> None:
    service = cluster.service()
    cluster.facts.stop_controller()
    try:
        with ThreadPoolExecutor() as pool:  # each waits for 9 seconds
            looking = pool.submit(cluster.observer.look)
            submitting = pool.submit(cluster.deployer.deploy, service, mark(service.name), 0.0, ())
            look, error = looking.result(), submitting.exception()
    finally:
        cluster.facts.start_controller()
    assert isinstance(error, UnreachableError)
    assert "Unable to contact slurm controller" in str(error)
    assert not look.complete
    assert "Unable to contact slurm controller" in look.why
    assert cluster.seen(service.name) == ()


def test_the_environment_of_the_daemon_changes_nothing(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SBATCH_PARTITION": "short", "SQUEUE_STATES": "PD", "TOKEN": "s3cr3t"}.items():
        monkeypatch.setenv(name, value)
    service = cluster.service(start={"process": {"command": ["env"]}}, env={"HELLO": "world"})
    cluster.deployer.deploy(service, mark(service.name), 0.0, ())
    job = cluster.wait(service.name, ended).id
    monkeypatch.undo()
    assert (
        cluster.facts.command("squeue", "--noheader", "--states=all", f"--jobs={job}", "--format=%P").strip() == "main"
    )
    log = (cluster.facts.logs / f"{service.name}.0-{job}.out").read_text()
    assert "HELLO=world" in log
    assert "s3cr3t" not in log


def test_each_machine_of_a_replica_knows_its_place(cluster: Cluster) -> None:
    serve = (
        'echo "rank $RECONCILER_RANK of $RECONCILER_NODES under $RECONCILER_LEADER"; '
        'test "$RECONCILER_RANK" = 0 && exec python3 -m http.server "--bind=$1" "$2"; exec sleep 300'
    )
    command = ["bash", "-c", serve, "serve", "${host}", "${port.http}"]
    service = cluster.service({"nodes": 2}, multiNode=True, start={"process": {"command": command}})
    cluster.deployer.deploy(service, mark(service.name), 0.0, ())
    workload = cluster.wait(service.name, healthy)
    lines = (cluster.facts.logs / f"{service.name}.0-{workload.id}.out").read_text().splitlines()
    told = sorted(line for line in lines if line.startswith("rank "))
    leader = told[0].rpartition(" ")[2]
    assert told == [f"rank {rank} of 2 under {leader}" for rank in (0, 1)]
    cluster.deployer.cancel(workload, removal=False)
    cluster.wait(service.name, ended)


def test_a_first_request_and_the_text_of_an_answer_decide_and_what_fails_is_told(
    cluster: Cluster, tmp_path: Path
) -> None:
    program = tmp_path / "server.py"
    program.write_text(SERVER)
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o777)
    program.chmod(0o644)
    first = {"port": "http", "method": "POST", "path": "/v1", "body": "{}", "contains": "token"}
    service = cluster.service(
        start={"process": {"command": ["python3", str(program), "${port.http}", str(tmp_path)]}},
        health={
            "http": {"port": "http", "path": "/health", "contains": "fine"},
            "startup": "60s",
            "interval": "1s",
            "timeout": "2s",
            "failures": 1,
            "firstRequest": first,
        },
    )
    cluster.deployer.deploy(service, mark(service.name), 0.0, ())
    until((tmp_path / "asked").exists, 30.0, "the first request comes")
    assert cluster.seen(service.name)[-1].health is Health.PROGRESSING
    (tmp_path / "loaded").touch()
    cluster.wait(service.name, healthy)
    (tmp_path / "ill").touch()
    bad = cluster.wait(service.name, lambda workload: workload.health is Health.DEGRADED)
    assert bad.reason == "its health probe fails: HTTP 503 (GET /health)"
    (tmp_path / "ill").unlink()
    assert cluster.wait(service.name, healthy).reason == ""
