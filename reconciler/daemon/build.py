"""From Settings to doers. The Kubernetes client is imported only where a Kubernetes target is used."""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import reconciler
from reconciler.board import Board
from reconciler.daemon.feed import Feed
from reconciler.daemon.lock import StateLock
from reconciler.desired.load import Loader
from reconciler.errors import SettingsError
from reconciler.kube.cluster import connect
from reconciler.kube.door.lease import Lease
from reconciler.metrics import utc_now
from reconciler.plan import ReactionLimits
from reconciler.ports import Prober
from reconciler.settings import KubernetesTarget, Settings, SlurmTarget
from reconciler.slurm import SlurmCommands, SlurmDeployer, SlurmObserver
from reconciler.source.git import GitSource
from reconciler.turn import Turn, World

_SHARE = Path("share/reconciler/recipes")


def builtin_recipes() -> dict[str, str]:
    """The recipes that ship with Reconciler, by path. Raises SettingsError when the installation lacks them."""
    root = Path(reconciler.__file__).parent.parent
    # The source tree; and where a wheel has them: in a `--target` folder, in an environment, in a user's own.
    places = [root / "recipes", *(base / _SHARE for base in (root, Path(sys.prefix), Path(site.getuserbase())))]
    for place in places:
        files = sorted(place.glob("*/*.yaml"))
        if files:
            return {f"recipes/{file.parent.name}/{file.name}": file.read_text("utf-8") for file in files}
    raise SettingsError(f"no recipes found at {' or '.join(map(str, places))}; install Reconciler again")


def make_loader(settings: Settings) -> Loader:
    """What turns snapshots into services under these settings."""
    return Loader(settings, builtin_recipes() if settings.recipes.builtin else {})


@contextmanager
def make_feed(settings: Settings, board: Board) -> Iterator[tuple[GitSource, Feed]]:
    """The source and its feed; the source is closed at the end. Raises SettingsError."""
    _check_account(settings)
    recipes = "recipes" if settings.recipes.repository else None
    source = GitSource(settings.source, settings.state, recipes)
    try:
        yield source, Feed(source, make_loader(settings), board)
    finally:
        source.close()


def _check_account(settings: Settings) -> None:
    """Another account would not see the jobs of this one, and would start them all again."""
    owner = settings.state.stat().st_uid if settings.state.exists() else os.geteuid()
    if owner != os.geteuid():
        raise SettingsError(
            f"state: {settings.state} belongs to user id {owner}, and this process has {os.geteuid()}; "
            "run it as the user that runs the daemon: another one does not see its Slurm jobs"
        )


@contextmanager
def make_worlds(settings: Settings, lock: StateLock | None) -> Iterator[Mapping[str, World]]:
    """All targets; everything they hold is freed at the end. `lock` is the held one; None for looking only."""
    with ExitStack() as stack:
        yield {name: _world(settings, name, lock, stack) for name in settings.targets}


def _world(settings: Settings, name: str, lock: StateLock | None, stack: ExitStack) -> World:
    target = settings.targets[name]
    match target:
        case KubernetesTarget():
            world = _kubernetes(settings, name, target, lock, stack)
        case SlurmTarget():
            world = _slurm(settings.owner, name, target, (lock.fd,) if lock else ())
    stack.callback(world.deployer.close)
    stack.callback(world.observer.close)
    return world


def _kubernetes(
    settings: Settings, name: str, target: KubernetesTarget, lock: StateLock | None, stack: ExitStack
) -> World:
    lease = Lease(target, settings.owner, lock.identity() if lock else "")
    stack.callback(lease.close)

    def stands_by() -> str:
        if lease.is_leader():
            return ""
        return f"stands by: the lease is held by {lease.holder() or 'nobody yet'}, this is {lease.identity}"

    keep = settings.removals.keep_data
    observer, deployer = connect(name, target, settings.owner, keep_data=keep, may_not=stands_by)
    return World(name, target, observer, deployer, stands_by, lease.holder, lease.start)


def _slurm(owner: str, name: str, target: SlurmTarget, inherit: tuple[int, ...]) -> World:
    commands = SlurmCommands(target.transport, target.timeout.total_seconds(), inherit)
    return World(
        name, target, SlurmObserver(name, owner, commands, target.folders.logs), SlurmDeployer(target, owner, commands)
    )


def make_turn(settings: Settings, world: World, board: Board, prober: Prober | None = None) -> Turn:
    """The turn of one target. `prober` asks endpoints where the target's settings want that."""
    reactions = ReactionLimits(_share(settings.reactions.max), _share(settings.reactions.hold))
    return Turn(world, settings.owner, _share(settings.removals.max), board, utc_now, prober, reactions)


def make_prober(settings: Settings, board: Board) -> Prober | None:
    """What asks running services whether they are well, not started yet; None where no target wants that of us."""
    if all(target.probes != "daemon" for target in settings.targets.values()):
        return None
    from reconciler.probe import Prober as EndpointProber  # noqa: PLC0415 - asyncio and TLS, only where they are used

    def count(target: str, seconds: float, _good: bool) -> None:  # noqa: FBT001 - the prober's own order
        board.count_probe(target, seconds)

    return EndpointProber(settings.probes.parallel, utc_now, count)


def _share(text: str) -> float:
    return int(text.removesuffix("%")) / 100
