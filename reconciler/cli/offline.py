"""Reading a folder without Git and without a cluster, for `validate`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from reconciler.desired.shelf import FOLDER
from reconciler.desired.yaml import read_documents
from reconciler.errors import Complaint
from reconciler.models.revision import File, Revision, Snapshot
from reconciler.models.units import Name
from reconciler.settings import Settings
from reconciler.source.reader import FILE_LIMIT

_NOWHERE = Revision("0" * 40, "nobody", "what lies in the folder", datetime(2000, 1, 1, tzinfo=UTC))
_NAME: TypeAdapter[str] = TypeAdapter(Name)
_RECIPES = FOLDER.rstrip("/")


@dataclass(frozen=True, slots=True)
class Folder:
    """What lies at a path. The files of `snapshot` are named from `root` on, as they would be in the repository.

    `absolute`: whether the path was typed as an absolute one.
    """

    root: Path
    snapshot: Snapshot
    absolute: bool

    def place(self, complaint: Complaint) -> Complaint:
        """The complaint with the path of its file as a person would type it here."""
        path = self.root / complaint.file
        return replace(complaint, file=str(path) if self.absolute else os.path.relpath(path))


def read_folder(path: Path, desired: str) -> Folder:
    """The YAML files at a path: a repository (its folders `desired` and recipes), a part of one, or one file.

    With a part come the repository's recipes, as its services may use them. Links are not followed, as the daemon does
    not; it complains of any, as there may be YAML behind it.
    """
    whole = Path(os.path.normpath(path.absolute()))
    root = _root(whole, desired)
    parts = [root / part for part in (desired, _RECIPES)] if whole == root else [whole]
    found = {one for part in parts for one in _yaml(part)} or set(_yaml(whole))
    if found:
        found.update(_yaml(root / _RECIPES))
    files = [_file(one, str(one.relative_to(root))) for one in sorted(found)]
    return Folder(root, Snapshot(_NOWHERE, {file.path: file for file in files}), path.is_absolute())


def _root(path: Path, desired: str) -> Path:
    """The repository that a path belongs to: the nearest folder with desired services or recipes."""
    start = path if path.is_dir() else path.parent
    for folder in (start, *start.parents):
        if (folder / desired).is_dir() or (folder / _RECIPES).is_dir():
            return folder
        if (folder / ".git").exists():
            break
    return start


def _yaml(path: Path) -> Iterator[Path]:
    if path.is_file():
        return iter([path])
    return (one for one in path.rglob("*") if one.is_symlink() or (one.suffix in (".yaml", ".yml") and one.is_file()))


def _file(path: Path, name: str) -> File:
    if path.is_symlink():
        return File(name, name, None, "it is a symbolic link; only plain files are read")
    size = path.stat().st_size
    if size > FILE_LIMIT:
        return File(name, name, None, f"it has {size} bytes; at most {FILE_LIMIT} are read")
    data = path.read_bytes()
    try:
        return File(name, name, data.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return File(name, name, None, f"it is not UTF-8: byte 0x{data[error.start]:02x} in line {line}")


def generous_settings(snapshot: Snapshot) -> Settings:
    """Settings under which only the files themselves can be wrong: every target, namespace and GPU type they name."""
    specs = list(_specs(snapshot))
    namespaces = _names(_part(spec, "kubernetes").get("namespace") for spec in specs)
    types = _names(_part(spec, "resources").get("gpuType") for spec in specs)
    targets = [name for name in _names(spec.get("target") for spec in specs) if name != "auto"]
    slurm = {
        "kind": "slurm",
        "runtime": "apptainer",
        "folders": {"data": "/data", "logs": "/logs", "secrets": "/secrets"},
        "gpuTypes": [*types, "gpu"],
    }
    kubernetes = {
        "kind": "kubernetes",
        "namespaces": ["default", *namespaces],
        "gpuResource": "nvidia.com/gpu",
        "gpuTypes": {name: {} for name in types},
    }
    names: Mapping[str, Any] = {**dict.fromkeys(targets, slurm), "kubernetes": kubernetes, "slurm": slurm}
    content = {"owner": "nobody", "source": {"url": "."}, "targets": names, "state": "/nowhere"}
    return Settings.model_validate(content)


def _specs(snapshot: Snapshot) -> Iterator[Mapping[str, Any]]:
    for file in snapshot.files.values():
        for document in read_documents(file.path, file.text or "").documents:
            spec = document.content.get("spec")
            if document.content.get("kind") == "Service" and isinstance(spec, Mapping):
                yield spec


def _part(spec: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = spec.get(key)
    return part if isinstance(part, Mapping) else {}


def _names(values: Iterable[object]) -> list[str]:
    """Those that a target, a namespace or a GPU type can have for a name, each once."""
    return sorted({value for value in values if isinstance(value, str) and _is_name(value)})


def _is_name(value: str) -> bool:
    try:
        _NAME.validate_python(value)
    except ValidationError:
        return False
    return True
