"""One life of the daemon on the simulated Slurm: the real feed, observer, deployer and turn, behind a door."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.board import Board
from reconciler.daemon.feed import Feed
from reconciler.desired.load import Desired, Loader
from reconciler.models.wanted import ResolvedService
from reconciler.settings import Settings, SlurmTarget
from reconciler.slurm import SlurmDeployer, SlurmObserver
from reconciler.slurm.look.clock import Clock
from reconciler.turn import Report, Turn, World
from tests.sim.faults import FaultyDoor
from tests.sim.repository import SimSource

OWNER, TARGET = "factory", "hpc"
SETTINGS = Settings.model_validate(
    {
        "owner": OWNER,
        "source": {"url": "/repository"},
        "recipes": {"builtin": False},
        "targets": {
            TARGET: {
                "kind": "slurm",
                "folders": {"data": "/nowhere/data", "logs": "/nowhere/logs"},
                "tick": "30s",
                "parallel": 1,  # one call at a time, so that a seed replays the same walk
            }
        },
        "state": "/nowhere/state",
    }
)
_SHARE = 0.2


class SimDaemon:
    """Knows nothing of the lives before it. `stands_by` gives "" while it holds the lock.

    The loader is handed on from life to life only because reading the same files again takes most of the time; what it
    gives depends on its arguments alone.
    """

    def __init__(
        self,
        door: FaultyDoor,
        source: SimSource,
        loader: Loader,
        clock: Clock,
        stands_by: Callable[[], str],
    ) -> None:
        target = SETTINGS.targets[TARGET]
        if not isinstance(target, SlurmTarget):
            raise TypeError("the simulated target is a Slurm")
        self.door = door
        self.board = Board()
        self._feed = Feed(source, loader, self.board)
        self._deployer = SlurmDeployer(target, OWNER, door, clock)
        observer = SlurmObserver(TARGET, OWNER, door, clock=clock)
        world = World(TARGET, target, observer, self._deployer, stands_by)
        self._turn = Turn(world, OWNER, _SHARE, self.board, clock.now)

    @property
    def desired(self) -> Desired | None:
        """What it takes for wanted."""
        return self._feed.desired

    def digest(self, service: ResolvedService) -> tuple[str, str]:
        """The digest and the place that its jobs should have."""
        rendered = self._deployer.render(service)
        return rendered.digest, rendered.place

    def turn(self) -> Report | None:
        """Look at the repository and take one turn; None while nothing could ever be read."""
        self._feed.refresh()
        desired = self._feed.desired
        return self._turn.run(desired, self._feed) if desired else None

    def close(self) -> None:
        """Its threads end."""
        self._turn.close()
