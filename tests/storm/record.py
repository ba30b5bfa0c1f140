"""What was seen of the queue, look after look: the jobs, what they said of themselves, and what stood side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from reconciler.models.workload import Mark
from reconciler.slurm import mark as marks
from reconciler.slurm.mark import Stage

#: What `Record.look` reads: id, time of submission, name, state, reason, comment (squeue(1), --format).
FORMAT = "%i\t%V\t%j\t%T\t%r\t%k"
#: Seconds by which something may be seen late.
LATE = 1.0
_WORDS = {
    Stage.STARTING: "starting",
    Stage.OK: "healthy",
    Stage.BAD: "unhealthy",
    Stage.LATE: "too late, and ends",
    Stage.STOPPING: "stopping",
    Stage.EXPIRING: "close to its time limit, and stopping",
}
_FAILED = {"NODE_FAIL", "BOOT_FAIL"}
_GOING = {Stage.STOPPING, Stage.EXPIRING, Stage.LATE}


@dataclass
class Life:
    """One job, from the first time it was seen to the last.

    `stamp` is its last comment with a mark in it; `marked` whether it has one now. `stages` are what it said of itself,
    and when each was first seen.
    """

    id: str
    submitted: str
    name: str
    first: float
    last: float
    state: str = ""
    reasons: set[str] = field(default_factory=set)
    marked: bool = False
    stamp: str = ""
    mark: Mark | None = None
    stages: list[tuple[float, Stage]] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        """Whether it waits or runs, as far as was seen last, and is not on its way out."""
        return self.state in {"PENDING", "CONFIGURING", "RUNNING"} and not self.going

    @property
    def going(self) -> bool:
        """Whether its last word was that it stops."""
        return bool(self.stages) and self.stages[-1][1] in _GOING and self.state != "PENDING"

    @property
    def healthy(self) -> bool:
        """Whether it runs and its last word was that it is well."""
        return self.state == "RUNNING" and bool(self.stages) and self.stages[-1][1] is Stage.OK

    def said(self, stage: Stage, until: float) -> bool:
        """Whether it has said this of itself up to a moment."""
        return any(at <= until and found is stage for at, found in self.stages)


class Record:
    """Grows with each look; `tell` is told of each change in words.

    `lives` are all jobs ever seen, `present` those of the last look by their ids, `duplicates` what should never have
    stood side by side.
    """

    def __init__(self, tell: Callable[[str], None] = lambda _: None) -> None:
        self._tell = tell
        self._doubtful = False
        self.lives: list[Life] = []
        self.present: dict[str, Life] = {}
        self.duplicates: set[str] = set()

    def doubt(self) -> None:
        """slurmctld has lost some of its state: until the next look, the same id may be another job."""
        self._doubtful = True

    def look(self, text: str, now: float) -> None:
        """Add one look. `now` is in seconds since the epoch."""
        lines = [line.split("\t", 5) for line in text.split("\n")[:-1]]
        self.present = {words[0]: self._seen(*words, now=now) for words in lines}
        self._doubtful = False
        self._compare()

    def life_of(self, job: str, at: float) -> Life | None:
        """The job of that id at a moment."""
        lives = [life for life in self.lives if life.id == job and life.first <= at + LATE]
        return lives[-1] if lives else None

    def siblings(self, life: Life) -> Iterator[Life]:
        """All other jobs of the same replica, dead ones too."""
        return (other for other in self.lives if other.name == life.name and other is not life)

    def handed_over(self, name: str) -> int:
        """How many jobs of a replica were followed by a healthy one although nothing was wrong with them."""
        lives = [life for life in self.lives if life.name == name and life.mark]
        newest = max((generation_of(life) for life in lives if life.said(Stage.OK, life.last)), default=0)
        return sum(generation_of(life) < newest and life.state not in _FAILED for life in lives)

    def _seen(self, job: str, submitted: str, name: str, state: str, reason: str, comment: str, *, now: float) -> Life:
        life = self.present.get(job)
        if life is None or life.name != name or (self._doubtful and life.submitted != submitted):
            life = Life(job, submitted, name, now, now)
            self.lives.append(life)
        if state != life.state:
            self._tell(f"{name}: job {job} is {state}")
        life.last, life.submitted, life.state = now, submitted, state
        life.reasons.add(reason)
        stamp = marks.read(comment)
        life.marked = stamp is not None
        if stamp is not None:
            life.mark, life.stamp = stamp.mark, comment
            stage = stamp.report.stage if stamp.report else None
            if stage and (not life.stages or life.stages[-1][1] is not stage):
                life.stages.append((now, stage))
                self._tell(f"{name}: job {job} says that it is {_WORDS[stage]}")
        return life

    def _compare(self) -> None:
        """Of one replica there is at most one job of each generation; and of each content one and its successor.

        What is older than a healthy one does not count for the second: it is being ended.
        """
        generations: dict[tuple[str, int], list[Life]] = defaultdict(list)
        contents: dict[tuple[str, str], list[Life]] = defaultdict(list)
        for life in self.present.values():
            if life.mark is not None and life.alive:
                generations[life.name, life.mark.generation].append(life)
                contents[life.name, f"{life.mark.digest} {life.mark.restart}"].append(life)
        for (name, generation), lives in generations.items():
            self._no_more_than(1, name, f"generation {generation}", lives)
        for (name, content), lives in contents.items():
            newest = max((generation_of(life) for life in lives if life.healthy), default=0)
            self._no_more_than(2, name, content, [life for life in lives if generation_of(life) >= newest])

    def _no_more_than(self, count: int, name: str, what: str, lives: list[Life]) -> None:
        if len(lives) > count:
            jobs = " ".join(sorted(life.id for life in lives))
            self.duplicates.add(f"{name}: jobs {jobs} of {what}")


def generation_of(life: Life) -> int:
    """Of a job without a readable mark: -1."""
    return life.mark.generation if life.mark else -1
