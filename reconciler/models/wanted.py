"""A service made ready for one target (recipe, defaults, placement applied), and the few words of it the plan reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from reconciler.models.recipe import Recipe, Volume
from reconciler.models.revision import Revision
from reconciler.models.service import DriftPolicy, Resources, Service, SlurmOptions, StorageOptions, Value


@dataclass(frozen=True, slots=True)
class ResolvedService:
    """A service with nothing left open: defaults applied in the order recipe < target < service, target chosen.

    `config` has a value for each parameter of the recipe (None: unset). `revision` is the commit that its text was
    read from. `frozen` is "" or says in words why this is an earlier version (the present file is bad).
    `file` is the path that it was read from. `env` holds the variables of the target's defaults and of the service,
    literal (the recipe's are added by `desired.arguments.environment`). `generated` are the secrets that the service
    leaves to be made on the platform, each with the number of its letters and digits; its `secrets` name them too.
    """

    service: Service
    recipe: Recipe
    target: str
    config: Mapping[str, Value | None]
    resources: Resources
    slurm: SlurmOptions
    namespace: str
    revision: Revision
    file: str
    frozen: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    generated: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The service's name."""
        return self.service.metadata.name

    @property
    def storage(self) -> Mapping[str, Volume]:
        """The volumes, by name: the recipe's, with the size and the access mode that the service asks for."""
        own = self.service.spec.storage
        return {name: _sized(volume, own.get(name)) for name, volume in self.recipe.spec.storage.items()}


def _sized(volume: Volume, own: StorageOptions | None) -> Volume:
    if own is None:
        return volume
    update = {"size": own.size or volume.size, "access_mode": own.access_mode or volume.access_mode}
    return volume.model_copy(update=update)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the plan needs to know of one service on one target.

    `units` is how many workloads there should be (replicas on Slurm; 1 on Kubernetes, which counts replicas itself).
    `restart` is the hash of the `restart:` value. `blocked` is "" or why nothing new may be started now. `lead` is how
    long before the time limit a successor is wanted (None: never). `place` and `limit` (0: the site's own) are as in a
    mark. `grace` is how long a stop may take. `restart_after` is how long one that runs may be unhealthy before it is
    restarted (None: for ever, or the platform restarts it by itself).

    `surge` is how many replicas may have a successor beside them during a change (0: each old one is ended for its
    successor), `unavailable` how many replicas may be missing meanwhile. `in_place`: the platform puts new content in
    the place of the old by itself, so that nothing is counted or cancelled for it. `drift` is what is done about fields
    that were changed by hand. `parts` is what it is made of on the platform, as in `Gap.part`.
    """

    service: str
    units: int
    digest: str
    restart: str = ""
    stateful: bool = False
    suspended: str = ""
    blocked: str = ""
    lead: timedelta | None = None
    surge: int = 0
    unavailable: int = 1
    in_place: bool = False
    drift: DriftPolicy = "repair"
    parts: frozenset[str] = frozenset()
    place: str = ""
    limit: int = 0
    grace: timedelta = timedelta(seconds=30)
    depends_on: tuple[str, ...] = ()
    restart_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """What would be handed to a platform: `digest` decides whether it is the same, `place` whether it waits there.

    `write` makes its text for people; it is called only when somebody wants to read it. `parts` is as in `Wanted`.
    """

    digest: str
    write: Callable[[], str] = field(compare=False)
    place: str = ""
    parts: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        """The whole of it, for people."""
        return self.write()


@dataclass(frozen=True, slots=True)
class Lost:
    """A live service that nobody wants any more, and what Git says about it.

    `removed_by` is the commit that removed it (None: not found in history); `allowed` is the largest number that a
    `Reconciler-Allow-Removals` trailer allows in that commit or a later one (0: none; a very large one for `all`);
    `together` is how many services that commit removed and `before` how many there were before it.
    """

    service: str
    removed_by: Revision | None = None
    allowed: int = 0
    together: int = 0
    before: int = 0


@dataclass(frozen=True, slots=True)
class Removals:
    """The verdict on removals: `allowed` names may go; `held` names stay, with the reason in words."""

    allowed: frozenset[str] = frozenset()
    held: Mapping[str, str] = field(default_factory=dict)
