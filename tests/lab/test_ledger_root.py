"""What only root can do to a machine is put back too."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from secrets import token_hex

import pytest

from lab.ledger import Ledger, cgroup_paths, sysctl_path
from lab.undo import undo
from tests.lab.traces import mounts

pytestmark = pytest.mark.node


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    folder = tmp_path / "one"
    folder.mkdir()
    return Ledger(folder / "ledger.jsonl")


def test_mounts_inside_and_outside_of_the_labs_folder(ledger: Ledger, tmp_path: Path) -> None:
    inside, outside = ledger.path.parent / "a folder", tmp_path / "outside"
    ledger.mount(outside)
    for folder in (inside, inside / "deeper", outside):
        folder.mkdir()
        run("mount", "-t", "tmpfs", "lab-test", str(folder))
    assert undo(ledger) == []
    assert mounts(str(tmp_path)) == []


def test_a_network_namespace_and_a_link(ledger: Ledger) -> None:
    name = f"lt{token_hex(4)}"
    ledger.namespace(name)
    run("ip", "netns", "add", name)
    ledger.link(f"{name}a")
    run("ip", "link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b", "netns", name)
    assert undo(ledger) == []
    assert not (Path("/run/netns") / name).exists()
    assert not (Path("/sys/class/net") / f"{name}a").exists()


def test_a_control_group_with_a_process_in_it(ledger: Ledger) -> None:
    name = f"lab-test-{token_hex(4)}"
    ledger.cgroup(name)
    top = next(path for path in cgroup_paths(name) if os.access(path.parent, os.W_OK))
    (top / "below").mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as process:
        (top / "below" / "cgroup.procs").write_text(str(process.pid))
        assert undo(ledger) == []
        assert process.wait(5) < 0
    assert not top.exists()


def test_a_kernel_parameter(ledger: Ledger) -> None:
    path = sysctl_path("net.ipv4.ipfrag_time")
    before = path.read_text()
    ledger.sysctl("net.ipv4.ipfrag_time")
    path.write_text(str(int(before) + 1))
    assert undo(ledger) == []
    assert path.read_text() == before


def run(*argv: str) -> None:
    subprocess.run(argv, check=True)
