"""One job of the simulated Slurm, in the words of squeue(1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from reconciler.models.workload import Mark

PENDING, RUNNING = "PENDING", "RUNNING"


class Process(Protocol):
    """What a job runs on its nodes."""

    @property
    def due(self) -> int | None:
        """When it next does something by itself."""
        ...

    @property
    def code(self) -> int | None:
        """Its exit code once it has ended."""
        ...

    def act(self, now: int) -> None:
        """Do what is due."""
        ...

    def signal(self, name: str, now: int) -> None:
        """Get TERM, USR1 or KILL."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """What sbatch was asked for. Times are in seconds, `limit` is in minutes (None: the partition's own).

    `warn` is how long before the limit the batch script gets USR1.
    """

    name: str = "sbatch"
    comment: str = ""
    script: str = ""
    partition: str = "main"
    qos: str = ""
    limit: int | None = None
    delay: int = 0
    after: frozenset[int] = frozenset()
    singleton: bool = False
    requeue: bool = False
    hold: bool = False
    warn: int | None = None
    nodes: int = 1
    cpus: int = 1


@dataclass(slots=True, eq=False)
class Job:
    """A job as slurmctld keeps it. `ours` says that the daemon under test submitted it, under `mark`.

    `after` and `singleton` are what it still has to wait for. `state` is the base state; `completing` stands over it,
    as in squeue. `requeued`: it goes back to the queue when its processes are gone. `kill_at` is when what is left of
    them gets SIGKILL, `warned` whether USR1 was sent, `early` by how many seconds that is too early. `asked`: the
    daemon has asked it to end.
    """

    id: int
    request: Request
    name: str
    comment: str
    partition: str
    limit: int | None
    submit: int
    begin: int
    after: set[int]
    singleton: bool
    ours: bool = False
    mark: Mark | None = None
    state: str = PENDING
    reason: str = "None"
    held: str = ""
    completing: bool = False
    requeued: bool = False
    start: int | None = None
    end: int | None = None
    where: tuple[str, ...] = ()
    restarts: int = 0
    code: int = 0
    process: Process | None = None
    kill_at: int | None = None
    warned: bool = False
    early: int = 0
    asked: bool = False

    @property
    def shown(self) -> str:
        """The state as squeue prints it."""
        return "COMPLETING" if self.completing else self.state

    @property
    def alive(self) -> bool:
        """Pending, running, or its processes are not surely gone."""
        return self.completing or self.state in (PENDING, RUNNING)

    @property
    def deadline(self) -> int | None:
        """When its time limit is reached."""
        return None if self.start is None or self.limit is None else self.start + self.limit * 60

    @property
    def warning(self) -> int | None:
        """When its script gets USR1; None when it does not, or has got it. Slurm sends it up to 60 s too early."""
        deadline = self.deadline
        if deadline is None or self.request.warn is None or self.warned:
            return None
        return deadline - self.request.warn - self.early
