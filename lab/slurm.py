"""The lab's Slurm as its users see it: where it is, how to talk to it, and how to make it fail."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab import host
from lab.control import ask
from lab.host import LabError
from lab.slurm_conf import GPU_TYPE, GPUS, NODES
from lab.wait import until

CONTROLLER = "slurmctld"
_READY = 30.0
_PING = 2.0


@dataclass(frozen=True, slots=True)
class SlurmFacts:
    """A running cluster.

    `conf`: slurm.conf, for SLURM_CONF. `bin`: folder of Slurm's commands made for this cluster; as root they become
    `user`. `folder`: a folder of that user that all nodes see, with `data`, `logs` and `secrets` in it. `run`: the
    lab's own folder. `port`: the controller's. `node_ports`: those of the nodes, in their order.
    """

    run: Path
    folder: Path
    conf: Path
    bin: Path
    user: str
    port: int
    node_ports: tuple[int, ...]
    partitions: tuple[str, ...] = ("main", "gpu", "short")
    nodes: tuple[str, ...] = NODES
    gpu_type: str = GPU_TYPE
    gpus: int = GPUS

    @property
    def data(self) -> Path:
        """Folder for the data of services."""
        return self.folder / "data"

    @property
    def logs(self) -> Path:
        """Folder for the output of jobs."""
        return self.folder / "logs"

    @property
    def secrets(self) -> Path:
        """Folder for the secrets of services, mode 0700."""
        return self.folder / "secrets"

    def command(self, *argv: str) -> str:
        """Run one of Slurm's commands, the first word being its name; returns its output. Raises LabError."""
        done = subprocess.run([self.bin / argv[0], *argv[1:]], capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise LabError(f"{' '.join(argv)} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def sacctmgr(self, *words: str) -> str:
        """What sacctmgr says to `words`; the cluster's user is its administrator. Raises LabError."""
        return self.command("sacctmgr", "--immediate", *words)

    def answers(self) -> bool:
        """Whether the controller answers, within a second or two.

        A command that finds nobody at the controller's port goes on trying for seconds, so that is looked at first.
        """
        if host.port_is_free(self.port):
            return False
        try:
            ping = subprocess.run([self.bin / "scontrol", "ping"], capture_output=True, timeout=_PING, check=False)
        except subprocess.TimeoutExpired:
            return False
        return ping.returncode == 0

    def idle(self) -> tuple[str, ...]:
        """Nodes that could take a job now; none when the controller does not answer."""
        if not self.answers():
            return ()
        lines = self.command("sinfo", "--noheader", "--Node", "--partition=main", "--format=%N %t").splitlines()
        return tuple(name for name, state in map(str.split, lines) if state in {"idle", "mix", "alloc"})

    def stop_controller(self) -> None:
        """End slurmctld; jobs go on running."""
        ask(self.run, "stop", CONTROLLER)

    def start_controller(self, *, fresh: bool = False) -> None:
        """Start slurmctld again and wait until it answers; `fresh`: it forgets all jobs.

        It takes some four seconds more until it has heard of its nodes and starts jobs again (`idle`).
        """
        ask(self.run, "start", CONTROLLER, *(["-c"] if fresh else []))
        until(self.answers, _READY, "slurmctld answers")

    def freeze_controller(self) -> None:
        """Leave slurmctld without an answer to anybody: commands wait until they give up."""
        ask(self.run, "signal", CONTROLLER, "SIGSTOP")

    def thaw_controller(self) -> None:
        """Let a frozen slurmctld go on."""
        ask(self.run, "signal", CONTROLLER, "SIGCONT")

    def kill_node(self, node: str) -> None:
        """SIGKILL for a node's slurmd; its jobs go on running."""
        ask(self.run, "stop", daemon_of(node), "SIGKILL")

    def start_node(self, node: str) -> None:
        """Start a node's slurmd again and wait until it listens."""
        port = self.node_ports[self.nodes.index(node)]
        ask(self.run, "start", daemon_of(node))
        until(lambda: not host.port_is_free(port), _READY, f"slurmd of {node} listens")


def daemon_of(node: str) -> str:
    """Name of the daemon of a node in the lab's list of daemons."""
    return f"slurmd-{node}"
