"""One storm from its first event to the count."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lab.factory import line_of
from lab.lab import Lab
from lab.slurm_conf import Choices
from reconciler.shapes.status import StatusShape
from tests.storm.events import EVENTS
from tests.storm.recipes import overlaps
from tests.storm.verdict import Cancelled, cancels
from tests.storm.weather import Storm

#: Seconds for which all must stay well.
_SETTLE = 3.0
_LINGER = 60.0
#: Seconds until everything must be well again; a service that crashed often waits for minutes between two attempts.
_RECOVERY = 420.0


@dataclass(frozen=True)
class Outcome:
    """What a storm came to. The five in `broken` are to be empty."""

    seed: int
    seconds: float
    events: Counter[str]
    jobs: int
    submits: int
    kills: int
    cancelled: Counter[str]
    recovery: float
    duplicates: list[str]
    orphans: list[str]
    wrong: list[Cancelled]
    overlaps: list[str]
    lost: list[str]
    evidence: dict[str, list[str]]

    @property
    def broken(self) -> dict[str, list[str]]:
        """What must never happen, by its name in the table."""
        return {
            "duplicates": self.duplicates,
            "orphans": self.orphans,
            "wrong cancels": [str(one) for one in self.wrong],
            "stateful overlaps": self.overlaps,
            "lost services": self.lost,
        }


@contextmanager
def stormy_lab() -> Iterator[Lab]:
    """A lab on which a silent node is down after ten seconds and ended jobs are seen to the end of the storm."""
    with Lab.start(slurm=True, choices=Choices(slurmd_timeout=10, min_job_age=3600)) as lab:
        lab.wait("slurm", 180)
        yield lab


def weather(lab: Lab, events: int, seed: int, tell: Callable[[str], None]) -> Outcome:
    """So many events, one after the other, then a calm; `tell` is told of each in words."""
    storm, began = Storm(lab, seed), time.monotonic()
    try:
        storm.begin()
        happened = _rage(storm, events, tell)
        tell("calm: everything that was broken is put right")
        storm.calm()
        recovery, lost = _recover(storm)
        return _count(storm, seed, time.monotonic() - began, happened, recovery, lost)
    finally:
        storm.close()


def _rage(storm: Storm, events: int, tell: Callable[[str], None]) -> Counter[str]:
    happened: Counter[str] = Counter()
    while happened.total() < events:
        if storm.tend():
            tell("     slurmctld had given up, and is started again")
        (event,) = storm.dice.choices(list(EVENTS), list(EVENTS.values()))
        said = event(storm)
        if said:
            happened[event.__name__.replace("_", " ")] += 1
            tell(f"{happened.total():3}  {said}")
        storm.pause(storm.dice.uniform(0.2, 1.8))
    return happened


def _recover(storm: Storm) -> tuple[float, list[str]]:
    """How long it took until all was well by the last commit, and stayed so; and what was not well in the end."""
    began, names = time.monotonic(), sorted(storm.desk.wishes)
    head = storm.site.git("rev-parse", "HEAD").strip()
    well = 0.0
    while (now := time.monotonic()) - began < _RECOVERY:
        storm.tend()
        shape = storm.site.status()
        if shape is None or shape.source.revision != head or _unwell(shape, names):
            well = 0.0
        elif not well:
            well = now
        elif now - well > _SETTLE:
            return well - began, []
        time.sleep(0.2)
    shape = storm.site.status()
    return _RECOVERY, _unwell(shape, names) if shape else names


def _unwell(shape: StatusShape, names: list[str]) -> list[str]:
    """Services of which not every replica is healthy, and why, as the table says it."""
    lines = {name: line_of(shape, name) for name in names}
    return [
        f"{name}: {line.why if line else 'not in the table'}"
        for name, line in lines.items()
        if line is None or line.health != "Healthy" or line.ready < line.replicas
    ]


def _count(
    storm: Storm, seed: int, seconds: float, happened: Counter[str], recovery: float, lost: list[str]
) -> Outcome:
    site, record = storm.site, storm.recorder.record
    ended = cancels(site.tools.calls("scancel"), storm.desk.book, record)
    return Outcome(
        seed=seed,
        seconds=seconds,
        events=happened,
        jobs=len([life for life in record.lives if life.mark]),
        submits=len(site.tools.calls("sbatch")),
        kills=storm.kills,
        cancelled=Counter(one.reason for one in ended if one.reason),
        recovery=recovery,
        duplicates=sorted(record.duplicates),
        orphans=_orphans_that_stay(storm),
        wrong=[one for one in ended if not one.reason],
        overlaps=overlaps(site.slurm),
        lost=lost,
        evidence={name: _evidence(storm, name) for name in sorted({life.name for life in record.lives})},
    )


def _evidence(storm: Storm, name: str) -> list[str]:
    """All that jobs of a replica did, and what the daemon said of them and of their service, in the order of time."""
    said = [(at, said) for at, said in storm.story if said.startswith(f"{name}: ")]
    service = name.partition(".")[0]
    for line in storm.site.log.read_text(errors="replace").splitlines():
        at, _, words = line.partition(" ")
        with suppress(ValueError):
            if service in words:
                said.append((datetime.fromisoformat(at).timestamp(), words))
    return [f"{datetime.fromtimestamp(at, UTC):%H:%M:%S.%f} {words}" for at, words in sorted(said)]


def _orphans_that_stay(storm: Storm) -> list[str]:
    """Those that are still there a while later: a node that was cut off ends what it has of jobs that moved on."""
    until = time.monotonic() + _LINGER
    while (found := _orphans(storm)) and time.monotonic() < until:
        time.sleep(0.5)
    return found


def _orphans(storm: Storm) -> list[str]:
    """Living jobs that nobody wants, or that bear no mark; servers on a node whose job is gone."""
    present = storm.recorder.record.present.values()
    living = [life for life in present if life.alive and life.name != "guest"]
    wanted = storm.desk.names()
    found = [f"job {life.id} {life.name}" for life in living if life.name not in wanted or life.mark is None]
    jobs = {life.id for life in present if life.state in {"RUNNING", "COMPLETING"}}
    return found + [f"process {pid} of job {job}" for pid, job in _servers(storm) if job not in jobs]


def _servers(storm: Storm) -> Iterator[tuple[int, str]]:
    """Processes of jobs, with the job's id, from what Slurm puts into the environment of each."""
    conf = f"SLURM_CONF={storm.site.slurm.conf}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        jobs = [word.partition(b"=")[2].decode() for word in words if word.startswith(b"SLURM_JOB_ID=")]
        if jobs and conf in words:
            yield int(folder.name), jobs[0]
