"""The lab's Slurm as its users see it: where it is, how to talk to it, and how to make it fail."""

from __future__ import annotations

import errno
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab import host
from lab.control import ask
from lab.host import LabError
from lab.slurm_conf import DBD, GPU_TYPE, GPUS, NODES
from lab.wait import until

CONTROLLER = "slurmctld"
_READY = 30.0
_PING = 2.0
_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class SlurmFacts:
    """A running cluster.

    `conf`: slurm.conf, for SLURM_CONF. `bin`: folder of Slurm's commands made for this cluster; as root they become
    `user`, whose jobs it runs. `folder`: a folder of that user that all nodes see, with `data`, `logs` and `secrets` in
    it. `run`: the lab's own folder. `address`: all daemons listen there. `port`: the controller's. `node_ports`: those
    of the nodes, in their order.
    """

    run: Path
    folder: Path
    conf: Path
    bin: Path
    user: str
    address: str
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
        return _run(self.bin, argv)

    def admin(self, *argv: str) -> str:
        """As `command`, with the rights of SlurmUser, who may do everything."""
        return _run(self.folder / "admin", argv)

    def sacctmgr(self, *words: str) -> str:
        """What sacctmgr says to `words`, as its administrator; it does not ask back. Raises LabError."""
        return self.admin("sacctmgr", "--immediate", *words)

    def answers(self) -> bool:
        """Whether the controller answers, within a second or two.

        A command that finds nobody at the controller's port goes on trying for seconds, so that is looked at first.
        """
        if host.port_is_free(self.port, self.address):
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

    def kill_controller(self) -> None:
        """SIGKILL for slurmctld: what it has not written to its state is lost."""
        ask(self.run, "stop", CONTROLLER, "SIGKILL")

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
        until(lambda: not host.port_is_free(port, self.address), _READY, f"slurmd of {node} listens")

    def drain(self, *nodes: str) -> None:
        """Let no job start on these nodes (all unless said); those that run go on."""
        self._nodes(nodes, "State=DRAIN", "Reason=lab")

    def resume(self, *nodes: str) -> None:
        """Let jobs start again on nodes that were drained or went down (all unless said)."""
        self._nodes(nodes, "State=RESUME")

    def _nodes(self, nodes: tuple[str, ...], *words: str) -> None:
        self.admin("scontrol", "update", f"NodeName={','.join(nodes or self.nodes)}", *words)

    def reserve(self, name: str, start: str, minutes: int) -> None:
        """A maintenance reservation of all nodes: no job that would still run then is started.

        `start` in the words of scontrol(1), such as `now+90seconds`.
        """
        words = [f"ReservationName={name}", f"StartTime={start}", f"Duration={minutes}", f"Users={self.user}"]
        self.admin("scontrol", "create", "reservation", *words, "Nodes=ALL", "Flags=MAINT,IGNORE_JOBS")

    def unreserve(self, name: str) -> None:
        """Take a reservation away."""
        self.admin("scontrol", "delete", f"ReservationName={name}")

    def fill_state(self) -> None:
        """Leave no room on the controller's disk (`Choices.state_size`): it cannot keep what it accepts."""
        try:
            with self._filler.open("wb", buffering=0) as file:
                while file.write(bytes(_BLOCK)):
                    pass
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise

    def empty_state(self) -> None:
        """Give the controller's disk its room back."""
        self._filler.unlink()

    @property
    def _filler(self) -> Path:
        path = self.folder / "state"
        if not path.is_mount():
            raise LabError("the controller has no disk of its own; choose a state_size")
        return path / "filler"

    def stop_accounting(self) -> None:
        """End slurmdbd: sacct and sacctmgr get no answer, jobs go on."""
        ask(self.run, "stop", DBD)

    def start_accounting(self) -> None:
        """Start slurmdbd again and wait until it answers."""
        ask(self.run, "start", DBD)
        until(self._accounting_answers, _READY, "slurmdbd answers")

    def _accounting_answers(self) -> bool:
        try:
            return bool(self.sacctmgr("--noheader", "show", "cluster"))
        except LabError:
            return False


def daemon_of(node: str) -> str:
    """Name of the daemon of a node in the lab's list of daemons."""
    return f"slurmd-{node}"


def _run(folder: Path, argv: tuple[str, ...]) -> str:
    done = subprocess.run([folder / argv[0], *argv[1:]], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise LabError(f"{' '.join(argv)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout
