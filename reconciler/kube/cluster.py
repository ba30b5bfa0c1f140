"""The two doers of one Kubernetes target, and what they share."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.kube.declared import Declared
from reconciler.kube.door.client import Client
from reconciler.kube.kinds import ALWAYS, OPTIONAL
from reconciler.kube.look.cache import Cache
from reconciler.kube.look.events import FOLLOWED
from reconciler.kube.look.observer import KubernetesObserver
from reconciler.kube.write.deployer import KubernetesDeployer
from reconciler.kube.write.events import EventWriter
from reconciler.settings import KubernetesTarget

#: Connections of the observer beside those of the kinds: for events, and for lists.
_EVENTS = 2
_LISTS = 4


def connect(
    name: str,
    target: KubernetesTarget,
    owner: str,
    *,
    keep_data: bool = True,
    may_not: Callable[[], str] = lambda: "",
) -> tuple[KubernetesObserver, KubernetesDeployer]:
    """The observer and the deployer of a target; nothing is sent yet. The caller closes both. Raises SettingsError.

    `keep_data`: claims of removed services stay. `may_not` is asked before every write: "" or why it must not be made.
    """
    cache = Cache(Declared())
    watches = len(target.namespaces) * len((*ALWAYS, *OPTIONAL, *target.kinds, *FOLLOWED))
    reader = Client(target, watches + _LISTS)
    writer = Client(target, target.parallel, may_not=may_not, writes=True)
    observer = KubernetesObserver(name, target, owner, reader, cache)
    events = EventWriter(writer, cache, target.namespaces, owner)
    return observer, KubernetesDeployer(name, target, owner, writer, cache, keep_data=keep_data, events=events)
