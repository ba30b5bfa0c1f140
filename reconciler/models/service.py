"""Service: what somebody wants to run. One YAML document below `desired/`."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, StringConstraints

from reconciler.models.kubernetes import KubernetesOptions
from reconciler.models.model import LabelKey, LabelValue, Model
from reconciler.models.units import (
    Cron,
    Duration,
    EnvName,
    Image,
    Line,
    Name,
    ObjectName,
    Pointer,
    Quantity,
    ServiceName,
    Word,
)

#: What a parameter of a recipe may be.
Value = bool | int | float | Line | tuple[Line, ...]
#: What is done about declared fields that somebody changed on the platform: nothing, say so, or put them back.
DriftPolicy = Literal["ignore", "report", "repair"]


def _timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("a time zone of the IANA database, such as Europe/Luxembourg")
    return ZoneInfo(name).key


class Metadata(Model):
    """Who it is."""

    name: ServiceName = Field(description="DNS-1123 label, unique in the repository.")
    labels: dict[LabelKey, LabelValue] = Field(default={}, description="Labels put on everything that runs for it.")


class Resources(Model):
    """What one replica needs on each of its machines."""

    cpus: int | float | None = Field(
        default=None, gt=0, le=4096, description="Processors; a part of one, such as 0.5, is a whole one on Slurm."
    )
    memory: Quantity | None = Field(default=None, description="Main memory, such as 64Gi.")
    gpus: int | None = Field(default=None, ge=0, le=64, description="GPUs on each machine.")
    gpu_type: Word | None = Field(default=None, description="The GPU's type as the target names it, such as a100.")


class SlurmOptions(Model):
    """Slurm's own options; unset ones come from the target's defaults."""

    partition: Word | None = Field(default=None, description="Partition.")
    account: Word | None = Field(default=None, description="Account that is charged.")
    qos: Word | None = Field(default=None, description="Quality of service.")
    time: Duration | None = Field(default=None, description="Time limit of one job; the service outlives its jobs.")
    reservation: Word | None = Field(default=None, description="Reservation.")
    constraint: Word | None = Field(default=None, description="Features that the nodes must have.")


class SecretReference(Model):
    """Where a secret is; its value never enters Git."""

    name: Name = Field(
        description="The Kubernetes Secret, or the folder below the Slurm target's `folders.secrets`, or the first of "
        "the two words that its `secretCommand` gets."
    )
    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][-A-Za-z0-9_.]*$", max_length=100)] = Field(
        description="The key in it, or the file in that folder, or the second word."
    )


class StorageOptions(Model):
    """A volume of the recipe, as this service wants it; what is unset is as the recipe and the target say."""

    size: Quantity | None = Field(default=None, description="How much it may hold, such as 20Gi.")
    storage_class: ObjectName | None = Field(default=None, description="On Kubernetes, the storage class of its claim.")
    access_mode: Literal["ReadWriteOnce", "ReadWriteMany"] | None = Field(
        default=None, description="On Kubernetes, where replicas share it."
    )


class HealthOptions(Model):
    """What is otherwise than the recipe says of its health."""

    startup: Duration | None = Field(
        default=None, description="How long a start may take, such as 90m where a large model is loaded."
    )


class Schedule(Model):
    """When the service is up. Cron lines, read in `timezone`."""

    up: Cron = Field(description="When it starts.")
    down: Cron = Field(description="When it stops.")
    timezone: Annotated[str, AfterValidator(_timezone)] = Field(default="UTC", description="IANA time zone.")


class Renewal(Model):
    """How a successor of a job takes over before the time limit."""

    lead: Duration = Field(description="How long before the time limit the successor is submitted.")


class Rollout(Model):
    """How a change is rolled out over the replicas."""

    max_surge: int = Field(default=1, ge=0, le=100, description="Replicas above the wanted number during a change.")
    max_unavailable: int = Field(
        default=0,
        ge=0,
        le=100,
        description="Replicas that may be missing during a change; at least 1 where maxSurge is 0.",
    )

    @property
    def missing(self) -> int:
        """How many replicas may be missing; where none may be added, at least one."""
        return self.max_unavailable or int(not self.max_surge)


class ServiceSpec(Model):
    """What is wanted of it."""

    recipe: Name = Field(description="The recipe: `reconciler recipes` lists them.")
    image: Image | None = Field(
        default=None, description="Image in the place of the recipe's, mostly another version; not where none is run."
    )
    target: Name = Field(default="auto", description="A target's name, a kind (`kubernetes`, `slurm`) or `auto`.")
    replicas: int = Field(default=1, ge=0, le=1000, description="Independent instances behind one name.")
    nodes: int = Field(default=1, ge=1, le=1000, description="Machines for each replica.")
    config: dict[str, Value] = Field(default={}, description="The recipe's parameters.")
    resources: Resources = Field(default=Resources(), description="What one replica needs on each machine.")
    slurm: SlurmOptions = Field(default=SlurmOptions(), description="Used on Slurm targets only.")
    kubernetes: KubernetesOptions = Field(default=KubernetesOptions(), description="Used on Kubernetes targets only.")
    env: dict[EnvName, Line] = Field(default={}, description="Environment variables.")
    secrets: dict[EnvName, SecretReference] = Field(default={}, description="Environment variables from secrets.")
    storage: dict[Name, StorageOptions] = Field(default={}, description="The recipe's volumes, such as a larger one.")
    health: HealthOptions = Field(default=HealthOptions(), description="What is otherwise than the recipe says.")
    depends_on: tuple[ServiceName, ...] = Field(default=(), description="Services that must be healthy first.")
    suspend: bool = Field(default=False, description="Stopped, but kept in the table; data stays.")
    restart: Line | None = Field(default=None, description="Any new value restarts it once.")
    schedule: Schedule | None = Field(default=None, description="When it is up.")
    renewal: Renewal | None = Field(default=None, description="Hand-over before a job's time limit.")
    rollout: Rollout = Field(default=Rollout(), description="How changes are rolled out.")
    drift: DriftPolicy | None = Field(
        default=None, description="What is done about fields changed by hand; as the target says when unset."
    )
    ignore: tuple[Pointer, ...] = Field(
        default=(),
        description="JSON pointers into objects that others own; `containers[name=main]` selects an element of a list.",
    )


class Service(Model):
    """One service that somebody wants."""

    api_version: Literal["reconciler/v1"] = Field(description="reconciler/v1")
    kind: Literal["Service"] = Field(description="Service")
    metadata: Metadata = Field(description="Who it is.")
    spec: ServiceSpec = Field(description="What is wanted of it.")
