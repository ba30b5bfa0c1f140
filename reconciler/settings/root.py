"""The operator's settings: what the repository must not choose. Pydantic, unknown keys are errors."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from reconciler.models.kinds import why_never
from reconciler.models.kubernetes import Toleration
from reconciler.models.model import Model
from reconciler.models.service import DriftPolicy, SlurmOptions
from reconciler.models.units import Duration, EnvName, Line, Name, format_duration
from reconciler.settings.http import HttpSettings, ProposalSettings

_ACCOUNT = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
#: A kind by its full name: `monitoring.coreos.com/v1/ServiceMonitor`, or `v1/ConfigMap`.
KindName = Annotated[str, StringConstraints(pattern=r"^([a-z0-9][-a-z0-9.]*/)?v[0-9][a-z0-9]*/[A-Z][A-Za-z0-9]*$")]
Share = Annotated[str, StringConstraints(pattern=r"^(100|[1-9]?[0-9])%$")]


def _json_file(path: Path) -> Path:
    if path.suffix != ".json":
        raise ValueError("a file whose name ends with .json, as Prometheus' file_sd wants it")
    return path


class VerifySettings(Model):
    """Whose commits are trusted: signatures made with SSH keys (git-commit(1), `gpg.format=ssh`)."""

    allowed_signers: Path = Field(description="File of those who may sign (ssh-keygen(1), ALLOWED SIGNERS).")
    revoked_keys: Path | None = Field(default=None, description="File of keys that are trusted no more.")
    required: bool = Field(
        default=False,
        description="A head that is not signed so is not put in force; the newest commit before it that is stays so.",
    )


class SourceSettings(Model):
    """Where desired state comes from."""

    url: Line = Field(description="A path on this machine, or a URL (https, ssh, git@host:path).")
    branch: Line | None = Field(default=None, description="Branch; the repository's own head when none is set.")
    tag: Line | None = Field(default=None, description="A tag instead of a branch.")
    commit: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")] | None = Field(
        default=None, description="A fixed commit instead of a branch."
    )
    path: Line = Field(default="desired", description="Folder inside the repository.")
    interval: Duration = Field(default=timedelta(seconds=30), description="Time between two polls of a remote one.")
    timeout: Duration = Field(default=timedelta(seconds=60), description="Time for one fetch, or one push.")
    verify: VerifySettings | None = Field(default=None, description="Signatures of commits; unset: none is asked for.")


class RecipesSettings(Model):
    """Which recipes there are."""

    builtin: bool = Field(default=True, description="Those that ship with Reconciler.")
    repository: bool = Field(default=True, description="Those below `recipes/` of the repository.")


class Limits(Model):
    """What one service, or all services together, may ask of the target; unset: no limit."""

    time: Duration | None = Field(default=None, description="Longest time limit of one job.")
    nodes: int | None = Field(default=None, ge=1, description="Machines for one service (replicas * nodes).")
    gpus: int | None = Field(default=None, ge=0, description="GPUs for one service (replicas * nodes * gpus).")
    services: int | None = Field(default=None, ge=0, description="Services on this target.")


class TargetDefaults(SlurmOptions):
    """Defaults for services on this target."""

    env: dict[EnvName, Line] = Field(default={}, description="Environment variables.")


class KubernetesTarget(Model):
    """A Kubernetes cluster."""

    kind: Literal["kubernetes"]
    kubeconfig: Path | Literal["in-cluster"] | None = Field(default=None, description="File; the usual one when unset.")
    context: Line | None = Field(default=None, description="Context in it; its current one when unset.")
    namespaces: tuple[Name, ...] = Field(min_length=1, description="Namespaces that services may use; first: default.")
    create_namespaces: bool = Field(default=False, description="Make those of `namespaces` that are not there.")
    kinds: tuple[KindName, ...] = Field(
        default=(), description="More kinds that recipes may use, as group/version/Kind; they must live in a namespace."
    )
    drift: DriftPolicy = Field(default="repair", description="What is done about fields that were changed by hand.")
    impersonate: Annotated[str, StringConstraints(pattern=_ACCOUNT)] | None = Field(
        default=None,
        description="Service account, as namespace/name, that writes: a repository can do no more than it.",
    )
    gpu_resource: Line | None = Field(default=None, description="Such as nvidia.com/gpu; unset: it has no GPUs.")
    gpu_types: dict[Name, dict[str, str]] = Field(default={}, description="Node labels that select a GPU type.")
    gpu_tolerations: tuple[Toleration, ...] = Field(default=(), description="Taints that pods with GPUs tolerate.")
    storage_class: Line | None = Field(default=None, description="Storage class of claims; the cluster's own if unset.")
    access_mode: Literal["ReadWriteOnce", "ReadWriteMany"] = Field(
        default="ReadWriteOnce",
        description="Access mode of claims that replicas share; ReadWriteMany where the storage class can do it.",
    )
    service_accounts: tuple[Name, ...] = Field(
        default=(), description="Service accounts that pods may run as; the namespace's default one always."
    )
    allow_privileged: bool = Field(
        default=False,
        description="Recipes and patches may ask for what Pod Security `baseline` forbids, and for any account.",
    )
    probes: Literal["kubelet", "daemon"] = Field(
        default="kubelet",
        description="Who asks pods whether they are well; daemon: this daemon too, which must reach the pods' network.",
    )
    logs: Literal["daemon", "kubectl"] = Field(
        default="daemon",
        description="Who reads what pods write: this daemon, for all who may read its pages, or each with kubectl.",
    )
    tick: Duration = Field(default=timedelta(seconds=30), description="Longest time between two turns.")
    timeout: Duration = Field(default=timedelta(seconds=30), description="Time for one request.")
    parallel: int = Field(default=16, ge=1, le=64, description="Requests at the same time.")
    defaults: TargetDefaults = TargetDefaults()
    limits: Limits = Limits()

    @field_validator("kinds", mode="after")
    @classmethod
    def _may_be_applied(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        for kind in kinds:
            if why := why_never(kind):
                raise ValueError(f"kinds without {kind}: {why}")
        return kinds


class LocalTransport(Model):
    """Slurm's commands on this machine."""

    kind: Literal["local"] = "local"
    conf: Path | None = Field(default=None, description="SLURM_CONF for the commands.")
    bin: Path | None = Field(default=None, description="Folder of the commands; the PATH when unset.")


class Folders(Model):
    """Folders of a Slurm site, on storage that the nodes share."""

    data: Path = Field(description="Data of services: <data>/<service>/<replica>/<volume>.")
    logs: Path = Field(description="Output of jobs.")
    secrets: Path | None = Field(default=None, description="Secrets: <secrets>/<name>/<key>, mode 0600.")
    images: Path | None = Field(default=None, description="Container images (SIF) for apptainer.")

    @field_validator("data", "logs", "secrets", "images", mode="after")
    @classmethod
    def _the_same_everywhere(cls, folder: Path | None) -> Path | None:
        """A server begins in a folder that is gone with its job: what is relative would be in there."""
        if folder is not None and (not folder.is_absolute() or ".." in folder.parts or folder == Path("/")):
            raise ValueError("a folder from `/` on, without `..`, such as /project/p1/data")
        return folder

    @field_validator("secrets", mode="after")
    @classmethod
    def _apart(cls, secrets: Path | None, known: ValidationInfo) -> Path | None:
        data = known.data.get("data")
        if secrets and data and (secrets.is_relative_to(data) or data.is_relative_to(secrets)):
            raise ValueError("a folder apart from that of the data, as either is removed and hidden by other rules")
        return secrets


class SlurmTarget(Model):
    """A Slurm cluster."""

    kind: Literal["slurm"]
    transport: LocalTransport = LocalTransport()
    min_interval: Duration = Field(
        default=timedelta(seconds=10),
        description="Least time between two looks, also after a commit or an action; sites forbid frequent polling.",
    )
    tick: Duration = Field(
        default=timedelta(seconds=30),
        description="Time between two looks when nothing happens; not shorter than minInterval.",
    )
    timeout: Duration = Field(default=timedelta(seconds=60), description="Time for one command.")
    parallel: int = Field(default=8, ge=1, le=64, description="Commands at the same time.")
    requeue: bool = Field(
        default=True,
        description="Slurm itself starts a job again after a node failure or a preemption (sbatch --requeue).",
    )
    probes: Literal["job", "daemon"] = Field(
        default="job",
        description="Who asks services whether they are well; daemon: this daemon too, which must reach the nodes.",
    )
    runtime: Literal["none", "apptainer"] = Field(default="none", description="How containers run; none: programs.")
    folders: Folders
    secret_command: tuple[Line, ...] = Field(
        default=(),
        max_length=16,
        description="Command, with its first arguments, that prints a secret in a job; name and key are its last two.",
    )
    path: tuple[Path, ...] = Field(default=(), description="Folders put before the PATH of jobs.")
    setup: tuple[Line, ...] = Field(default=(), description="The operator's own shell lines for jobs (module load …).")
    ports: tuple[int, int] = Field(default=(20000, 29999), description="Range in which jobs look for free ports.")
    gpu_types: tuple[Name, ...] = Field(default=(), description="GPU types; empty: it has no GPUs.")
    defaults: TargetDefaults = TargetDefaults()
    limits: Limits = Limits()

    @field_validator("secret_command", mode="after")
    @classmethod
    def _names_a_program(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if words and (not words[0] or ("/" in words[0] and not words[0].startswith("/"))):
            raise ValueError("the program first, such as [/opt/site/secret, get]")
        return words

    @field_validator("tick", mode="after")
    @classmethod
    def _not_too_often(cls, tick: timedelta, known: ValidationInfo) -> timedelta:
        least = known.data.get("min_interval", timedelta())
        if tick < least:
            raise ValueError(f"at least {format_duration(least)} (minInterval); lower that too if the site allows it")
        return tick


Target = Annotated[KubernetesTarget | SlurmTarget, Field(discriminator="kind")]


class RemovalSettings(Model):
    """What a removal may do."""

    max: Share = Field(default="20%", description="Share of the services that one revision may remove; one always may.")
    keep_data: bool = Field(default=True, description="Data of a removed service stays; on Slurm it always does.")


class ReactionSettings(Model):
    """What is done at most about services that run and are not healthy, of all replicas on a target."""

    max: Share = Field(default="20%", description="Share that is restarted at a time; one always may be.")
    hold: Share = Field(default="50%", description="Share that turns unhealthy together and holds all restarts.")


class ProbeSettings(Model):
    """The daemon's own probes, where a target says `probes: daemon`."""

    parallel: int = Field(default=512, ge=1, le=8192, description="Probes at the same time, on each target.")


class DiscoverySettings(Model):
    """Where Prometheus finds the services, besides the page `/sd`."""

    file: Annotated[Path, AfterValidator(_json_file)] | None = Field(
        default=None, description="File (.json) that the same list is written to, for file_sd; none when unset."
    )
    interval: Duration = Field(default=timedelta(seconds=5), description="Longest time until a change is in the file.")


class LogSettings(Model):
    """The daemon's log, on standard error; `--log-format` and `--log-level` come first."""

    format: Literal["text", "json"] = Field(default="text", description="json: one object a line.")
    level: Literal["debug", "info", "warning", "error"] | None = Field(
        default=None, description="Least level that is written; info, or warning for `once`, when unset."
    )


class Settings(Model):
    """Everything the operator sets (`--config`, or RECONCILER_CONFIG)."""

    owner: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=40)] = Field(
        description="Goes into every mark: two daemons with different owners never see each other's workloads."
    )
    source: SourceSettings
    recipes: RecipesSettings = RecipesSettings()
    targets: dict[Name, Target] = Field(min_length=1, description="The clusters, by name.")
    placement: tuple[Name, ...] = Field(default=(), description="Order of targets for `auto`; as written when empty.")
    removals: RemovalSettings = RemovalSettings()
    reactions: ReactionSettings = ReactionSettings()
    probes: ProbeSettings = ProbeSettings()
    http: HttpSettings = HttpSettings()
    proposals: ProposalSettings = ProposalSettings()
    discovery: DiscoverySettings = DiscoverySettings()
    log: LogSettings = LogSettings()
    state: Path = Field(description="Folder for the bare clone and the lock; nothing that could not be lost.")
