"""One storm from its first event to the count."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.factory import line_of
from lab.kubernetes_choices import ServerChoices
from lab.kubernetes_server import AUDIT_LOG
from lab.lab import Lab
from reconciler.shapes.status import StatusShape
from tests.faults.kubernetes.witness import Item
from tests.storm.kubernetes.desk import Wish
from tests.storm.kubernetes.events import EVENTS
from tests.storm.kubernetes.sky import USERS, Storm, stormy
from tests.storm.kubernetes.verdict import Act, acts, deletions, reason, service_of, without_lease

#: Seconds for which all must stay well, and within which it must be well again.
_SETTLE = 5.0
_RECOVERY = 330.0
_LEAVING = 3


@dataclass(frozen=True)
class Outcome:
    """What a storm came to. All of `broken` are to be empty. `evidence` is a folder when they are not."""

    seed: int
    seconds: float
    events: Counter[str]
    writes: Counter[str]
    deleted: Counter[str]
    kills: int
    looks: int
    recovery: float
    broken: dict[str, list[str]]
    evidence: Path | None


@contextmanager
def stormy_lab() -> Iterator[Lab]:
    """A control plane that writes down who does what."""
    with Lab.start(slurm=False, kubernetes="control-plane", server=ServerChoices(audit=True)) as lab:
        lab.wait("kubernetes", 3600)
        yield lab


def weather(lab: Lab, events: int, seed: int, tell: Callable[[str], None]) -> Outcome:
    """So many events, one after the other, then a calm; `tell` is told of each in words."""
    story: list[str] = []

    def note(said: str) -> None:
        story.append(f"{time.time():.3f} {said}")
        tell(said)

    with stormy(lab) as storm:
        began = time.monotonic()
        storm.begin()
        happened = _rage(storm, events, seed, note)
        note("calm: everything that was broken is put right, and three services go for good")
        storm.calm()
        storm.desk.drop(*sorted(storm.desk.wishes)[::4][:_LEAVING])
        recovery, lost = _recover(storm, note)
        note(f"all is well after {recovery:.1f} s" if not lost else f"not well: {lost}")
        return _count(storm, seed, time.monotonic() - began, happened, recovery, lost, story)


def _rage(storm: Storm, events: int, seed: int, tell: Callable[[str], None]) -> Counter[str]:
    """The n-th event has dice of its own, so that it does the same however long the others took."""
    happened: Counter[str] = Counter()
    number = 0
    while happened.total() < events:
        number += 1
        storm.dice = random.Random(f"{seed}/{number}")
        (event,) = storm.dice.choices(list(EVENTS), list(EVENTS.values()))
        pause = storm.dice.uniform(0.2, 1.5)
        said = event(storm)
        if said:
            happened[event.__name__.replace("_", " ")] += 1
            tell(f"{happened.total():3}  {said}")
        storm.pause(pause)
    return happened


def _recover(storm: Storm, tell: Callable[[str], None]) -> tuple[float, list[str]]:
    """How long it took until all was well, and stayed so; and what was not well in the end."""
    began, well = time.monotonic(), 0.0
    found: list[str] = []
    while (now := time.monotonic()) - began < _RECOVERY:
        before, found = found, _unwell(storm)
        if found and found != before:
            tell(f"     not well yet: {'; '.join(found)}")
        if found:
            well = 0.0
        elif not well:
            well = now
        elif now - well > _SETTLE:
            return well - began, []
        time.sleep(0.3)
    return _RECOVERY, found or ["nothing in the last moment, but it was never well for long"]


def _unwell(storm: Storm) -> list[str]:
    """What is not as the last commit says: on the cluster, or in the daemon's own words."""
    shape = storm.running.status()
    head = storm.site.git("rev-parse", "HEAD").strip()
    if shape is None or shape.source.revision != head:
        return ["the daemon has not read the last commit"]
    items = storm.site.items()
    wrong = [f"{wish.name}: {why}" for wish in storm.desk.wishes.values() if (why := _why(storm, wish, items, shape))]
    return wrong + [f"orphan {key}" for key in _orphans(storm, items)]


def _why(storm: Storm, wish: Wish, items: dict[str, Item], shape: StatusShape) -> str:
    line = line_of(shape, wish.name)
    missing = sorted(wish.parts - items.keys())
    if missing or line is None:
        return f"{', '.join(missing) or 'a line of the table'} missing: {line.why if line else ''}"
    if wish.replicas == 0 and line.health != "Healthy":
        return f"{line.state} {line.health}: {line.why}"
    notes = [items[part]["metadata"].get("annotations", {}) for part in wish.parts]
    if len({one.get("reconciler/digest") for one in notes}) != 1:
        return "objects of several versions"
    greeting = storm.site.item("ConfigMap", wish.name).get("data", {}).get("greeting")
    (kind,) = wish.kinds & {"Deployment", "StatefulSet"}
    replicas = storm.site.item(kind, wish.name)["spec"]["replicas"]
    if (greeting, replicas) != (wish.greeting, wish.replicas):
        return f"{greeting!r} and {replicas} replicas where {wish.greeting!r} and {wish.replicas} are wanted"
    return ""


def _orphans(storm: Storm, items: dict[str, Item]) -> list[str]:
    """Objects that bear our mark and that nobody wants; data are kept, and copies are others'."""
    found = []
    for key in items:
        kind, _, name = key.partition("/")
        wish = storm.desk.wishes.get(service_of(name, storm.desk.wishes))
        if kind != "PersistentVolumeClaim" and name != "copy" and (wish is None or key not in wish.parts):
            found.append(key)
    return found


def _count(
    storm: Storm,
    seed: int,
    seconds: float,
    happened: Counter[str],
    recovery: float,
    lost: list[str],
    story: list[str],
) -> Outcome:
    storm.recorder.close()
    done = acts(storm.facts.audit(), USERS, storm.site.namespace)
    reasons = [(act, reason(act, storm.desk.book)) for act in deletions(done)]
    orphans = _orphans(storm, storm.site.items())
    broken = {
        "duplicates": sorted(storm.recorder.record.duplicates),
        "orphans": orphans,
        "wrong deletions": [str(act) for act, why in reasons if not why],
        "lost services": lost,
        "strangers touched": storm.strangers.check(),
        "writes without the lease": [str(act) for act in without_lease(done)],
        "writes when all was well": [str(act) for act in _late(done)],
    }
    return Outcome(
        seed=seed,
        seconds=seconds,
        events=happened,
        writes=Counter(f"{act.verb} {act.resource}" for act in done),
        deleted=Counter(why for _, why in reasons if why),
        kills=storm.kills,
        looks=storm.recorder.record.looks,
        recovery=recovery,
        broken=broken,
        evidence=_keep(storm, story) if any(broken.values()) else None,
    )


def _late(done: list[Act]) -> list[Act]:
    """Writes in the last seconds, in which nothing was to be done; the lease is renewed all the time."""
    return [act for act in done if act.resource != "leases" and act.at > time.time() - _SETTLE + 1]


def _keep(storm: Storm, story: list[str]) -> Path:
    """What is needed to understand it: logs, the audit log, the events, the commits, all objects."""
    folder = Path(tempfile.mkdtemp(prefix="storm-"))
    for factory in (storm.site, storm.twin):
        if factory.log.exists():
            shutil.copy(factory.log, folder / f"{factory.folder.name}.log")
    shutil.copy(storm.facts.folder / AUDIT_LOG, folder / AUDIT_LOG)
    (folder / "events.txt").write_text("\n".join(story) + "\n")
    (folder / "commits.txt").write_text(storm.site.git("log", "--stat", "--format=%h %cI %s%n%b"))
    (folder / "objects.json").write_text(json.dumps(storm.site.items(), indent=1))
    return folder
