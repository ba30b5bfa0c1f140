"""Reading a folder without Git and without a cluster, for `validate`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler.desired.yaml import read_documents
from reconciler.models.revision import File, Revision, Snapshot
from reconciler.settings import Settings

_SIZE = 1 << 20
_NOWHERE = Revision("0" * 40, "nobody", "what lies in the folder", datetime(2000, 1, 1, tzinfo=UTC))


def read_folder(path: Path) -> Snapshot:
    """The YAML files below a folder (its `desired/` and `recipes/`, where it has them), or one file, as a revision.

    Links are not followed, as Git objects would not be. Paths are as a person would type them.
    """
    if path.is_file():
        found: Iterable[Path] = [path]
        root = path.parent
    else:
        parts = [path / part for part in ("desired", "recipes") if (path / part).is_dir()] or [path]
        found = (one for part in parts for one in sorted(part.rglob("*")) if one.suffix in (".yaml", ".yml"))
        root = path
    files = {str(one.relative_to(root)): _file(one, root) for one in found}
    return Snapshot(_NOWHERE, files)


def _file(path: Path, root: Path) -> File:
    name = str(path.relative_to(root))
    if path.is_symlink():
        return File(name, name, None, "a symbolic link, which is not followed; commit the file itself")
    if path.stat().st_size > _SIZE:
        return File(name, name, None, f"{path.stat().st_size} bytes; at most {_SIZE} are read")
    try:
        return File(name, name, path.read_text("utf-8"))
    except UnicodeDecodeError:
        return File(name, name, None, "not UTF-8 text")


def generous_settings(snapshot: Snapshot) -> Settings:
    """Settings under which only the files themselves can be wrong: every target, namespace and GPU type they name."""
    specs = list(_specs(snapshot))
    namespaces = sorted(
        {str(spec["kubernetes"]["namespace"]) for spec in specs if _has(spec, "kubernetes", "namespace")}
    )
    types = sorted({str(spec["resources"]["gpuType"]) for spec in specs if _has(spec, "resources", "gpuType")})
    targets = {str(spec["target"]) for spec in specs if isinstance(spec.get("target"), str)} - {"auto"}
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
    names: Mapping[str, Any] = {**dict.fromkeys(sorted(targets), slurm), "kubernetes": kubernetes, "slurm": slurm}
    content = {"owner": "nobody", "source": {"url": "."}, "targets": names, "state": "/nowhere"}
    return Settings.model_validate(content)


def _specs(snapshot: Snapshot) -> Iterator[Mapping[str, Any]]:
    for file in snapshot.files.values():
        for document in read_documents(file.path, file.text or "").documents:
            spec = document.content.get("spec")
            if document.content.get("kind") == "Service" and isinstance(spec, Mapping):
                yield spec


def _has(spec: Mapping[str, Any], part: str, key: str) -> bool:
    return isinstance(spec.get(part), Mapping) and isinstance(spec[part].get(key), str)
