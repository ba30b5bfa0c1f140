"""One target as the turn sees it: its settings and the doers that reach it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.ports import Bell, Deployer, Observer
from reconciler.settings import KubernetesTarget, SlurmTarget


@dataclass(frozen=True, slots=True)
class World:
    """`stands_by` gives "" while this daemon may write to the target, otherwise why it may not.

    `leader` names who may write now, where daemons contend for it; `contend` begins to try for the right to write,
    where there is such a thing, and rings the bell on a change.
    """

    name: str
    target: KubernetesTarget | SlurmTarget
    observer: Observer
    deployer: Deployer
    stands_by: Callable[[], str] = lambda: ""
    leader: Callable[[], str] = lambda: ""
    contend: Callable[[Bell], None] = lambda _bell: None
