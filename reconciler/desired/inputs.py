"""Folders and files of the site that a service was told to read: absolute paths in parameters that say `path`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from reconciler.models.wanted import ResolvedService


@dataclass(frozen=True, slots=True)
class Input:
    """One path, whether it is a folder or a file, and the parameter that has it."""

    parameter: str
    kind: Literal["folder", "file"]
    path: str


def inputs_of(service: ResolvedService) -> Iterator[Input]:
    """All of them, in the order of the parameters; what lies in a volume of the service's own is none."""
    own = [PurePosixPath(volume.path) for volume in service.recipe.spec.storage.values()]
    for name, parameter in service.recipe.spec.parameters.items():
        value = service.config.get(name)
        if parameter.path is None or value is None:
            continue
        for text in value if isinstance(value, tuple) else (str(value),):
            path = PurePosixPath(text)
            if path.is_absolute() and not any(path.is_relative_to(folder) for folder in own):
                yield Input(name, parameter.path, text)
