"""Rule 7. One daemon acts, the other waits and takes over."""

from __future__ import annotations

import signal
import subprocess
import time

import pytest

from lab.factory import Factory
from lab.host import free_ports
from lab.lab import Lab
from tests.e2e.world import alive, files, until

pytestmark = pytest.mark.slurm


def test_the_second_waits_for_the_first_and_takes_over(factory: Factory, lab_slurm: Lab) -> None:
    factory.commit(files("a"), "one")
    factory.start()
    factory.wait_healthy(["a"])
    first = factory.daemon
    assert first is not None
    factory.start()
    second = factory.daemon
    assert second is not None
    until("the second says that it waits", lambda: "another daemon holds the lock" in factory.log.read_text())
    before = alive(lab_slurm.slurm, factory.owner)
    time.sleep(2)
    assert alive(lab_slurm.slurm, factory.owner) == before
    first.send_signal(signal.SIGKILL)
    first.wait()
    factory.commit(files("b"), "another")
    until("the second acts", lambda: "b.0" in alive(lab_slurm.slurm, factory.owner))
    assert alive(lab_slurm.slurm, factory.owner)["a.0"] == before["a.0"]


def test_the_second_waits_even_for_the_same_address(factory: Factory, lab_slurm: Lab) -> None:
    factory.commit(files("a"), "one")
    (port,) = free_ports(1)
    factory.configure(http={"listen": f"127.0.0.1:{port}"})
    factory.start()
    factory.wait_healthy(["a"])
    first = factory.daemon
    assert first is not None
    factory.start()
    until("the second says that it waits", lambda: "another daemon holds the lock" in factory.log.read_text())
    first.send_signal(signal.SIGTERM)
    assert first.wait(10) == 0
    factory.commit(files("b"), "another")
    factory.wait_healthy(["b"])
    assert len(alive(lab_slurm.slurm, factory.owner)["a.0"]) == 1


def test_once_beside_a_daemon_says_so(factory: Factory) -> None:
    factory.commit(files("a", replicas=0), "one")
    factory.start()
    factory.wait("up", lambda shape: bool(shape.services))
    done: subprocess.CompletedProcess[str] = factory.run("once")
    assert done.returncode == 2
    assert "another daemon works with" in done.stderr
