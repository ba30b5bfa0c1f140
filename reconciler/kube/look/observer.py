"""Looking at a Kubernetes target: from the cache of its watches, so that a look costs no request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from reconciler.errors import SettingsError
from reconciler.kube.door.api import Api
from reconciler.kube.door.clock import utc_now
from reconciler.kube.kinds import ALWAYS, OPTIONAL, Kind
from reconciler.kube.look.cache import Cache
from reconciler.kube.look.events import FOLLOWED, Listener, Words
from reconciler.kube.look.pulse import Pulse
from reconciler.kube.look.reflector import Reflector
from reconciler.kube.look.scene import Scene
from reconciler.models.workload import Gap, Observed
from reconciler.ports import Bell
from reconciler.settings import KubernetesTarget


class KubernetesObserver:
    """The observer of one Kubernetes target; it sees nothing but what bears the mark of `owner`.

    A kind that cannot be listed or followed in a namespace is a gap of the look. The look is incomplete when nothing
    can be, or the server does not answer, and until everything was asked for once. Before `start`, each look lists
    everything anew. Raises SettingsError when the target's kinds cannot be told apart.
    """

    def __init__(
        self,
        target_name: str,
        target: KubernetesTarget,
        owner: str,
        api: Api,
        cache: Cache,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._clock = clock
        self._target_name = target_name
        self._api = api
        self._cache = cache
        self._bell: Bell | None = None
        self._follows = False
        words = Words()
        self._scene = Scene(target_name, cache, words.of)
        self._reflectors = tuple(
            Reflector(api, kind, namespace, owner, cache, self._ring, optional=kind not in ALWAYS)
            for namespace in target.namespaces
            for kind in _watched(target_name, target)
        )
        self._pulse = Pulse(api, cache, self._reflectors, self._ring)
        self._listeners = tuple(
            Listener(api, namespace, fields, words, cache, self._ring)
            for namespace in target.namespaces
            for fields in FOLLOWED
        )
        self._threads: tuple[Pulse | Reflector | Listener, ...] = (self._pulse, *self._reflectors, *self._listeners)

    @property
    def calls(self) -> int:
        """Requests sent so far."""
        return self._api.calls

    def look(self) -> Observed:
        """See `reconciler.ports.Observer.look`."""
        if not self._follows:
            self._refresh()
        why, gaps = self._missing()
        now = self._clock()
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
        for thread in self._threads:
            thread.start()

    def step(self) -> None:
        """Follow everything once to the end of a stream, without threads; from then on a look costs no request."""
        self._follows = True
        for reflector in self._reflectors:
            reflector.step()
        self._tell_served()

    def close(self) -> None:
        """See `reconciler.ports.Observer.close`."""
        for thread in self._threads:
            thread.stop()
        for thread in self._threads:
            thread.join()
        self._api.close()

    def _refresh(self) -> None:
        asked: tuple[Reflector | Listener, ...] = (*self._reflectors, *self._listeners)
        with ThreadPoolExecutor(len(asked)) as pool:
            for done in [pool.submit(one.refresh) for one in asked]:
                done.result()
        self._tell_served()

    def _missing(self) -> tuple[str, tuple[Gap, ...]]:
        """Why nothing may be concluded, or else what could not be seen."""
        if self._pulse.failure:
            return self._pulse.failure, ()
        states = [(reflector, reflector.state()) for reflector in self._reflectors]
        unlisted = [f"{reflector.part} has not been listed yet" for reflector, state in states if not state.listed]
        gaps = tuple(Gap(reflector.part, state.failure) for reflector, state in states if state.failure)
        if not any(state.seen for _, state in states):
            return _summary([*(gap.why for gap in gaps), *unlisted]), ()
        return _summary(unlisted), gaps

    def _tell_served(self) -> None:
        """Which of the kinds that a cluster may lack it has, as soon as all of them were asked for.

        One that could never be listed counts as there: it is a gap, so that nothing is done about what is made of it.
        """
        states = [(reflector, reflector.state()) for reflector in self._reflectors if reflector.optional]
        if all(state.listed for _, state in states):
            self._cache.served = frozenset(reflector.kind.name for reflector, state in states if not state.absent)

    def _ring(self) -> None:
        self._tell_served()
        if self._bell is not None:
            self._bell()


def _watched(target_name: str, target: KubernetesTarget) -> tuple[Kind, ...]:
    """What is watched in each namespace; of the operator's kinds the plural is not known yet."""
    usual = (*ALWAYS, *OPTIONAL)
    known = {kind.full for kind in usual}
    more = [full.rpartition("/") for full in dict.fromkeys(target.kinds) if full not in known]
    kinds = (*usual, *(Kind(name, api_version, "") for api_version, _, name in more))
    twice = [name for name, count in Counter(kind.name for kind in kinds).items() if count > 1]
    if twice:
        raise SettingsError(
            f"targets.{target_name}.kinds: {' and '.join(kind.full for kind in kinds if kind.name == twice[0])} "
            "have the same name and could not be told apart; use only one of them"
        )
    return kinds


def _summary(failures: Sequence[str]) -> str:
    """The first failure, and how many more there are: they mostly say the same."""
    known = list(dict.fromkeys(failures))
    more = f" (and {len(known) - 1} more)" if len(known) > 1 else ""
    return f"{known[0]}{more}" if known else ""
