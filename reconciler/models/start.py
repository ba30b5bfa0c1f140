"""How a service starts, in a container and without one. A part of a recipe; data, never code."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from reconciler.models.arguments import Argument
from reconciler.models.model import Model
from reconciler.models.units import EnvName, Line, Name


class Container(Model):
    """How it starts in a container. An empty command means the image's own entry point."""

    command: tuple[Argument, ...] = Field(default=(), description="Replaces the image's entry point.")
    args: tuple[Argument, ...] = Field(default=(), description="Arguments.")
    env: dict[EnvName, Line] = Field(default={}, description="Environment only needed in a container.")
    user: int | None = Field(
        default=None, ge=0, le=2147483647, description="User id that the image expects; sets fsGroup too."
    )


class Step(Model):
    """A command that runs before a start, unless a file exists already."""

    unless: Line = Field(default="", description="Path of a file that shows that it was done; unset: at each start.")
    command: tuple[Argument, ...] = Field(min_length=1, description="The command and its arguments.")


class Process(Model):
    """How it starts without a container: programs on the target's path."""

    command: tuple[Argument, ...] = Field(min_length=1, description="The command and its arguments.")
    prepare: tuple[Step, ...] = Field(default=(), description="Steps before a start.")
    env: dict[EnvName, Line] = Field(default={}, description="Environment only needed without a container.")


class Port(Model):
    """A port that it listens on."""

    container: int = Field(ge=1, le=65535, description="The number inside a container; free ports are found on Slurm.")


class Machines(Model):
    """What is more where one replica spans several machines. Arguments come last, in a container and without one.

    They may refer to `nodes.count` (how many), `nodes.rank` (which one, from 0), `nodes.leader` (the address of rank 0)
    and `port.<name>`, of these ports too, besides parameters and the service's name.
    """

    ports: dict[Name, Port] = Field(
        default={},
        description="On which rank 0 listens for the others, and nobody else is told of; on Slurm free ones of its "
        "machine.",
    )
    all: tuple[Line, ...] = Field(default=(), description="On each of them.")
    others: tuple[Line, ...] = Field(default=(), description="On all but rank 0, which alone answers.")


class StaleFile(Model):
    """A file that a killed server leaves in its data, and that may keep the next one from starting.

    A Slurm job takes it away before a start, with a container and without one, where the lock of the data shows that
    nobody else uses it. A pod needs none of that.
    """

    storage: Name = Field(description="The volume in which it is.")
    file: Annotated[
        str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$", max_length=200)
    ] = Field(description="Its path in the volume.")


class Start(Model):
    """The two ways to start it."""

    container: Container = Field(default=Container(), description="In a container.")
    process: Process | None = Field(default=None, description="Without one; unset when it cannot.")
    machines: Machines = Field(default=Machines(), description="What is more where it spans several machines.")
    stale: tuple[StaleFile, ...] = Field(default=(), description="What a killed server leaves that is in the way.")
