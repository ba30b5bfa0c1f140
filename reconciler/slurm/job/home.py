"""Where HOME is in a container: Apptainer takes it only as an option, with a folder of the node that is bound there.

`APPTAINERENV_HOME` is refused with a warning (SetContainerEnv in its internal/pkg/util/env/clean.go). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from reconciler.desired.arguments import Parts, Reference
from reconciler.errors import RefusedError
from reconciler.models.recipe import Volume
from reconciler.slurm.job import shell

#: Below the folder that Apptainer takes for /tmp and the like.
_SCRATCH = '"$scratch"/home'


class Home(NamedTuple):
    """Words of bash: the option, and the folder that must be there."""

    option: str
    folder: str


def home_of(parts: Parts, volumes: Mapping[str, Volume]) -> Home:
    """That of a service whose environment has HOME, in a volume or scratch. Raises RefusedError for what is no path."""
    text = "".join(_inside(part, volumes) for part in parts)
    path = PurePosixPath(text)
    if not path.is_absolute() or ".." in path.parts or re.search("[,:]", text):
        raise RefusedError(f"HOME is {text!r}; with Apptainer it is an absolute path without `..`, commas and colons")
    inside = (_outside(name, path, one) for name, one in volumes.items() if path.is_relative_to(one.path))
    folder = next(inside, _SCRATCH)
    return Home(f"--home {folder}:{shell.quote(str(path))}", folder)


def _inside(part: str | Reference, volumes: Mapping[str, Volume]) -> str:
    if isinstance(part, str):
        return part
    if part.kind == "storage":
        return volumes[part.name].path
    raise RefusedError(f"HOME refers to a {part.kind}; with Apptainer it is a path")


def _outside(name: str, path: PurePosixPath, volume: Volume) -> str:
    below = path.relative_to(volume.path).as_posix()
    return f'"${{storage[{name}]}}"' + ("" if below == "." else shell.quote(f"/{below}"))
