"""A revision to what is wanted: all services that can run, all complaints, and what stays as it was because of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from reconciler.desired.dependencies import check_dependencies
from reconciler.desired.entries import Entry, FileReading, Reader
from reconciler.desired.freeze import last_good, last_sole_owner
from reconciler.desired.shelf import FOLDER, Earlier, Shelf
from reconciler.errors import Complaint
from reconciler.models.recipe import Recipe
from reconciler.models.revision import Change, File, Revision, Snapshot
from reconciler.models.wanted import ResolvedService
from reconciler.settings import Settings

History = Callable[[], Iterator[Change]]


@dataclass(frozen=True, slots=True)
class Desired:
    """What one revision wants.

    `services` are all that can run, by name; those in `frozen` run as an earlier version, for the reason given. Those
    in `held` are known by name only (they never had a good version): nothing is started for them, and nothing ended.
    `files` are those that have a document of each name, good or bad; `recipes` those that may be used, by name.
    """

    revision: Revision
    services: Mapping[str, ResolvedService] = field(default_factory=dict)
    complaints: tuple[Complaint, ...] = ()
    frozen: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    recipes: Mapping[str, Recipe] = field(default_factory=dict)


class Loader:
    """Loads one revision after the other and reads only the files that changed. One thread at a time.

    `builtin` are the texts of the recipes that ship with Reconciler, by path. What is returned depends on the
    arguments of `load` alone; unchanged services are the same objects as before. Raises InputError for a bad builtin.
    """

    def __init__(self, settings: Settings, builtin: Mapping[str, str]) -> None:
        self._settings = settings
        self._shelf = Shelf(builtin)
        self._reader: Reader | None = None
        self._readings: dict[tuple[str, str], FileReading] = {}
        self._last: Mapping[str, ResolvedService] = {}

    def load(self, snapshot: Snapshot, earlier: Earlier, history: History | None = None) -> Desired:
        """What `snapshot` wants. `earlier` gives older versions of a file, `history` the commits from its head back.

        Without `history` a name with two owners is held; with it, the last version with one owner stays in force.
        Raises only what `earlier` and `history` raise (SourceError).
        """
        recipes = snapshot.files if self._settings.recipes.repository else {}
        catalogue, complaints = self._shelf.catalogue(recipes, earlier)
        if self._reader is None or self._reader.catalogue is not catalogue:
            self._reader = Reader(catalogue, self._settings)
            self._readings.clear()
        files = {path: file for path, file in snapshot.files.items() if not path.startswith(FOLDER)}
        load = _Load(snapshot.revision, self._settings, self._read, complaints)
        load.take_all(files, earlier, history)
        self._forget(files)
        self._last = load.services(self._last)
        return load.desired(self._last, catalogue.recipes)

    def _read(self, file: File, revision: Revision) -> FileReading:
        if self._reader is None:
            raise RuntimeError("read before load")
        key = (file.path, file.blob)
        if file.text is None or key not in self._readings:
            self._readings[key] = self._reader.read(file, revision)
        return self._readings[key]

    def _forget(self, files: Mapping[str, File]) -> None:
        present = {(file.path, file.blob) for file in files.values()}
        self._readings = {key: reading for key, reading in self._readings.items() if key in present}


class _Load:
    """One revision being put together."""

    def __init__(
        self,
        revision: Revision,
        settings: Settings,
        read: Callable[[File, Revision], FileReading],
        complaints: tuple[Complaint, ...],
    ) -> None:
        self._revision = revision
        self._settings = settings
        self._read = read
        self._complaints = list(complaints)
        self._services: dict[str, ResolvedService] = {}
        self._frozen: dict[str, str] = {}
        self._held: dict[str, str] = {}
        self._files: dict[str, tuple[str, ...]] = {}

    def take_all(self, files: Mapping[str, File], earlier: Earlier, history: History | None) -> None:
        readings = {path: self._read(file, self._revision) for path, file in sorted(files.items())}
        bad = {path: reading for path, reading in readings.items() if reading.complaints}
        for reading in bad.values():
            self._complaints += reading.complaints
        owners = _owners(readings)
        for name, entries in owners.items():
            if len(entries) > 1:
                self._share(name, entries, history)
            elif entries[0].service is not None:
                self._take(entries[0].service)
        for path, reading in bad.items():
            self._freeze(reading, earlier(path), set(owners) - reading.names)
        self._limit()
        self._files = {name: tuple(dict.fromkeys(entry.file for entry in found)) for name, found in owners.items()}
        places = {name: (entries[0].file, entries[0].line) for name, entries in owners.items()}
        waits = {
            name: one.service.spec.depends_on for name, one in self._services.items() if one.service.spec.depends_on
        }
        self._complaints += check_dependencies(waits, places, frozenset(self._services.keys() | self._held.keys()))

    def services(self, last: Mapping[str, ResolvedService]) -> dict[str, ResolvedService]:
        """All that can run, in the order of their names; what equals the last one is the last one."""
        services = sorted(self._services.items())
        return {name: one if (before := last.get(name)) is one or before != one else before for name, one in services}

    def desired(self, services: Mapping[str, ResolvedService], recipes: Mapping[str, Recipe]) -> Desired:
        complaints = tuple(self._complaints)
        return Desired(self._revision, services, complaints, self._frozen, self._held, self._files, recipes)

    def _take(self, service: ResolvedService) -> None:
        self._services[service.name] = service
        if service.frozen:
            self._frozen[service.name] = service.frozen

    def _share(self, name: str, entries: list[Entry], history: History | None) -> None:
        """Two documents with one name: neither counts, and what had the name alone before stays in force."""
        for entry in entries:
            others = " and ".join(other.place for other in entries if other is not entry)
            problem = f"the name `{name}` is taken: it is also that of {others}"
            fix = "names are unique in the repository"
            self._complaints.append(Complaint(entry.file, entry.line, 1, "metadata.name", problem, "", "", fix, name))
        why = f"the name is that of {' and '.join(entry.place for entry in entries)}"
        by_file: defaultdict[str, tuple[Entry, ...]] = defaultdict(tuple)
        for entry in entries:
            by_file[entry.file] += (entry,)
        owner = last_sole_owner(name, by_file, history(), self._read) if history is not None else None
        if owner is None:
            self._held[name] = why
        else:
            self._take(replace(owner, frozen=f"in force as it was in {owner.file} before: {why}"))

    def _freeze(self, reading: FileReading, versions: Iterator[tuple[Revision, File]], elsewhere: set[str]) -> None:
        """Bring back the last good versions of a bad file's services, but for those that other files are about."""
        good, never = last_good(reading, versions, self._read)
        for name in sorted((good.keys() | never) - elsewhere - self._services.keys() - self._held.keys()):
            why = _why(reading, name)
            if name in good:
                self._take(replace(good[name], frozen=f"in force as of {good[name].revision.short}: {why}"))
            else:
                self._held[name] = f"no version of it was ever good: {why}"

    def _limit(self) -> None:
        """Refuse services over a target's limit, the last by name, so that it never depends on the order of events."""
        names: defaultdict[str, list[str]] = defaultdict(list)
        for name in sorted(self._services):
            names[self._services[name].target].append(name)
        for target, on_it in names.items():
            limit = self._settings.targets[target].limits.services
            for name in on_it[limit:] if limit is not None else ():
                service = self._services.pop(name)
                self._frozen.pop(name, None)
                problem = f"the target {target} allows {limit} services, and {len(on_it)} go to it"
                complaint = Complaint(service.file, 0, 0, "spec.target", problem, service=name)
                self._complaints.append(complaint)
                self._held[name] = str(complaint)


def _owners(readings: Mapping[str, FileReading]) -> dict[str, list[Entry]]:
    owners: defaultdict[str, list[Entry]] = defaultdict(list)
    for reading in readings.values():
        for entry in reading.entries:
            if entry.name:
                owners[entry.name].append(entry)
    return owners


def _why(reading: FileReading, name: str) -> str:
    """The first thing wrong with the service, or with its file, and how many more there are."""
    own = [one for entry in reading.entries if entry.name == name for one in entry.complaints]
    complaints = own or reading.complaints
    more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
    return f"{complaints[0]}{more}"
