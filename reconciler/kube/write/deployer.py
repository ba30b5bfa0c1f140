"""Writing to a Kubernetes target: server-side apply, and deletion by mark. Every write can be repeated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from reconciler.errors import ConflictError, LookError, UnreachableError
from reconciler.kube import marks
from reconciler.kube.door.api import Api
from reconciler.kube.door.failures import AbsentError, ClashError
from reconciler.kube.kinds import APPLIED, CLAIM, WORKLOADS, Kind, Object, kind_of
from reconciler.kube.look.cache import Cache
from reconciler.kube.render import manifests
from reconciler.kube.render.manifests import Manifest
from reconciler.kube.render.text import dump
from reconciler.kube.write.roster import Roster
from reconciler.models.wanted import Rendered, ResolvedService
from reconciler.models.workload import Mark, Workload
from reconciler.settings import KubernetesTarget


class KubernetesDeployer:
    """The deployer of one Kubernetes target; to be shared by threads.

    It touches nothing but what bears the mark of `owner`. `keep_data`: claims of removed services stay.
    A deploy takes the place of what runs under the same name (Wanted.in_place): nothing of it is to be cancelled.
    """

    def __init__(
        self, target_name: str, target: KubernetesTarget, owner: str, api: Api, cache: Cache, *, keep_data: bool = True
    ) -> None:
        self._target_name = target_name
        self._target = target
        self._owner = owner
        self._keep_data = keep_data
        self._client = api
        self._cache = cache
        self._strangers = Roster(self._client, marks.foreign(owner))
        self._mine = Roster(self._client, marks.ours(owner))
        self._manifests: dict[str, tuple[ResolvedService, Manifest]] = {}

    @property
    def calls(self) -> int:
        """Requests sent so far."""
        return self._client.calls

    def render(self, service: ResolvedService) -> Rendered:
        """See `reconciler.ports.Deployer.render`; the same service again costs nothing."""
        manifest = self._manifest(service)
        parts = frozenset(f"{service.namespace}/{item['kind']}" for item in manifest.objects)
        return Rendered(manifest.digest, lambda: dump(manifest.objects), parts=parts)

    def deploy(self, service: ResolvedService, mark: Mark, delay: float, after: tuple[Workload, ...]) -> None:  # noqa: ARG002 - Kubernetes has a backoff of its own
        """See `reconciler.ports.Deployer.deploy`."""
        manifest = self._manifest(service)
        with _writing():
            self._leave_strangers_alone(service, manifest)
            for item in manifests.stamp(manifest, mark):
                self._client.apply(item)
            if after:
                self._sweep(service, manifest)

    def cancel(self, workload: Workload, *, removal: bool) -> None:
        """See `reconciler.ports.Deployer.cancel`. Claims go only with a removal, and only without `keep_data`."""
        if workload.mark.owner != self._owner:
            raise ConflictError(f"{workload.id} bears the mark of {workload.mark.owner}, not of {self._owner}")
        namespace, _, service = workload.id.partition("/")
        claims = removal and not self._keep_data
        with _writing():
            for kind in reversed(APPLIED):
                if kind != CLAIM or claims:
                    self._delete_all(kind, namespace, service)

    def amend(self, service: ResolvedService, workload: Workload, mark: Mark, limit: timedelta | None) -> None:  # noqa: ARG002 - objects have no time limit
        """Write the mark again by applying the service again."""
        self.deploy(service, mark, 0.0, (workload,))

    def repair(self, service: ResolvedService, workload: Workload, mark: Mark) -> bool:
        """See `reconciler.ports.Deployer.repair`."""
        self.deploy(service, mark, 0.0, (workload,))
        return True

    def forget(self, service: str) -> None:
        """See `reconciler.ports.Deployer.forget`."""
        self._manifests.pop(service, None)
        self._cache.declared.forget(service)

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
        self._client.close()

    def _manifest(self, service: ResolvedService) -> Manifest:
        known = self._manifests.get(service.name)
        # Identity, not equality: comparing two services costs as much as rendering one.
        if known is not None and known[0] is service:
            return known[1]
        manifest = manifests.render(service, self._target, self._owner)
        self._manifests[service.name] = (service, manifest)
        self._cache.declared.put(service.name, manifest)
        return manifest

    def _leave_strangers_alone(self, service: ResolvedService, manifest: Manifest) -> None:
        """Raises ConflictError when an object that would be changed or used does not bear our mark."""
        wanted = [(kind_of(item), item["metadata"]["name"]) for item in manifest.objects]
        for kind, name in [*wanted, *((CLAIM, name) for name in manifest.claims)]:
            if name in self._strangers.names(kind, service.namespace):
                raise ConflictError(
                    f"{kind.name} {service.namespace}/{name} exists and does not bear the mark of {self._owner}; "
                    f"it is left alone: remove it, or give service {service.name} another name"
                )

    def _sweep(self, service: ResolvedService, manifest: Manifest) -> None:
        """Delete what an earlier version of the service had and this one has not; claims are data and stay."""
        rendered = {kind_of(item) for item in manifest.objects}
        for kind in APPLIED:
            metadata = self._mine.names(kind, service.namespace).get(service.name) if kind not in rendered else None
            if kind != CLAIM and metadata and metadata["labels"].get(marks.SERVICE) == service.name:
                self._delete(kind, metadata)

    def _delete_all(self, kind: Kind, namespace: str, service: str) -> None:
        found = self._client.list(kind, namespace, marks.ours(self._owner, service), metadata=True).items
        for metadata in (item["metadata"] for item in found):
            if "deletionTimestamp" not in metadata:
                self._delete(kind, metadata)

    def _delete(self, kind: Kind, metadata: Object) -> None:
        """Delete exactly the object that was seen; pods go before what runs them, so that its end is seen."""
        try:
            self._client.delete(
                kind, metadata["namespace"], metadata["name"], metadata["uid"], foreground=kind in WORKLOADS
            )
        except (AbsentError, ClashError):
            return  # gone already, or another object has its name now


@contextmanager
def _writing() -> Iterator[None]:
    """A look that fails in the course of a write means that this step surely did not happen."""
    try:
        yield
    except LookError as error:
        raise UnreachableError(str(error)) from error
