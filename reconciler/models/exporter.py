"""Exporter: a small program beside a server that has no metrics of its own. A part of a recipe; data, never code.

It exports on the port of the recipe's `metrics`, which is its own then, and not the server's. It is of less weight than
the server everywhere: it has few resources, sees only the secrets and folders that it refers to, is started again when
it ends, and nothing that happens to it ends the server.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from reconciler.models.arguments import Argument
from reconciler.models.model import Model
from reconciler.models.service import Resources
from reconciler.models.units import CONDITION, EnvName, Image, Line

#: The name of a program, as it is looked for on the path.
Program = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$", max_length=100)]


class ExporterContainer(Model):
    """How it starts in a container. An empty command means the image's own entry point."""

    command: tuple[Argument, ...] = Field(default=(), description="Replaces the image's entry point.")
    args: tuple[Argument, ...] = Field(default=(), description="Arguments.")
    env: dict[EnvName, Line] = Field(default={}, description="Environment only needed in a container.")
    user: int | None = Field(
        default=None, ge=0, le=2147483647, description="User id that the image expects; the server's when unset."
    )
    shell: bool = Field(
        default=False,
        description=(
            "The image has `sh`, `sleep` and `date`. On Kubernetes it is then started again inside its container when "
            "it ends; without them its pod is not ready while it does not run."
        ),
    )

    @model_validator(mode="after")
    def _command_for_the_shell(self) -> Self:
        if self.shell and not self.command:
            raise ValueError("`shell` only with a `command`: the image's own entry point is not known")
        return self


class ExporterProcess(Model):
    """How it starts without a container: a program on the target's path. Where it is on none, there are no metrics."""

    command: tuple[Argument, ...] = Field(min_length=1, description="The command and its arguments.")
    names: tuple[Program, ...] = Field(
        default=(), description="Other names under which sites have the program; the first that is found is taken."
    )
    env: dict[EnvName, Line] = Field(default={}, description="Environment only needed without a container.")


class Exporter(Model):
    """A small program beside the server that exports its metrics, on the port of `metrics`."""

    when: Annotated[str, StringConstraints(pattern=CONDITION)] | None = Field(
        default=None,
        description="`config.<parameter>`: only where that is set; without it there are no metrics, and no such port.",
    )
    image: Image = Field(description="Its image.")
    env: dict[EnvName, Line] = Field(default={}, description="Its environment; it has none of the server's.")
    secrets: dict[EnvName, EnvName] = Field(
        default={},
        description="Variables that get a secret of the recipe, by its name; those that a service sets.",
    )
    container: ExporterContainer = Field(default=ExporterContainer(), description="In a container.")
    process: ExporterProcess | None = Field(default=None, description="Without one; unset: no metrics there.")
    resources: Resources = Field(
        default=Resources(cpus=0.1, memory="64Mi"),
        description="On Kubernetes, of its container; a job on Slurm has the server's alone.",
    )
