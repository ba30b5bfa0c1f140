"""What a Kubernetes target asks of a service, beyond the models."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.desired.finding import Finding, Path
from reconciler.models.kinds import COMMON, why_never
from reconciler.models.recipe import Recipe
from reconciler.models.service import Service, ServiceSpec, StorageOptions
from reconciler.settings import KubernetesTarget

#: A StatefulSet's name, a hyphen and a hash of ten characters are the value of a label of its pods.
_LONGEST_SET = 63 - 11


def check_kubernetes(name: str, target: KubernetesTarget, service: Service, recipe: Recipe) -> Iterator[Finding]:
    """Everything that stands against this service on the target `name`."""
    spec = service.spec
    yield from _check_allowed(name, target, spec)
    yield from _check_mounts(spec, recipe)
    yield from _check_objects(name, target, recipe)
    yield from _check_claims(name, target, spec, recipe)
    if spec.nodes > 1:
        yield from _check_several(service, recipe)


def shared_on_one_node(target: KubernetesTarget, spec: ServiceSpec, recipe: Recipe) -> str:
    """The volume that all pods of a stateless service share, and that one node only can mount; "" for none."""
    if recipe.spec.stateful:
        return ""
    lasting = (name for name, volume in recipe.spec.storage.items() if volume.lasts)
    return next((name for name in lasting if access_mode(target, spec, recipe, name) == "ReadWriteOnce"), "")


def access_mode(target: KubernetesTarget, spec: ServiceSpec, recipe: Recipe, volume: str) -> str:
    """The access mode of the claim for a volume. Replicas of a stateful recipe have claims of their own."""
    if recipe.spec.stateful:
        return "ReadWriteOnce"
    own = spec.storage.get(volume, StorageOptions()).access_mode
    return own or recipe.spec.storage[volume].access_mode or target.access_mode


def _check_allowed(name: str, target: KubernetesTarget, spec: ServiceSpec) -> Iterator[Finding]:
    place: Path = ("spec", "kubernetes")
    namespace, account = spec.kubernetes.namespace, spec.kubernetes.service_account
    if namespace is not None and namespace not in target.namespaces:
        problem, expected = f"the target {name} does not allow this namespace", _any_of(target.namespaces)
        yield Finding((*place, "namespace"), problem, found=f"`{namespace}`", expected=expected)
    if account is not None and account not in target.service_accounts and not target.allow_privileged:
        problem, expected = f"the target {name} does not allow this account", _any_of(target.service_accounts)
        fix = "" if expected else "the operator sets `serviceAccounts`"
        yield Finding((*place, "serviceAccount"), problem, found=f"`{account}`", expected=expected, fix=fix)


def _check_mounts(spec: ServiceSpec, recipe: Recipe) -> Iterator[Finding]:
    """Two things cannot be at one place of a container."""
    taken = {volume.path: f"the recipe's volume {name}" for name, volume in recipe.spec.storage.items()}
    for number, mount in enumerate(spec.kubernetes.mounts):
        place: Path = ("spec", "kubernetes", "mounts", number, "path")
        if mount.path in taken:
            yield Finding(place, f"{taken[mount.path]} is there", found=f"`{mount.path}`", fix="choose another folder")
        taken[mount.path] = f"the claim {mount.claim}"


def _check_objects(name: str, target: KubernetesTarget, recipe: Recipe) -> Iterator[Finding]:
    for item in recipe.spec.kubernetes.objects:
        full = f"{item.api_version}/{item.kind}"
        if full not in COMMON and full not in target.kinds and not why_never(full):
            problem = f"the target {name} does not allow a kind of the recipe {recipe.metadata.name}"
            yield Finding(
                ("spec", "recipe"), problem, found=f"`{full}`", fix=f"the operator adds it to `kinds` of {name}"
            )


def _check_claims(name: str, target: KubernetesTarget, spec: ServiceSpec, recipe: Recipe) -> Iterator[Finding]:
    pods = spec.replicas * spec.nodes
    volume = shared_on_one_node(target, spec, recipe)
    if pods > 1 and volume:
        problem = f"all pods would share the volume {volume}, which one machine only can mount (ReadWriteOnce)"
        fix = f"where the storage of {name} can do it, set accessMode: ReadWriteMany (service, recipe or target)"
        path: Path = ("spec", "nodes" if spec.nodes > 1 else "replicas")
        yield Finding(path, problem, found=f"{pods} pods", expected="1", fix=fix)


def _check_several(service: Service, recipe: Recipe) -> Iterator[Finding]:
    """Replicas of several machines: the sets of their pods have names made of the service's."""
    spec, name = service.spec, service.metadata.name
    if recipe.spec.stateful:
        problem = f"the recipe {recipe.metadata.name} is stateful, and its claims are for one machine on Kubernetes"
        yield Finding(("spec", "nodes"), problem, found=str(spec.nodes), expected="1")
    over = len(f"{name}-lws-{max(0, spec.replicas - 1)}") - _LONGEST_SET
    if over > 0:
        problem, found = "too long for replicas of several machines", f"{len(name)} characters"
        yield Finding(("metadata", "name"), problem, found=found, expected=f"at most {len(name) - over}")


def _any_of(names: tuple[str, ...]) -> str:
    return " or ".join(f"`{one}`" for one in names)
