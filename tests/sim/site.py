"""What slurm.conf(5) says of the simulated cluster."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Loss(Enum):
    """How a node is lost: without power, without a network, or only its slurmd, while its jobs go on as before."""

    POWER = "power"
    NETWORK = "network"
    SLURMD = "slurmd"


@dataclass
class Node:
    """A node: `drained` takes no new job, `lost` does not answer since that moment, `down`: slurmctld knows it.

    `dead`: it has no power, so that nothing runs on it. `cut`: what runs on it cannot reach slurmctld either.
    """

    name: str
    drained: bool = False
    lost: int | None = None
    down: bool = False
    dead: bool = False
    cut: bool = False


@dataclass
class Site:
    """MinJobAge, KillWait, cred_expire and SlurmdTimeout in seconds; each partition's MaxTime in minutes.

    `partitions` says which are up, `slots` is the number of processors of a node.
    """

    min_job_age: int = 300
    kill_wait: int = 5
    cred_expire: int = 120
    slurmd_timeout: int = 60
    max_time: dict[str, int] = field(default_factory=lambda: {"short": 2})
    partitions: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(("main", "gpu", "short"), True))
    slots: int = 8
