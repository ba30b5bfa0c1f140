"""Writing to a Kubernetes target: server-side apply, and deletion by mark. Every write can be repeated."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from reconciler.errors import ConflictError, LookError, RefusedError, UncertainError, UnreachableError
from reconciler.kube.door.api import Api
from reconciler.kube.door.failures import LostAnswerError
from reconciler.kube.kinds import ALWAYS, CLAIM, OPTIONAL, Object
from reconciler.kube.look.cache import Cache
from reconciler.kube.render import manifests
from reconciler.kube.render.manifests import Manifest
from reconciler.kube.render.text import dump
from reconciler.kube.write.apply import Applier
from reconciler.kube.write.conflicts import Guard
from reconciler.kube.write.events import EventWriter
from reconciler.kube.write.remove import Remover
from reconciler.kube.write.repair import Repairer
from reconciler.kube.write.sizes import check_sizes
from reconciler.models.status import ServiceStatus
from reconciler.models.wanted import Rendered, ResolvedService
from reconciler.models.workload import Mark, Workload
from reconciler.settings import KubernetesTarget


class KubernetesDeployer:
    """The deployer of one Kubernetes target; to be shared by threads.

    It touches nothing but what bears the mark of `owner`. `keep_data`: claims of removed services stay.
    A deploy takes the place of what runs under the same name (Wanted.in_place): nothing of it is to be cancelled.
    `monotonic` tells the time in seconds, by which it knows what is still fresh.
    `events` writes verdicts (None: nobody does).
    """

    def __init__(
        self,
        target_name: str,
        target: KubernetesTarget,
        owner: str,
        api: Api,
        cache: Cache,
        *,
        keep_data: bool = True,
        events: EventWriter | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._target_name = target_name
        self._target = target
        self._owner = owner
        self._keep_data = keep_data
        self._api = api
        self._cache = cache
        self._events = events
        self._guard = Guard(api, owner, cache, monotonic)
        self._applier = Applier(api, cache, self._guard, create_namespaces=target.create_namespaces)
        self._remover = Remover(api, cache, self._guard, [*(kind.full for kind in (*ALWAYS, *OPTIONAL)), *target.kinds])
        self._repairer = Repairer(api, cache)

    @property
    def calls(self) -> int:
        """Requests sent so far."""
        return self._api.calls

    def render(self, service: ResolvedService) -> Rendered:
        """See `reconciler.ports.Deployer.render`. Also raises RefusedError when an object would be too large."""
        manifest = self._render(service)
        check_sizes(service.name, manifest.objects)
        self._cache.declared.put(service.name, manifest)
        return Rendered(manifest.digest, lambda: _text(self._render(service)), parts=_parts(service, manifest))

    def deploy(self, service: ResolvedService, mark: Mark, delay: float, after: tuple[Workload, ...]) -> None:  # noqa: ARG002 - Kubernetes has a backoff of its own, and the new takes the place of the old
        """See `reconciler.ports.Deployer.deploy`."""
        manifest = self._manifest(service, mark)
        with _writing(service.file):
            self._guard.reserve(service.name, map(_name, manifest.objects))
            self._applier.apply(manifest, mark, service.service.spec.ignore)
            self._remover.sweep(service.namespace, service.name, manifest.objects)

    def cancel(self, workload: Workload, *, removal: bool) -> None:
        """See `reconciler.ports.Deployer.cancel`. Claims go only with a removal, and only without `keep_data`."""
        if workload.mark.owner != self._owner:
            raise ConflictError(f"{workload.id} bears the mark of {workload.mark.owner}, not of {self._owner}")
        namespace, _, service = workload.id.partition("/")
        with _writing():
            self._remover.remove(namespace, service, claims=removal and not self._keep_data)

    def amend(self, service: ResolvedService, workload: Workload, mark: Mark, limit: timedelta | None) -> None:  # noqa: ARG002 - objects have no time limit
        """Write the mark again by applying the service again."""
        self.deploy(service, mark, 0.0, (workload,))

    def repair(self, service: ResolvedService, workload: Workload, mark: Mark) -> bool:  # noqa: ARG002 - the cache knows what differs
        """See `reconciler.ports.Deployer.repair`."""
        with _writing(service.file):
            return self._repairer.repair(self._manifest(service, mark), mark)

    def forget(self, service: str) -> None:
        """See `reconciler.ports.Deployer.forget`."""
        self._guard.forget(service)
        self._cache.declared.forget(service)

    def announce(self, status: ServiceStatus, at: datetime) -> None:
        """See `reconciler.ports.Deployer.announce`: as an Event on what makes the pods."""
        if self._events is not None:
            self._events.announce(status, at)

    def dialect(self) -> str:
        """See `reconciler.ports.Deployer.dialect`."""
        return " ".join(sorted(self._cache.served or ()))

    def estimate(self, service: ResolvedService) -> timedelta | None:  # noqa: ARG002 - nothing of it is asked
        """Kubernetes gives no estimate of a start."""
        return None

    def site(self) -> str:
        """Not told: what the API server refuses is tried again after a while."""
        return ""

    def close(self) -> None:
        """See `reconciler.ports.Deployer.close`."""
        self._api.close()

    def _manifest(self, service: ResolvedService, mark: Mark) -> Manifest:
        """What is declared, if that is what is to be applied."""
        manifest = self._cache.declared.of(service.name)
        return manifest if manifest is not None and manifest.digest == mark.digest else self._render(service)

    def _render(self, service: ResolvedService) -> Manifest:
        return manifests.render(service, self._target, self._owner, self._cache.served or frozenset())


def _parts(service: ResolvedService, manifest: Manifest) -> frozenset[str]:
    """What it is made of, as the gaps of a look name it."""
    made = {f"{item['metadata']['namespace']}/{item['kind']}" for item in manifest.objects}
    return frozenset(made | ({f"{service.namespace}/{CLAIM.name}"} if manifest.claims else set()))


def _text(manifest: Manifest) -> str:
    """The objects as YAML; what is made once is told as a comment."""
    told = f"# {manifest.generated}\n" if manifest.generated else ""
    return told + dump(manifest.objects)


def _name(item: Object) -> str:
    return f"{item['kind']} {item['metadata']['namespace']}/{item['metadata']['name']}"


@contextmanager
def _writing(file: str = "") -> Iterator[None]:
    """Errors as the turn takes them: whatever is written here may be written again at once.

    A look that fails in the course of a write means that this step surely did not happen. What is refused is said of
    the file of the service.
    """
    try:
        yield
    except LookError as error:
        raise UnreachableError(str(error)) from error
    except UncertainError as error:
        raise LostAnswerError(str(error)) from error
    except (RefusedError, ConflictError) as error:
        if not file:
            raise
        raise type(error)(f"{file}: {error}") from error
