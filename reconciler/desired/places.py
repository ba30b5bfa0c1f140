"""The places that a recipe asks for, its folders and ports: no two are the same one, and each can be had. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from reconciler.desired.finding import Finding, Path
from reconciler.models.recipe import RecipeSpec

#: What a container has already, with all below it. Secrets that are read as files are in the last ones.
_TAKEN = tuple(map(PurePosixPath, ("/proc", "/sys", "/dev", "/var/run/secrets", "/run/secrets", "/run/reconciler")))
_SHM = PurePosixPath("/dev/shm")  # noqa: S108 - a path of a volume, nothing is written here


def inspect_places(spec: RecipeSpec) -> Iterator[Finding]:
    """Folders and ports that are asked for twice, or that are not to be had; what nobody could start."""
    yield from _folders(spec)
    yield from _numbers(spec)
    for number, stale in enumerate(spec.start.stale):
        volume = spec.storage.get(stale.storage)
        if volume is not None and not (spec.stateful and volume.lasts):
            fix = "only a stateful recipe has a lock, and only what lasts can be stale; leave it out"
            yield Finding(("spec", "start", "stale", number), "is never taken away", fix=fix)


def _folders(spec: RecipeSpec) -> Iterator[Finding]:
    known: dict[PurePosixPath, str] = {}
    for name, volume in spec.storage.items():
        path: Path = ("spec", "storage", name, "path")
        folder, found = PurePosixPath(volume.path), f"`{volume.path}`"
        if folder.root != "/" or {".", ".."} & set(volume.path.split("/")):
            yield Finding(path, "is not allowed", found=found, expected="a path without `.`, `..` and `//`")
        elif folder == PurePosixPath("/") or (folder != _SHM and any(folder.is_relative_to(one) for one in _TAKEN)):
            yield Finding(path, "is a place that each container has already", found=found, fix="choose another one")
        elif folder in known:
            yield Finding(path, f"is that of the volume {known[folder]}", found=found, fix="choose another one")
        known.setdefault(folder, name)


def _numbers(spec: RecipeSpec) -> Iterator[Finding]:
    """The server, its exporter and its machines' meetings are in one pod."""
    groups: tuple[Path, ...] = (("spec", "ports"), ("spec", "start", "machines", "ports"))
    known: dict[int, str] = {}
    for group, ports in zip(groups, (spec.ports, spec.start.machines.ports), strict=True):
        for name, port in ports.items():
            if port.container in known:
                problem = f"has the number of the port {known[port.container]}"
                yield Finding((*group, name, "container"), problem, found=str(port.container), fix="choose another one")
            known.setdefault(port.container, name)
