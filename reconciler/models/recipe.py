"""Recipe: how one kind of service is deployed, in a container and without one. Data, never code.

Words in `${…}` are the only template language: a reference is replaced by one value, always as one argument, and
nothing is ever evaluated. References: `config.<parameter>`, `port.<name>`, `storage.<name>`, `secretfile.<NAME>`
(a path), `service.name`, `host` (the address to listen on). An argument that is exactly `${config.<list>}` becomes
several arguments; `when` drops arguments whose parameter is unset, false, empty or null. The body of a first request
knows `config` and `service` only, as it is complete before a platform is chosen; one that is JSON is read as JSON, so
that no value can break it, and a text in it that is exactly one reference becomes a value of that parameter's type.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from reconciler.models.exporter import Exporter
from reconciler.models.kubernetes import KubernetesRecipe
from reconciler.models.model import Model
from reconciler.models.service import Resources, Value
from reconciler.models.start import Port, Start
from reconciler.models.units import (
    CONDITION,
    HEADER_NAME,
    PATH,
    SERVICE_PATH,
    Duration,
    EnvName,
    Image,
    Line,
    Name,
    Quantity,
)

Category = Literal["inference", "storage", "vector-db"]
ParameterName = Annotated[str, StringConstraints(pattern=r"^[a-z][A-Za-z0-9]*$", max_length=50)]
StatusCode = Annotated[int, Field(ge=100, le=599)]
HeaderName = Annotated[str, StringConstraints(pattern=HEADER_NAME)]
Path = Annotated[str, StringConstraints(pattern=PATH, max_length=200)]
#: A text of `desired.expressions`.
Expression = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class Parameter(Model):
    """One parameter that a service may set under `config`."""

    type: Literal["string", "integer", "number", "boolean", "list"] = Field(description="Its type.")
    description: str = Field(min_length=1, description="What it does, in one sentence.")
    default: Value | None = Field(default=None, description="Its value when a service does not set it.")
    required: bool = Field(default=False, description="A service must set it.")
    minimum: float | None = Field(default=None, description="Smallest number.")
    maximum: float | None = Field(default=None, description="Largest number.")
    choices: tuple[str, ...] = Field(default=(), description="The only texts allowed.")
    pattern: str | None = Field(default=None, max_length=200, description="A regular expression for the whole text.")
    derived: Expression | None = Field(
        default=None, description="A sum that gives its value when a service does not set it, such as `resources.gpus`."
    )
    path: Literal["folder", "file"] | None = Field(
        default=None, description="An absolute path given here must be one of these; looked for before a job starts."
    )
    example: Value | None = Field(default=None, description="A value as services set it, for examples and tests.")


class Constraint(Model):
    """What parameters, resources and machines must be together; a service that breaks it is refused."""

    that: Expression = Field(description="Such as `config.tensorParallelSize == resources.gpus * nodes`.")
    when: Annotated[str, StringConstraints(pattern=CONDITION)] | None = Field(
        default=None, description="Asked for only where this is set: `config.<parameter>` or `resources.gpus`."
    )
    message: Line = Field(min_length=1, description="What is wrong where it does not hold, in one sentence.")
    fix: Line = Field(default="", description="What to do about it.")


class HttpProbe(Model):
    """Healthy when a GET answers as is said here; a redirect is an answer and is not followed."""

    port: Name = Field(description="The port's name.")
    path: Path = Field(description="The path.")
    scheme: Literal["http", "https"] = Field(
        default="http", description="https: the certificate is not checked. A first request goes the same way."
    )
    status: tuple[StatusCode, ...] = Field(default=(), description="Codes that are healthy; 200 to 399 when empty.")
    contains: Line | None = Field(default=None, description="Text in the first 64 KiB of the body.")
    headers: dict[HeaderName, Line] = Field(default={}, description="Headers that the answer must have, word by word.")


class GrpcProbe(Model):
    """Healthy when the gRPC health service (grpc.health.v1) answers SERVING."""

    port: Name = Field(description="The port's name.")
    service: Annotated[str, StringConstraints(pattern=SERVICE_PATH, max_length=200)] = Field(
        default="", description="The service that is asked for; the server as a whole when empty."
    )


class FirstRequest(Model):
    """A cheap real call (one token, one query): a start counts as done only when it was answered once.

    A server may answer its health check long before it can do its work.
    """

    port: Name = Field(description="The port's name.")
    method: Literal["GET", "POST"] = Field(default="GET", description="The method.")
    path: Path = Field(description="The path.")
    when: Annotated[str, StringConstraints(pattern=CONDITION)] | None = Field(
        default=None, description="`config.<parameter>`: left out where that is unset, false, 0 or empty."
    )
    body: Annotated[str, StringConstraints(max_length=4096)] = Field(
        default="", description="What a POST sends; may refer to `config` and `service`; JSON keeps their types."
    )
    content_type: Line = Field(default="application/json", description="Type of the body.")
    bearer: EnvName | None = Field(
        default=None, description="A secret of the recipe that is sent as a bearer token, where a service sets it."
    )
    status: tuple[StatusCode, ...] = Field(default=(), description="Codes that are right; 200 to 299 when empty.")
    contains: Line | None = Field(default=None, description="Text in the first 64 KiB of the answer.")
    timeout: Duration = Field(default=timedelta(seconds=30), description="Time for the call.")
    tool: Literal["curl", "python3"] | None = Field(
        default=None,
        description="What its image has to make it on Kubernetes, if it is no plain GET: curl (with sh) or python3.",
    )

    @model_validator(mode="after")
    def _body_of_a_post(self) -> Self:
        if self.body and self.method != "POST":
            raise ValueError("a body only with `method: POST`")
        return self

    @property
    def plain(self) -> bool:
        """Whether a GET that knows codes from 200 to 399 only, as the kubelet makes it, is the same."""
        usual = all(200 <= code < 400 for code in self.status)
        return self.method == "GET" and usual and not self.contains and not self.bearer


class TcpProbe(Model):
    """Healthy when the port accepts a connection."""

    port: Name = Field(description="The port's name.")


class CommandProbe(Model):
    """Healthy when the command ends with 0."""

    command: tuple[Line, ...] = Field(min_length=1, description="The command and its arguments.")


class HealthProbe(Model):
    """How its health is asked for. Exactly one of http, tcp, grpc and exec."""

    http: HttpProbe | None = None
    tcp: TcpProbe | None = None
    grpc: GrpcProbe | None = None
    exec: CommandProbe | None = None
    startup: Duration = Field(description="How long a start may take before it counts as failed.")
    interval: Duration = Field(description="Time between two probes.")
    timeout: Duration = Field(description="Time for one probe.")
    failures: int = Field(default=3, ge=1, le=100, description="Failed probes in a row before it counts as degraded.")
    successes: int = Field(default=1, ge=1, le=100, description="Good probes in a row before it is healthy again.")
    first_request: FirstRequest | None = Field(
        default=None, description="A real call that must have been answered once before it counts as healthy."
    )
    restart_after: Duration | None = Field(
        default=timedelta(minutes=5), description="How long it may be degraded before it is restarted; null: for ever."
    )

    @model_validator(mode="after")
    def _one_probe(self) -> Self:
        if sum(probe is not None for probe in (self.http, self.tcp, self.grpc, self.exec)) != 1:
            raise ValueError("exactly one of http, tcp, grpc and exec")
        return self


class Volume(Model):
    """A folder that the service needs. `persistent` data outlives the workload and the service."""

    path: Path = Field(description="Where it is inside a container.")
    size: Quantity = Field(description="How much it may hold.")
    persistent: bool = Field(default=True, description="False: scratch, gone with the workload.")
    memory: bool = Field(default=False, description="Held in memory (for /dev/shm).")
    access_mode: Literal["ReadWriteOnce", "ReadWriteMany"] | None = Field(
        default=None, description="On Kubernetes, where replicas share it; as the target says when unset."
    )

    @property
    def lasts(self) -> bool:
        """Whether its data outlives the workload."""
        return self.persistent and not self.memory


class MetricsEndpoint(Model):
    """Where the service exports its own Prometheus metrics."""

    port: Name
    path: Path = "/metrics"
    scheme: Literal["http", "https"] = "http"


class Stop(Model):
    """How it is stopped."""

    signal: Literal["TERM", "INT", "QUIT"] = Field(default="TERM", description="Signal that asks it to end.")
    grace: Duration = Field(description="How long it may take before it is killed.")


class SecretNeed(Model):
    """A secret that the recipe knows."""

    description: str = Field(description="What it is for, in one sentence.")
    required: bool = Field(default=False, description="It cannot run without.")
    generate: int | None = Field(
        default=None,
        ge=8,
        le=128,
        description="A value of so many letters and digits is made, once, where a service names none.",
    )

    @model_validator(mode="after")
    def _made_where_needed(self) -> Self:
        if self.generate and not self.required:
            raise ValueError("`generate` only with `required: true`")
        return self


class RecipeMetadata(Model):
    """Who it is."""

    name: Name
    category: Category
    description: str = Field(min_length=1)


class RecipeSpec(Model):
    """How it is deployed."""

    image: Image
    stateful: bool = Field(default=False, description="Its data must never be used by two at once.")
    multi_node: bool = Field(default=False, description="One replica may span several machines.")
    parameters: dict[ParameterName, Parameter] = {}
    constraints: Annotated[tuple[Constraint, ...], Field(max_length=20)] = ()
    ports: dict[Name, Port] = {}
    resources: Resources = Resources()
    env: dict[EnvName, Line] = {}
    secrets: dict[EnvName, SecretNeed] = {}
    storage: dict[Name, Volume] = {}
    start: Start = Start()
    health: HealthProbe
    metrics: MetricsEndpoint | None = None
    exporter: Exporter | None = Field(default=None, description="What exports its metrics, where it does not itself.")
    stop: Stop
    kubernetes: KubernetesRecipe = Field(default=KubernetesRecipe(), description="Used on Kubernetes targets only.")


class Recipe(Model):
    """One kind of service."""

    api_version: Literal["reconciler/v1"]
    kind: Literal["Recipe"]
    metadata: RecipeMetadata
    spec: RecipeSpec
