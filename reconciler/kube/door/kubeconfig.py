"""Kubeconfig files: read, merged, with the credentials of an exec plugin put in, and watched for a change.

The official client reads such files too, but a token file only once; it writes what an exec plugin complains of, which
may be a secret, to the root logger, and waits for it without end.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from reconciler.kube.door import plugin
from reconciler.settings import KubernetesTarget

#: Where the kubelet puts the account of a pod.
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_LISTS = ("clusters", "contexts", "users")
#: Keys whose value is the name of a file, relative to the kubeconfig.
_FILES = frozenset({"certificate-authority", "client-certificate", "client-key", "tokenFile"})

#: Name, size, time of change and place on disk of each file; missing files have only a name.
Fingerprint = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """The merged content, as the official client takes it, and what it depends on.

    `files` are those whose change makes it outdated; `expires` is when its credentials do (None: not known).
    """

    content: Mapping[str, Any]
    context: str
    files: tuple[Path, ...]
    expires: datetime | None = None


def read(target: KubernetesTarget, timeout: float) -> Kubeconfig:
    """The kubeconfig of a target. Raises OSError, ValueError: their words hold nothing of the files' content.

    `timeout`: seconds for an exec plugin.
    """
    paths = places(target)
    merged: dict[str, Any] = {}
    for path in paths:
        if path.is_file():
            _merge(merged, _absolute(_load(path), path.parent.absolute()))
    if not merged:
        raise FileNotFoundError("there is no such file yet; the target joins when it is there")
    context = target.context or str(merged.get("current-context", ""))
    chosen = _entry(merged, "contexts", context, "context")
    user = _entry(merged, "users", str(chosen["user"]), "user") if chosen.get("user") else {}
    cluster = _entry(merged, "clusters", str(chosen.get("cluster", "")), "cluster")
    files = (*paths, *_named(merged))
    expires = _log_in(user, cluster, timeout)
    return Kubeconfig(merged, context, files, expires)


def places(target: KubernetesTarget) -> tuple[Path, ...]:
    """The files that are read: the target's, or those of `KUBECONFIG`, or the usual one."""
    if isinstance(target.kubeconfig, Path):
        return (target.kubeconfig,)
    names = os.environ.get("KUBECONFIG", "").split(os.pathsep)
    return tuple(Path(name).expanduser() for name in names if name) or (Path("~/.kube/config").expanduser(),)


def fingerprint(files: tuple[Path, ...]) -> Fingerprint:
    """Changes when one of the files does, also when it is replaced by another one (as Kubernetes' volumes do)."""
    return tuple(_stat(path) for path in files)


def _stat(path: Path) -> tuple[str, int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return str(path), 0, 0, 0
    return str(path), found.st_size, found.st_mtime_ns, found.st_ino


def _load(path: Path) -> dict[str, Any]:
    try:
        value = YAML(typ="safe").load(path)
    except (YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        raise ValueError(f"{path} is not YAML{line}") from None  # its words may quote a secret
    if not isinstance(value, dict):
        raise ValueError(f"{path} has no clusters, users and contexts")  # noqa: TRY004 - its value is wrong
    return value


def _merge(merged: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Add what is not there yet: of two files that say something, the first one counts, as for kubectl."""
    for name in _LISTS:
        known = {entry.get("name") for entry in merged.setdefault(name, [])}
        merged[name] += [entry for entry in more.get(name) or [] if entry.get("name") not in known]
    for key, value in more.items():
        if key not in _LISTS and value:
            merged.setdefault(key, value)


def _absolute(value: Any, folder: Path) -> Any:
    """The same with the names of files made absolute."""
    match value:
        case dict():
            return {
                key: str(folder / item) if item and _is_file(key, item) else _absolute(item, folder)
                for key, item in value.items()
            }
        case list():
            return [_absolute(item, folder) for item in value]
        case _:
            return value


def _is_file(key: str, value: object) -> bool:
    """Whether a value is the name of a file; a command is when it has a folder (otherwise the PATH has it)."""
    return key in _FILES or (key == "command" and isinstance(value, str) and "/" in value)


def _named(value: Any) -> Iterator[Path]:
    """The files that are named in it."""
    match value:
        case dict():
            for key, item in value.items():
                yield from [Path(str(item))] if key in _FILES and item else _named(item)
        case list():
            for item in value:
                yield from _named(item)
        case _:
            return


def _entry(content: Mapping[str, Any], kind: str, name: str, part: str) -> dict[str, Any]:
    """What stands under a name in one of the lists. Raises ValueError when nothing does."""
    found: list[dict[str, Any]] = [entry.get(part) or {} for entry in content[kind] if entry.get("name") == name]
    if not found:
        raise ValueError(f"{kind}: there is none named {name!r}")
    return found[0]


def _log_in(user: dict[str, Any], cluster: Mapping[str, Any], timeout: float) -> datetime | None:
    """Put the answer of an exec plugin, or what is in a token file, in its place; when that expires."""
    if file := user.pop("tokenFile", None):
        user["token"] = Path(file).read_text("utf-8").strip()
    call = user.pop("exec", None)
    if call is None:
        return None
    given = plugin.run(call, timeout, cluster if call.get("provideClusterInfo") else None)
    user |= given.credentials
    return given.expires
