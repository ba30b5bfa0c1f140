"""Looking at a Kubernetes target: from the cache of its watches, so that a look costs no request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from reconciler.kube.door.api import Api
from reconciler.kube.kinds import WATCHED
from reconciler.kube.look.cache import Cache
from reconciler.kube.look.reflector import Reflector
from reconciler.kube.look.scene import Scene
from reconciler.models.workload import Gap, Observed
from reconciler.ports import Bell
from reconciler.settings import KubernetesTarget


class KubernetesObserver:
    """The observer of one Kubernetes target; it sees nothing but what bears the mark of `owner`.

    A kind that cannot be listed or followed in a namespace is a gap of the look. The look is incomplete when nothing
    can be, and until everything was asked for once. Before `start`, each look lists everything anew.
    """

    def __init__(self, target_name: str, target: KubernetesTarget, owner: str, api: Api, cache: Cache) -> None:
        self._target_name = target_name
        self._api = api
        self._cache = cache
        self._bell: Bell | None = None
        self._follows = False
        self._scene = Scene(target_name, cache)
        self._reflectors = tuple(
            Reflector(api, kind, namespace, owner, cache, self._ring)
            for namespace in target.namespaces
            for kind in WATCHED
        )

    @property
    def calls(self) -> int:
        """Requests sent so far."""
        return self._api.calls

    def look(self) -> Observed:
        """See `reconciler.ports.Observer.look`."""
        if not self._follows:
            self._refresh()
        why, gaps = self._missing()
        now = datetime.now(UTC)  # noqa: TID251 - the clock is read where a look is taken
        self._cache.compare()
        return Observed(
            target=self._target_name,
            at=now,
            complete=not why,
            why=why,
            workloads=self._scene.workloads(now),
            gaps=gaps,
        )

    def start(self, bell: Bell) -> None:
        """See `reconciler.ports.Observer.start`."""
        self._bell, self._follows = bell, True
        for reflector in self._reflectors:
            reflector.start()

    def step(self) -> None:
        """Follow everything once to the end of a stream, without threads; from then on a look costs no request."""
        self._follows = True
        for reflector in self._reflectors:
            reflector.step()
        self._tell_served()

    def close(self) -> None:
        """See `reconciler.ports.Observer.close`."""
        for reflector in self._reflectors:
            reflector.stop()
        for reflector in self._reflectors:
            reflector.join()
        self._api.close()

    def _refresh(self) -> None:
        with ThreadPoolExecutor(len(self._reflectors)) as pool:
            for done in [pool.submit(reflector.refresh) for reflector in self._reflectors]:
                done.result()
        self._tell_served()

    def _missing(self) -> tuple[str, tuple[Gap, ...]]:
        """Why nothing may be concluded, or else what could not be seen."""
        states = [(reflector, reflector.state()) for reflector in self._reflectors]
        unlisted = [f"{reflector.part} has not been listed yet" for reflector, state in states if not state.listed]
        gaps = tuple(Gap(reflector.part, state.failure) for reflector, state in states if state.failure)
        if len(gaps) + len(unlisted) == len(states):
            return _summary([*(gap.why for gap in gaps), *unlisted]), ()
        return _summary(unlisted), gaps

    def _tell_served(self) -> None:
        """Which of the kinds that a cluster may lack it has, as soon as all of them were asked for."""
        states = [(reflector, reflector.state()) for reflector in self._reflectors if reflector.optional]
        if all(state.listed for _, state in states):
            self._cache.served = frozenset(reflector.kind.name for reflector, state in states if not state.absent)

    def _ring(self) -> None:
        self._tell_served()
        if self._bell is not None:
            self._bell()


def _summary(failures: Sequence[str] | Iterable[str]) -> str:
    """The first failure, and how many more there are: they mostly say the same."""
    known = list(dict.fromkeys(failures))
    more = f" (and {len(known) - 1} more)" if len(known) > 1 else ""
    return f"{known[0]}{more}" if known else ""
