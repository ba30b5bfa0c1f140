"""Random commands that can be given to the simulated Slurm and to the real one alike, and what both show afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from reconciler.errors import TargetError
from reconciler.slurm.door.commands import Commands

FORMAT = "%i|%j|%T|%r|%P|%l|%k"
_YEAR = "365-00:00:00"
# A job that has nothing to wait for but a place: what Slurm calls it depends on which scheduler looked at it last.
_PLACE = ("None", "Resources", "Priority", "Nodes_required", "ReqNodeNotAvail")
_SCRIPTS = {
    "stays": "#!/bin/bash\nexec sleep 3600\n",
    "ends": "#!/bin/bash\nexit 0\n",
    "fails": "#!/bin/bash\nexit 3\n",
}


@dataclass(frozen=True, slots=True)
class Submit:
    """One sbatch; `after` are numbers of earlier submits of the same script."""

    options: tuple[str, ...]
    script: str
    after: tuple[int, ...] = ()
    singleton: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """A command on an earlier submit: `scancel`, or a verb of scontrol with its words."""

    job: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Admin:
    """A node is drained or resumed, or a partition set down or up."""

    what: str
    name: str
    good: bool


Step = Submit | Act | Admin
Round = tuple[Step, ...]


class Site(Protocol):
    """What only an administrator can do."""

    def set(self, what: str, name: str, *, good: bool) -> None:
        """Drain or resume a node, set a partition down or up."""
        ...


@dataclass
class Player:
    """Plays a script on one Slurm; `ids` are those of its submits, "" for one that was refused."""

    commands: Commands
    site: Site
    ids: list[str] = field(default_factory=list)

    def play(self, step: Step) -> str:
        """Carry out one step; "refused" or "done", or "" for a job that was refused before."""
        if isinstance(step, Act) and not self.ids[step.job]:
            return ""
        try:
            match step:
                case Submit():
                    self.ids.append("")
                    self.ids[-1] = self.commands.sbatch(self._options(step), _SCRIPTS[step.script])
                case Act(job=job, words=("scancel", *options)):
                    self.commands.scancel([*options, self.ids[job]])
                case Act(job=job, words=("update", *words)):
                    self.commands.scontrol(["update", f"JobId={self.ids[job]}", *words])
                case Act(job=job, words=(verb, *_)):
                    self.commands.scontrol([verb, self.ids[job]])
                case Act():
                    raise ValueError("a command without words")
                case Admin(what=what, name=name, good=good):
                    self.site.set(what, name, good=good)
        except TargetError:
            return "refused"
        return "done"

    def _options(self, step: Submit) -> list[str]:
        waits = [f"afterany:{self.ids[number]}" for number in step.after if self.ids[number]]
        waits += ["singleton"] if step.singleton else []
        dependency = [f"--dependency={','.join(waits)}"] if waits else []
        return ["--parsable", "--chdir=/", "--output=/dev/null", "--mem=16M", *step.options, *dependency]

    def look(self) -> list[tuple[str, ...]]:
        """What squeue shows of the script's jobs, in the order of their submits."""
        text = self.commands.squeue(["--me", "--all", "--states=all", "--noheader", f"--format={FORMAT}"])
        rows = {row[0]: row[1:] for row in (line.split("|") for line in text.splitlines())}
        return [_comparable(*rows[number]) for number in self.ids if number in rows]

    def row(self, step: Step) -> tuple[str, ...]:
        """What squeue shows of the job that a step is about."""
        shown = [one for one in self.ids if one]
        if not isinstance(step, Act) or not self.ids[step.job]:
            return ()
        rows = self.look()
        return rows[shown.index(self.ids[step.job])] if len(rows) == len(shown) else ()


def _comparable(name: str, state: str, why: str, partition: str, limit: str, comment: str) -> tuple[str, ...]:
    if state != "PENDING":
        why = ""
    elif why.startswith("JobHeld"):  # the lab's user is its administrator, too
        why = "held"
    elif why.startswith(_PLACE):
        why = "a place"
    # One of Slurm's two schedulers gives a job without a limit a year when it starts, the other one gives it none.
    limit = "UNLIMITED" if limit == _YEAR else limit
    return name, state, why, partition, limit, comment


def rounds(seed: int, count: int, size: int) -> Iterator[Round]:
    """Rounds of a script; what is done in one round is done to different jobs, so that their order matters little."""
    chance = Random(seed)
    submits = 0
    for _ in range(count):
        made = [_submit(chance, submits, f"h{seed}") for _ in range(chance.randint(1, 3))]
        jobs = chance.sample(range(submits), min(submits, size - len(made)))
        acts = [Act(job, _words(chance)) for job in jobs]
        admin = [_admin(chance)] if chance.random() < 0.4 else []
        submits += len(made)
        yield (*admin, *acts, *made)


def _submit(chance: Random, earlier: int, prefix: str) -> Submit:
    options = [f"--job-name={prefix}.{chance.randrange(4)}", f"--comment=made {earlier}"]
    options.append(chance.choice(("--requeue", "--no-requeue")))
    options += chance.choice(([], [], ["--begin=now+3000"], ["--hold"]))
    options += chance.choice(([], ["--time=5"], ["--time=61:30"]))
    options += chance.choice(([], [], ["--partition=gpu"], ["--partition=short"]))
    if chance.random() < 0.05:
        options.append("--partition=nowhere")
    after = tuple(chance.sample(range(earlier), 1)) if earlier and chance.random() < 0.3 else ()
    script = chance.choice(("stays", "stays", "stays", "ends", "fails"))
    return Submit(tuple(options), script, after, singleton=chance.random() < 0.4)


def _words(chance: Random) -> tuple[str, ...]:
    choices: Sequence[Callable[[], tuple[str, ...]]] = (
        lambda: ("scancel",),
        lambda: ("scancel", "--ctld", "--batch", "--signal=TERM"),
        lambda: ("hold",),
        lambda: ("release",),
        lambda: ("requeue",),
        lambda: ("update", f"Comment=changed {chance.randrange(100)}"),
        lambda: ("update", "TimeLimit=2"),
        lambda: ("update", f"Partition={chance.choice(('main', 'gpu', 'nowhere'))}"),
        lambda: ("update", "StartTime=now"),
    )
    return chance.choice(choices)()


def _admin(chance: Random) -> Admin:
    if chance.random() < 0.5:
        return Admin("node", f"n{chance.randint(1, 4)}", chance.random() < 0.6)
    return Admin("partition", "gpu", chance.random() < 0.6)
