"""The power cut of a node of the lab: its slurmd and everything that it has started are gone at the same moment."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lab.slurm import SlurmFacts


def cut(slurm: SlurmFacts, node: str) -> None:
    """End a node as a power cut does: nobody is asked, and nothing is reported to slurmctld."""
    slurm.kill_node(node)
    jobs = list(_processes(slurm, node))
    keepers = {parent for pid in jobs if _name(parent := _parent(pid)).startswith("slurmstepd")}
    for pid in [*keepers, *jobs]:  # those that would report the end of the others first
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _processes(slurm: SlurmFacts, node: str) -> Iterator[int]:
    """The processes of the jobs on a node, by what Slurm puts into the environment of each (sbatch(1))."""
    wanted = {f"SLURM_CONF={slurm.conf}".encode(), f"SLURMD_NODENAME={node}".encode()}
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            if folder.name.isdigit() and wanted <= set((folder / "environ").read_bytes().split(b"\0")):
                yield int(folder.name)


def _parent(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def _name(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text()
    return ""
