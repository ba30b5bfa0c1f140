"""What changes on a living job, on the lab's real Slurm: its queue, its limit, its mark, its run, its end."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import socket
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from lab.wait import until
from reconciler.errors import RefusedError
from reconciler.models.health import Health
from reconciler.models.workload import Cause, Phase, Workload
from reconciler.slurm.look.clock import Clock
from reconciler.slurm.mark import write
from tests.slurm.cluster import Cluster, ended, healthy
from tests.slurm.services import mark

pytestmark = pytest.mark.slurm


def supervisor(cluster: Cluster, job: str) -> int:
    """The process of a job's batch script (all nodes are on this machine); its own children come later."""
    script = re.compile(rf"{cluster.facts.folder}/spool/n\d/job0*{job}/slurm_script")
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended in between
            words = (folder / "cmdline").read_text().split("\0")
            if words[1:] and script.fullmatch(words[1]):
                found.append(int(folder.name))
    return min(found)


def port(workload: Workload) -> tuple[str, int]:
    """The address of its first port."""
    host, _, number = workload.endpoints[0][1].rpartition(":")
    return host, int(number)


def test_a_requeued_job_is_the_same_job_and_its_old_report_counts_for_nothing(cluster: Cluster) -> None:
    service = cluster.service()
    cluster.deployer.deploy(service, mark(service.name), 0.0, ())
    first = cluster.wait(service.name, healthy)
    cluster.facts.command("scontrol", "requeue", first.id)
    waiting = cluster.wait(service.name, lambda one: one.phase is Phase.PENDING)
    assert (waiting.id, waiting.endpoints, waiting.mark) == (first.id, (), first.mark)
    again = cluster.wait(service.name, healthy)
    assert again.id == first.id
    assert again.since
    assert first.since
    assert again.since > first.since
    socket.create_connection(port(again), timeout=5).close()


def test_a_waiting_job_is_moved_and_keeps_its_id(cluster: Cluster) -> None:
    service = cluster.service({"slurm": {"partition": "main", "time": "1h"}})
    old = mark(service.name, place=cluster.deployer.render(service).place, limit=3600)
    cluster.deployer.deploy(service, old, 300.0, ())
    (waiting,) = cluster.seen(service.name)
    moved = dataclasses.replace(service, slurm=service.slurm.model_copy(update={"partition": "gpu", "qos": "long"}))
    new = dataclasses.replace(old, place=cluster.deployer.render(moved).place, limit=600)
    assert cluster.deployer.render(moved).digest == cluster.deployer.render(service).digest
    cluster.deployer.amend(moved, waiting, new, timedelta(minutes=10))
    (seen,) = cluster.seen(service.name)
    assert (seen.id, seen.mark, seen.limit) == (waiting.id, new, timedelta(minutes=10))
    assert cluster.squeue(seen.id, "%P") == "gpu"


def test_the_mark_that_was_given_while_it_waited_is_the_mark_of_the_run(cluster: Cluster) -> None:
    service = cluster.service({"slurm": {"time": "1h"}})
    cluster.deployer.deploy(service, mark(service.name, limit=3600), 300.0, ())
    (waiting,) = cluster.seen(service.name)
    new = mark(service.name, limit=1800, revision="abc")
    cluster.deployer.amend(service, waiting, new, timedelta(minutes=30))
    cluster.facts.command("scontrol", "update", f"JobId={waiting.id}", "StartTime=now")
    running = cluster.wait(service.name, healthy)
    assert (running.mark, running.limit) == (new, timedelta(minutes=30))


def test_a_waiting_job_that_leaves_its_partition_for_the_sites_own_is_ended(cluster: Cluster) -> None:
    service = cluster.service({"slurm": {"partition": "gpu", "qos": "a"}})
    cluster.deployer.deploy(service, mark(service.name, place=cluster.deployer.render(service).place), 300.0, ())
    (waiting,) = cluster.seen(service.name)
    moved = dataclasses.replace(service, slurm=service.slurm.model_copy(update={"partition": None}))
    new = dataclasses.replace(waiting.mark, place=cluster.deployer.render(moved).place)
    cluster.deployer.amend(moved, waiting, new, None)
    assert cluster.wait(service.name, ended).cause is Cause.CANCELLED


def test_a_partition_that_is_not_there_is_refused_and_changes_nothing(cluster: Cluster) -> None:
    service = cluster.service({"slurm": {"partition": "nowhere"}})
    cluster.deployer.deploy(cluster.service(), mark(service.name), 300.0, ())
    (waiting,) = cluster.seen(service.name)
    new = mark(service.name, place=cluster.deployer.render(service).place)
    with pytest.raises(RefusedError, match="Invalid partition name"):
        cluster.deployer.amend(service, waiting, new, None)
    assert cluster.seen(service.name)[0].mark == waiting.mark


def test_words_that_look_like_keys_are_no_keys(cluster: Cluster) -> None:
    service = cluster.service()
    cluster.deployer.deploy(service, mark(service.name), 300.0, ())
    (waiting,) = cluster.seen(service.name)
    foreign = dataclasses.replace(waiting, note="Partition=gpu TimeLimit=1 QOS=a")
    cluster.deployer.amend(service, foreign, mark(service.name, revision="abc"), None)
    assert cluster.squeue(waiting.id, "%P %l") == "main UNLIMITED"
    assert cluster.squeue(waiting.id, "%k") == f"{write(mark(service.name, revision='abc'))} {foreign.note}"


def test_the_limit_of_a_running_job_is_lowered_and_its_supervisor_knows(cluster: Cluster) -> None:
    service = cluster.service({"slurm": {"time": "1h"}}, stateful=True, stop={"grace": "55s"})
    cluster.deployer.deploy(service, mark(service.name, limit=3600), 0.0, ())
    running = cluster.wait(service.name, healthy)
    new = dataclasses.replace(running.mark, limit=60)
    cluster.deployer.amend(service, running, new, timedelta(minutes=10))
    until(lambda: cluster.seen(service.name)[0].limit == timedelta(minutes=10), 10, "the limit is lowered")
    (seen,) = cluster.seen(service.name)
    assert (seen.mark, seen.health, seen.note) == (new, Health.HEALTHY, running.note)


def test_a_mark_that_was_damaged_by_hand_is_written_again(cluster: Cluster) -> None:
    service = cluster.service()
    cluster.deployer.deploy(service, mark(service.name), 0.0, ())
    running = cluster.wait(service.name, healthy)
    cluster.facts.command("scontrol", "update", f"JobId={running.id}", "Comment=mine now")
    damaged = cluster.wait(service.name, lambda one: not one.marked)
    cluster.deployer.amend(service, damaged, damaged.mark, None)
    restored = cluster.wait(service.name, lambda one: one.marked)
    assert (restored.mark, restored.health, restored.endpoints) == (running.mark, Health.HEALTHY, running.endpoints)


def test_what_ended_or_started_meanwhile_is_no_failure_of_a_change(cluster: Cluster) -> None:
    service = cluster.service({"slurm": {"partition": "main"}})
    cluster.deployer.deploy(service, mark(service.name), 300.0, ())
    (waiting,) = cluster.seen(service.name)
    cluster.facts.command("scontrol", "update", f"JobId={waiting.id}", "StartTime=now")
    cluster.wait(service.name, healthy)
    cluster.deployer.amend(service, waiting, mark(service.name, place="x"), None)
    cluster.deployer.cancel(waiting, removal=False)
    cluster.wait(service.name, ended)
    cluster.deployer.amend(service, waiting, mark(service.name, place="y"), None)


def test_a_supervisor_that_hangs_is_ended_by_force_when_it_was_asked_long_ago(cluster: Cluster) -> None:
    now = [0.0]
    deployer = cluster.deployer_for(Clock(monotonic=lambda: now[0]))
    service = cluster.service(stop={"grace": "10s"})
    deployer.deploy(service, mark(service.name), 0.0, ())
    running = cluster.wait(service.name, healthy)
    os.kill(supervisor(cluster, running.id), signal.SIGSTOP)
    for now[0] in (0.0, 69.0):
        deployer.cancel(running, removal=False)
        assert cluster.squeue(running.id, "%T") == "RUNNING"
    now[0] = 71.0
    deployer.cancel(running, removal=False)
    cluster.wait(service.name, ended)


def test_a_second_job_of_a_replica_waits_for_the_data(cluster: Cluster) -> None:
    """As after a controller that lost its state: Slurm knows nothing of the first job's dependency."""
    service = cluster.service(stateful=True)
    cluster.deployer.deploy(service, mark(service.name), 0.0, ())
    first = cluster.wait(service.name, healthy)
    cluster.deployer.deploy(service, mark(service.name, generation=1), 0.0, ())
    (_, second) = cluster.seen(service.name)
    cluster.facts.command("scontrol", "update", f"JobId={second.id}", "Dependency=")
    waiting = cluster.wait(service.name, lambda one: one.phase is Phase.RUNNING and bool(one.note))
    assert waiting.health is Health.PROGRESSING
    cluster.deployer.cancel(first, removal=False)
    cluster.wait(service.name, healthy)
    log = cluster.facts.logs / f"{service.name}.0-{second.id}.out"
    assert f"waits for the data of {service.name}.0" in log.read_text()


def test_a_server_with_a_limit_of_a_minute_writes_its_last_byte_before_it(cluster: Cluster) -> None:
    line = 'trap "date +%s >$1/last; exit 0" TERM; while :; do sleep 0.2; done'
    start = {"process": {"command": ["bash", "-c", line, "-", "${storage.data}"]}}
    storage = {"data": {"path": "/data", "size": "1Mi"}}
    health = {"exec": {"command": ["true"]}, "startup": "20s", "interval": "5s", "timeout": "2s"}
    service = cluster.service(
        {"slurm": {"time": "1m"}}, start=start, storage=storage, health=health, stateful=True, stop={"grace": "45s"}
    )
    cluster.deployer.deploy(service, mark(service.name, limit=60), 0.0, ())
    running = cluster.wait(service.name, healthy)
    assert running.deadline
    until(lambda: ended(cluster.seen(service.name)[-1]), 60, "the job ends")
    (last,) = cluster.seen(service.name)
    assert last.cause is Cause.EXPIRED
    written = int((cluster.facts.data / service.name / "0" / "data" / "last").read_text())
    assert written < running.deadline.timestamp() - 10


def test_an_endpoint_is_served_for_a_while_after_it_said_that_it_stops(cluster: Cluster) -> None:
    service = cluster.service()
    cluster.deployer.deploy(service, mark(service.name), 0.0, ())
    running = cluster.wait(service.name, healthy)
    cluster.deployer.cancel(running, removal=False)
    cluster.wait(service.name, lambda one: one.phase is Phase.STOPPING)
    socket.create_connection(port(running), timeout=5).close()
    assert cluster.wait(service.name, ended).cause is Cause.STOPPED


def test_a_job_that_cannot_write_its_comment_is_seen_through_its_file(cluster: Cluster) -> None:
    folder = cluster.facts.data / "no-scontrol"
    folder.mkdir()
    (folder / "scontrol").write_text("#!/bin/sh\nexit 1\n")
    (folder / "scontrol").chmod(0o755)
    service = cluster.service()
    own = f"{service.name}.*.report"
    cluster.deployer_for(path=(folder,)).deploy(service, mark(service.name), 0.0, ())
    running = cluster.wait(service.name, healthy)
    socket.create_connection(port(running), timeout=5).close()
    assert cluster.squeue(running.id, "%k") == write(running.mark)
    assert [path.name for path in cluster.facts.logs.glob(own)] == [f"{service.name}.0-{running.id}.report"]
    cluster.deployer.cancel(running, removal=False)
    cluster.wait(service.name, ended)
    assert list(cluster.facts.logs.glob(own)) == []


def test_slurm_says_when_one_more_would_start(cluster: Cluster) -> None:
    free = cluster.deployer.estimate(cluster.service())
    assert free is not None
    assert free < timedelta(seconds=30)
    assert cluster.deployer.estimate(cluster.service({"resources": {"gpus": 1, "gpuType": "h100"}})) is None
    cluster.submit("--nodes=4", "--exclusive", "--time=20")
    until(lambda: "RUNNING" in cluster.facts.command("squeue", "--me", "--format=%T"), 20, "the nodes are taken")
    taken = cluster.deployer.estimate(cluster.service({"slurm": {"time": "1h"}}))
    assert taken is not None
    assert timedelta(minutes=15) < taken < timedelta(minutes=25)


def test_the_site_has_a_fingerprint(cluster: Cluster) -> None:
    first = cluster.deployer.site()
    assert re.fullmatch("[0-9a-f]{16}", first)
    assert cluster.deployer.site() == first
