"""Looking at a Kubernetes target: from the cache of its watches, so that a look costs no request."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import chain, product

from reconciler.kube import marks
from reconciler.kube.door.api import Api
from reconciler.kube.kinds import WATCHED
from reconciler.kube.look.cache import Cache
from reconciler.kube.look.reflector import Reflector
from reconciler.kube.look.seen import workloads
from reconciler.models.workload import Observed
from reconciler.ports import Bell
from reconciler.settings import KubernetesTarget


class KubernetesObserver:
    """The observer of one Kubernetes target; it sees nothing but what bears the mark of `owner`.

    A look is complete when every kind in every namespace has been listed and is being followed; a stream that cannot be
    opened again makes it incomplete at once. Before `start`, each look lists everything anew.
    """

    def __init__(self, target_name: str, target: KubernetesTarget, owner: str, api: Api, cache: Cache) -> None:
        places = tuple(product(target.namespaces, WATCHED))
        self._target_name = target_name
        self._client = api
        self._cache = cache
        self._bell: Bell | None = None
        self._reflectors = tuple(
            Reflector(self._client, kind, namespace, marks.ours(owner), self._ring) for namespace, kind in places
        )

    @property
    def calls(self) -> int:
        """Requests sent so far."""
        return self._client.calls

    def look(self) -> Observed:
        """See `reconciler.ports.Observer.look`."""
        if self._bell is None:
            self._refresh()
        states = [reflector.state() for reflector in self._reflectors]
        why = _summary(failure for _, failure in states if failure)
        return Observed(
            target=self._target_name,
            at=datetime.now(UTC),  # noqa: TID251 - the clock is read where a look is taken
            complete=not why,
            why=why,
            workloads=workloads(self._target_name, chain.from_iterable(seen for seen, _ in states)),
        )

    def start(self, bell: Bell) -> None:
        """See `reconciler.ports.Observer.start`."""
        self._bell = bell
        for reflector in self._reflectors:
            reflector.start()

    def close(self) -> None:
        """See `reconciler.ports.Observer.close`."""
        for reflector in self._reflectors:
            reflector.stop()
        for reflector in self._reflectors:
            reflector.join()
        self._client.close()

    def _refresh(self) -> None:
        with ThreadPoolExecutor(len(self._reflectors)) as pool:
            for done in [pool.submit(reflector.refresh) for reflector in self._reflectors]:
                done.result()

    def _ring(self) -> None:
        if self._bell is not None:
            self._bell()


def _summary(failures: Iterable[str]) -> str:
    """The first failure, and how many more there are: they mostly say the same."""
    known = list(dict.fromkeys(failures))
    more = f" (and {len(known) - 1} more)" if len(known) > 1 else ""
    return f"{known[0]}{more}" if known else ""
