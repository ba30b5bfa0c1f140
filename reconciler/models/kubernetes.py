"""What a service may say about Kubernetes alone, and what a recipe may add there."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    StringConstraints,
    Tag,
    model_validator,
)

from reconciler.models.model import LabelKey, LabelValue, Model
from reconciler.models.units import Line, Name, ObjectName, Percent, Pointer

_KIND = r"^[A-Z][A-Za-z0-9]*$"
_API_VERSION = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?v[0-9][a-z0-9]*$"
_BELOW = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
_LONGEST = 253
Amount = Annotated[int, Field(ge=0, le=100_000)] | Percent
KindWord = Annotated[str, StringConstraints(pattern=_KIND, max_length=63)]
ApiVersion = Annotated[str, StringConstraints(pattern=_API_VERSION, max_length=300)]


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise ValueError("a network such as 10.0.0.0/8 or fd00::/8, without bits below its mask") from error


def _folder(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError("a folder such as /models, from `/` on")
    return f"/{_below(text[1:])}"


def _below(text: str) -> str:
    if len(text) > _LONGEST or not _BELOW.fullmatch(text) or {".", ".."} & set(text.split("/")):
        raise ValueError("a folder without `.` and `..` in its path; letters, digits and _ . - in its names")
    return text


class Mount(Model):
    """A claim that is there already, such as one with models. It is never made, changed or removed."""

    claim: ObjectName = Field(description="Name of the PersistentVolumeClaim, in the service's namespace.")
    path: Annotated[str, AfterValidator(_folder)] = Field(description="Where it is inside the container.")
    sub_path: Annotated[str, AfterValidator(_below)] | None = Field(
        default=None, description="The folder in it that is mounted; all of it when unset."
    )
    read_only: bool = Field(default=True, description="false: the service may write there.")


class Toleration(Model):
    """A Kubernetes toleration, word by word."""

    key: LabelKey | None = Field(default=None, description="Taint key.")
    operator: Literal["Exists", "Equal"] = Field(default="Equal", description="Exists or Equal.")
    value: LabelValue | None = Field(default=None, description="Taint value.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(default=None, description="Effect.")


class Peer(Model):
    """Who may connect: pods, by their namespace and labels, or addresses."""

    namespace: Name | None = Field(default=None, description="Namespace of the pods; the service's own when unset.")
    pods: dict[LabelKey, LabelValue] = Field(default={}, description="Labels of the pods; all of them when empty.")
    cidr: Annotated[str, AfterValidator(_network)] | None = Field(
        default=None, description="A network such as 10.0.0.0/8, instead of pods."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.cidr is not None and (self.namespace is not None or self.pods):
            raise ValueError("either cidr, or namespace and pods")
        return self


class NetworkPolicy(Model):
    """Who may connect to the service; everybody else may not, where the cluster enforces network policies."""

    allow: tuple[Peer, ...] = Field(
        default=(), max_length=100, description="Who may connect to its ports; its own namespace when empty."
    )


class DisruptionBudget(Model):
    """How many replicas an eviction (a node that is drained) leaves alone. Exactly one of the two."""

    min_available: Amount | None = Field(default=None, description="Replicas that stay, as a number or a share.")
    max_unavailable: Amount | None = Field(default=None, description="Replicas that may be missing.")

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if (self.min_available is None) == (self.max_unavailable is None):
            raise ValueError("exactly one of minAvailable and maxUnavailable")
        return self


class TopologySpread(Model):
    """How pods are spread over the machines."""

    key: LabelKey = Field(default="kubernetes.io/hostname", description="Node label that names the machine or zone.")
    mode: Literal["soft", "hard", "none"] = Field(
        default="soft", description="soft: as far as there is room; hard: rather wait; none: as the cluster does it."
    )


class Operation(Model):
    """One operation of a JSON patch (RFC 6902)."""

    op: Literal["add", "remove", "replace", "move", "copy", "test"] = Field(description="What is done.")
    path: Pointer = Field(description="JSON pointer to where it is done.")
    origin: Pointer | None = Field(default=None, alias="from", description="Where move and copy take the value from.")
    value: JsonValue = Field(default=None, description="The value of add, replace and test.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        takes = self.op in ("move", "copy")
        if takes != (self.origin is not None):
            raise ValueError("`from` with move and copy, and only there")
        if ("value" in self.model_fields_set) != (self.op in ("add", "replace", "test")):
            raise ValueError("`value` with add, replace and test, and only there")
        return self


class PatchTarget(Model):
    """Which of the service's objects are patched."""

    kind: KindWord = Field(description="Kind, such as Deployment.")
    name: Line | None = Field(default=None, description="Name; all objects of the kind when unset.")


def _form(value: object) -> str:
    return "operations" if isinstance(value, list | tuple) else "merge"


class Patch(Model):
    """A change of what is rendered, for what the model lacks."""

    target: PatchTarget = Field(description="Which objects.")
    patch: Annotated[
        Annotated[tuple[Operation, ...], Field(max_length=100), Tag("operations")]
        | Annotated[dict[str, JsonValue], Tag("merge")],
        Discriminator(_form),
    ] = Field(description="A list of operations (JSON patch, RFC 6902) or a mapping (merge patch, RFC 7386).")


Patches = Annotated[tuple[Patch, ...], Field(max_length=50)]


class KubernetesOptions(Model):
    """Kubernetes' own options."""

    namespace: Name | None = Field(default=None, description="One of the target's namespaces; its first when unset.")
    node_selector: dict[LabelKey, LabelValue] = Field(default={}, description="Labels that the node must have.")
    tolerations: tuple[Toleration, ...] = Field(default=(), description="Taints that are tolerated.")
    service_account: Name | None = Field(
        default=None, description="Account of the pods; one of the target's `serviceAccounts`."
    )
    topology_spread: TopologySpread = Field(default=TopologySpread(), description="How pods are spread over machines.")
    network_policy: NetworkPolicy | None = Field(
        default=None, description="Who may connect; unset: no policy. `{}`: its own namespace only."
    )
    pod_disruption_budget: DisruptionBudget | None = Field(
        default=None, description="How many replicas an eviction leaves alone."
    )
    mounts: tuple[Mount, ...] = Field(
        default=(), max_length=20, description="Claims that are there already, such as models that others keep."
    )
    patches: Patches = Field(default=(), description="Changes of what is rendered, after those of the recipe.")


class ObjectMetadata(Model):
    """Who an object is. Its namespace is the service's."""

    name: Line = Field(description="`${service.name}`, or that with a suffix such as `${service.name}-cache`.")
    labels: dict[LabelKey, Line] = Field(default={}, description="Labels; those of Reconciler are put on as well.")
    annotations: dict[LabelKey, Annotated[str, StringConstraints(max_length=65_536)]] = Field(
        default={}, description="Annotations."
    )


class ExtraObject(Model):
    """A Kubernetes object as its API takes it; texts may hold `${…}` as arguments do."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    api_version: ApiVersion = Field(description="Group and version, such as batch/v1.")
    kind: KindWord = Field(description="Kind.")
    metadata: ObjectMetadata = Field(description="Who it is.")


class KubernetesRecipe(Model):
    """What a recipe adds on Kubernetes."""

    objects: tuple[ExtraObject, ...] = Field(
        default=(), max_length=20, description="More objects, of kinds that the target allows."
    )
    patches: Patches = Field(default=(), description="Changes of what is rendered; texts may hold `${…}`.")
