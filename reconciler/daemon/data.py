"""The data that services left on the targets, and their removal: for `reconciler data`, beside or without a daemon."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from reconciler.daemon.single import Pass, single_pass
from reconciler.desired.kept import judge_data, unknown
from reconciler.desired.secrets import users_of_made
from reconciler.errors import LookError, RefusedError, SettingsError, TargetError
from reconciler.kube.data import ClaimKeeper
from reconciler.models.data import DataLine, DataState, Stored
from reconciler.ports import DataKeeper
from reconciler.settings import KubernetesTarget, Settings, SlurmTarget
from reconciler.slurm.data import FolderKeeper

_MAY_GO = (DataState.KEPT, DataState.REMOVING)
#: Of several targets that have the same storage, the one that says most against a removal counts.
_STRONGER = (DataState.IN_USE, DataState.UNKNOWN, DataState.WANTED)


@dataclass(frozen=True, slots=True)
class Found:
    """What lies on the targets, and, by name, why one could not be read."""

    lines: tuple[DataLine, ...]
    failures: Mapping[str, str]


class DataOffice:
    """The stored data of some targets. `kubeconfig` is used for claims and secrets instead of the settings' own.

    Nothing is written to a target but by `remove`; no lock and no lease is taken, so that a daemon may work meanwhile.
    Raises SettingsError for a target that is not in the settings.
    """

    def __init__(self, settings: Settings, targets: Sequence[str] = (), kubeconfig: Path | None = None) -> None:
        if missing := next((name for name in targets if name not in settings.targets), ""):
            raise SettingsError(f"targets: there is no target {missing}; known: {', '.join(settings.targets)}")
        self._settings = settings
        self._stack = ExitStack()
        names = targets or tuple(settings.targets)
        self._keepers = {name: _keeper(settings, name, kubeconfig) for name in names}
        for keeper in self._keepers.values():
            self._stack.callback(keeper.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def find(self, service: str = "") -> Found:
        """What is stored of a service, or of all, and what becomes of it. Raises SourceError."""
        return self._judged(single_pass(self._settings, act=False), service)

    def removable(self, service: str, replica: int | None = None) -> Found:
        """What may be removed of a service, or of one replica of it.

        Raises RefusedError for what is wanted, in use, not known well enough, or not ours; SourceError.
        """
        done = single_pass(self._settings, act=False)
        if done.status.source.error:
            raise RefusedError(f"the repository cannot be read now, so nothing is removed: {done.status.source.error}")
        found = self._judged(done, service)
        for name, why in found.failures.items():
            raise RefusedError(f"{name}: what is stored there is not known, so nothing is removed: {why}")
        chosen = tuple(line for line in found.lines if replica in (None, line.stored.replica))
        for line in chosen:
            _check(line)
        if replica is None:
            self._check_service(done, service, {line.stored.target for line in chosen} or set(self._keepers))
        return Found(chosen, {})

    def remove(self, lines: Iterable[DataLine]) -> Iterator[str]:
        """Remove them one by one, and say of each that it is gone. Raises TargetError at the first that cannot be."""
        for line in lines:
            self._keepers[line.stored.target].remove(line.stored)
            yield f"removed {line.stored.place}"

    def remove_secrets(self, service: str, targets: Iterable[str]) -> Iterator[str]:
        """Remove the secrets that were made for a service, where its data were. Raises TargetError."""
        for name in targets:
            if self._keepers[name].remove_secrets(service):
                yield f"removed the secrets that were made for {service} on {name}, where there were any"

    def _judged(self, done: Pass, service: str) -> Found:
        lines: list[DataLine] = []
        failures: dict[str, str] = {}
        for name, keeper in self._keepers.items():
            known = {line.stored.place for line in lines if _same_folder(self._settings, name, line.stored.target)}
            try:
                lines += [self._judge(done, one) for one in keeper.list(service) if one.place not in known]
            except (LookError, TargetError) as error:
                failures[name] = str(error)
        return Found(tuple(lines), failures)

    def _judge(self, done: Pass, stored: Stored) -> DataLine:
        """By its own target, and by all others that have the same storage."""
        names = self._with_same_storage(stored.target)
        judged = (judge_data(replace(stored, target=name), done.desired, done.reports[name].seen) for name in names)
        return replace(min(judged, key=_strength), stored=stored)

    def _with_same_storage(self, target: str) -> list[str]:
        """The target itself first."""
        others = (one for one in self._settings.targets if one != target and _same_folder(self._settings, one, target))
        return [target, *others]

    def _check_service(self, done: Pass, service: str, targets: Iterable[str]) -> None:
        """As for its data, where it has none (yet): it may be about to make some."""
        for name in {one for target in targets for one in self._with_same_storage(target)}:
            seen, wanted = done.reports[name].seen, done.desired.services.get(service)
            if service in done.desired.held or (wanted is not None and wanted.target == name):
                raise RefusedError(f"{service} is wanted on {name}; remove it from the repository first")
            if user := next(users_of_made(service, name, done.desired.services.values()), None):
                raise RefusedError(f"{user} on {name} uses a secret that was made for {service}; change that first")
            if why := unknown(seen):
                raise RefusedError(f"{name}: whether {service} runs there is not known, so nothing is removed: {why}")


def _check(line: DataLine) -> None:
    if line.state not in _MAY_GO:
        stored, why = line.stored, f": {line.why}" if line.why else ""
        advice = {
            DataState.WANTED: f"; remove {stored.service} from the repository first (reconciler stop {stored.service})",
            DataState.IN_USE: "; wait until it has ended",
        }
        raise RefusedError(
            f"{stored.place} on {stored.target} is {line.state.value}{why}; nothing is removed"
            f"{advice.get(line.state, '')}"
        )


def _strength(line: DataLine) -> int:
    return _STRONGER.index(line.state) if line.state in _STRONGER else len(_STRONGER)


def _same_folder(settings: Settings, one: str, other: str) -> bool:
    """Whether two targets have the same storage; on Kubernetes no two have (`desired.clusters`)."""
    here, there = settings.targets[one], settings.targets[other]
    if isinstance(here, SlurmTarget) and isinstance(there, SlurmTarget):
        return here.folders.data.resolve() == there.folders.data.resolve()
    return False


def _keeper(settings: Settings, name: str, kubeconfig: Path | None) -> DataKeeper:
    target = settings.targets[name]
    if isinstance(target, KubernetesTarget):
        if kubeconfig is not None:
            own: Mapping[str, object] = {"kubeconfig": kubeconfig, "context": None, "impersonate": None}
            target = target.model_copy(update=own)
        return ClaimKeeper(name, target, settings.owner)
    return FolderKeeper(name, target, settings.owner)
