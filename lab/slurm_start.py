"""Starting the lab's Slurm: munged, slurmctld and four slurmd, on free ports of one address."""

from __future__ import annotations

import pwd
import re
import secrets
import socket
import subprocess
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from os import geteuid
from pathlib import Path

from lab import accounting, host
from lab.host import LabError
from lab.process import Daemon
from lab.run import Run
from lab.slurm import CONTROLLER, SlurmFacts, daemon_of
from lab.slurm_conf import DBD, NODES, Choices, Place, cgroup_conf, gres_conf, slurm_conf, wrapper
from lab.user import User

COMMANDS = ("sbatch", "squeue", "scancel", "scontrol", "sinfo", "srun", "sacct", "sacctmgr", "sdiag")
PORTS = 2 + len(NODES)
Ports = Callable[[int], tuple[int, ...]]
_MUNGED = "munged"
_TRIES = 4
_READY = 30.0


def start(run: Run, choices: Choices, progress: Callable[[str], None], ports: Ports | None = None) -> SlurmFacts:
    """Bring up a cluster and wait until all its nodes are ready (about a second). Raises LabError.

    `ports` gives free ones, and is asked again when a server finds one of them taken.
    """
    ports = ports or partial(host.free_ports, address=host.own_address())
    for part in ("slurm", *(["accounting"] if choices.accounting else [])):
        if host.missing(part):
            progress("installing " + " ".join(host.missing(part)))
            host.install(part)
    progress("starting")
    place = _prepare(run, ports, choices)
    run.ledger.marked(f"SLURM_CONF={place.conf}", "SLURM_JOB_ID=")
    run.ledger.holders("slurmstepd", place.folder)
    for tries_left in reversed(range(_TRIES)):
        try:
            return _up(run, place, choices)
        except LabError:  # most likely a port that somebody else took in the meantime
            if not tries_left:
                raise
            _down(run)
            place = replace(place, ports=ports(PORTS))
    raise AssertionError("the last try returns or raises")


def _prepare(run: Run, ports: Ports, choices: Choices) -> Place:
    """Make the folders and the key of a new cluster, and the small disk for its state."""
    folder = run.make_folder("slurm")
    for name in ("state", "spool", "data", "logs", "bin", "admin"):
        run.make_folder(f"slurm/{name}")
    if choices.state_size:
        _mount(run, folder / "state", choices.state_size)
    run.make_folder("slurm/secrets", 0o700)
    user = run.user.name if run.user else pwd.getpwuid(geteuid()).pw_name
    admin = pwd.getpwuid(geteuid()).pw_name if choices.owner_only else user
    place = Place(folder, socket.gethostname(), host.own_address(), user, admin, ports(PORTS), _programs())
    _write(run.user, place.key, secrets.token_bytes(128), 0o600)
    return place


def _up(run: Run, place: Place, choices: Choices) -> SlurmFacts:
    _write(run.user, place.conf, slurm_conf(place, choices).encode())
    _write(run.user, place.folder / "gres.conf", gres_conf().encode())
    _write(run.user, place.folder / "cgroup.conf", cgroup_conf(_version()).encode())
    for command in COMMANDS:
        _write(run.user, place.folder / "bin" / command, wrapper(place, command, place.user).encode(), 0o755)
        _write(run.user, place.folder / "admin" / command, wrapper(place, command, place.admin).encode(), 0o755)
    controller, *nodes, _ = place.ports
    programs = place.folder / "bin"
    facts = SlurmFacts(
        run.folder, place.folder, place.conf, programs, place.user, place.address, controller, tuple(nodes)
    )
    _start_munged(run, place)
    if choices.accounting:
        _write(_admin(run, place), place.folder / "slurmdbd.conf", accounting.slurmdbd_conf(place).encode(), 0o600)
        accounting.start(run, place, _admin(run, place))
    _start_slurm(run, place)
    slurmd = tuple(daemon_of(node) for node in NODES)
    run.daemons.wait(CONTROLLER, lambda: set(facts.idle()) == set(NODES), _READY, also=(_MUNGED, *slurmd))
    if choices.accounting:
        for words in accounting.people(place.user):
            facts.sacctmgr(*words)
    return facts


def _start_munged(run: Run, place: Place) -> None:
    """Without it the others give up."""
    files = {"key-file": place.key, "socket": place.socket, "pid-file": place.folder / "munged.pid"}
    files |= {"log-file": place.folder / "munged.log", "seed-file": place.folder / "munged.seed"}
    options = [f"--{option}={path}" for option, path in files.items()]
    argv = (host.program("munged"), "--foreground", *options)
    run.daemons.start(Daemon(_MUNGED, argv, place.folder, user=run.user))
    run.daemons.wait(_MUNGED, place.socket.exists, _READY)


def _start_slurm(run: Run, place: Place) -> None:
    """The controller and the nodes, which wait for it by themselves."""

    def daemon(name: str, *argv: str) -> Daemon:
        return Daemon(name, argv, place.folder, {"SLURM_CONF": str(place.conf)}, _admin(run, place))

    run.daemons.start(daemon(CONTROLLER, host.program("slurmctld"), "-D"), "-c")
    for node in NODES:
        run.daemons.start(daemon(daemon_of(node), host.program("slurmd"), "-D", "-N", node))


def _down(run: Run) -> None:
    """End what a failed try has started."""
    for name, pid in run.daemons.pids().items():
        if pid and name in {_MUNGED, DBD, accounting.DATABASE, CONTROLLER, *map(daemon_of, NODES)}:
            run.daemons.stop(name)


def _mount(run: Run, folder: Path, size: int) -> None:
    """A disk of `size` MiB at `folder`; it goes with the lab's folder. Raises LabError."""
    if run.user is None:
        raise LabError("a small disk for the state of slurmctld is a mount, which only root can make")
    options = f"size={size}m,mode=755,uid={run.user.uid},gid={run.user.gid}"
    argv = ["mount", "-t", "tmpfs", "-o", options, "lab-state", str(folder)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
    if done.returncode:
        raise LabError(f"a disk of {size} MiB cannot be mounted at {folder}: {done.stderr.strip()}")


def _programs() -> Path:
    """Folder of Slurm's commands on this machine."""
    return Path(host.program("sbatch")).parent


def _version() -> tuple[int, ...]:
    """Slurm's version, such as (22, 5, 8)."""
    text = subprocess.run([host.program("slurmctld"), "-V"], capture_output=True, text=True, check=True).stdout
    return tuple(int(number) for number in re.findall(r"\d+", text))


def _admin(run: Run, place: Place) -> User | None:
    """Who Slurm's own daemons run as: SlurmUser."""
    return run.user if place.admin == place.user else None


def _write(user: User | None, path: Path, content: bytes, mode: int = 0o644) -> None:
    """A file of `user` (None: the present one), never readable to more than `mode` says."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(content)
    path.chmod(mode)
    if user:
        user.own(path)
