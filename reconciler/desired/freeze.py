"""The last good version of what is bad now, from Git history: a bad file freezes its services, it ends none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice

from reconciler.desired.entries import Entry, FileReading
from reconciler.models.revision import Change, File, Revision
from reconciler.models.wanted import ResolvedService

#: Versions of one file that are looked at.
MAX_VERSIONS = 200
#: Commits that are looked at for the last sole owner of a name.
MAX_COMMITS = 2_000

Read = Callable[[File, Revision], FileReading]


def last_good(
    present: FileReading, versions: Iterator[tuple[Revision, File]], read: Read
) -> tuple[dict[str, ResolvedService], frozenset[str]]:
    """For the bad services of a file: their newest good versions, and the names that never had one.

    Where the present version does not say which services it is about, those of the newest version that does are meant.
    """
    wanted = {entry.name for entry in present.entries if entry.name and entry.service is None} | present.guesses
    sure = present.sure
    good: dict[str, ResolvedService] = {}
    for revision, file in islice(versions, MAX_VERSIONS):
        if sure and not wanted:
            break
        earlier = read(file, revision)
        if earlier.broken:
            continue
        if not sure:
            wanted |= earlier.names - present.names - good.keys()
            sure = earlier.sure
        found = {name: one for name, one in _good(earlier).items() if name in wanted}
        good |= {name: replace(one, revision=revision) for name, one in found.items()}
        wanted -= found.keys()
    return good, frozenset(wanted)


def last_sole_owner(
    name: str, owners: Mapping[str, tuple[Entry, ...]], history: Iterator[Change], read: Read
) -> ResolvedService | None:
    """The newest version of a service from when its name had one owner; None when it never had, or not a valid one.

    `owners` are the documents of that name by file, now; `history` leads back from there, newest first.
    """
    state = dict(owners)
    for change in islice(history, MAX_COMMITS):
        for path, (before, _) in change.files.items():
            there = before is not None and before.text is not None and name in before.text
            entries = read(before, change.revision).entries if before is not None and there else ()
            state[path] = tuple(entry for entry in entries if entry.name == name)
        left = [entry for entries in state.values() for entry in entries]
        if not left:
            return None
        if len(left) == 1 and left[0].service is not None:
            return replace(left[0].service, revision=change.revision)
    return None


def _good(reading: FileReading) -> dict[str, ResolvedService]:
    counts = Counter(entry.name for entry in reading.entries)
    return {
        entry.name: entry.service for entry in reading.entries if entry.service is not None and counts[entry.name] == 1
    }
