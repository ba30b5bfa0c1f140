"""One life of the daemon on the simulated Kubernetes: the real feed, observer, deployer and turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.board import Board
from reconciler.daemon.feed import Feed
from reconciler.desired.load import Desired, Loader
from reconciler.kube.declared import Declared
from reconciler.kube.look.cache import Cache
from reconciler.kube.look.observer import KubernetesObserver
from reconciler.kube.render.manifests import Manifest
from reconciler.kube.write.deployer import KubernetesDeployer
from reconciler.models.workload import Observed
from reconciler.ports import Bell
from reconciler.settings import KubernetesTarget, Settings
from reconciler.slurm.look.clock import Clock
from reconciler.turn import Report, Turn, World
from tests.sim.kubernetes.faults import FaultyApi
from tests.sim.kubernetes.hands import NAMESPACE, OWNER
from tests.sim.kubernetes.repository import GADGET, NAMES
from tests.sim.repository import SimSource

TARGET = "cloud"
SETTINGS = Settings.model_validate(
    {
        "owner": OWNER,
        "source": {"url": "/repository"},
        "recipes": {"builtin": False},
        # One request at a time, so that a seed replays the same walk.
        "targets": {TARGET: {"kind": "kubernetes", "namespaces": [NAMESPACE], "kinds": [GADGET.full], "parallel": 1}},
        "state": "/nowhere/state",
    }
)
_SHARE = 0.2


class SimDaemon:
    """Knows nothing of the lives before it. `stands_by` gives "" while it holds the lease.

    The loader is handed on from life to life only because reading the same files again takes most of the time; what it
    gives depends on its arguments alone.
    """

    def __init__(
        self,
        api: FaultyApi,
        source: SimSource,
        loader: Loader,
        clock: Clock,
        stands_by: Callable[[], str],
        *,
        keep_data: bool,
    ) -> None:
        target = SETTINGS.targets[TARGET]
        if not isinstance(target, KubernetesTarget):
            raise TypeError("the simulated target is a Kubernetes")
        self.api = api
        api.may_not = stands_by
        self.board = Board()
        self.keep_data = keep_data
        self._feed = Feed(source, loader, self.board)
        self._cache = Cache(Declared())
        deployer = KubernetesDeployer(
            TARGET, target, OWNER, api, self._cache, keep_data=keep_data, monotonic=clock.monotonic
        )
        observer = SteppedObserver(KubernetesObserver(TARGET, target, OWNER, api, self._cache), clock)
        world = World(TARGET, target, observer, deployer, stands_by)
        self._turn = Turn(world, OWNER, _SHARE, self.board, clock.now)

    @property
    def desired(self) -> Desired | None:
        """What it takes for wanted."""
        return self._feed.desired

    def manifest(self, service: str) -> Manifest | None:
        """What it declares of a service."""
        return self._cache.declared.of(service)

    def knows(self, uid: str) -> bool:
        """Whether it has seen this object as one of its own."""
        desired = self.desired
        names = {*(desired.services if desired else ()), *NAMES}
        return any(seen.uid == uid for name in names for seen in self._cache.of(NAMESPACE, name))

    def turn(self) -> Report | None:
        """Look at the repository and take one turn; None while nothing could ever be read."""
        self._feed.refresh()
        desired = self._feed.desired
        return self._turn.run(desired, self._feed) if desired else None

    def close(self) -> None:
        """Its threads end."""
        self._turn.close()


class SteppedObserver:
    """The real observer, whose watches are followed at each look instead of by threads."""

    def __init__(self, observer: KubernetesObserver, clock: Clock) -> None:
        self._observer = observer
        self._clock = clock

    def look(self) -> Observed:
        self._observer.step()
        return replace(self._observer.look(), at=self._clock.now())

    def start(self, bell: Bell) -> None:
        """It has no threads."""

    def close(self) -> None:
        """It has no threads."""
