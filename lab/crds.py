"""Real definitions of custom resources, out of the Go modules of those who publish them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab import build, host
from lab.host import LabError

_GROUP = "monitoring.coreos.com"
_OPERATOR = (
    "github.com/prometheus-operator/prometheus-operator@v0.85.0",
    "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
    "example/prometheus-operator-crd",
)


@dataclass(frozen=True, slots=True)
class Definition:
    """Where a CustomResourceDefinition is published: `file` in a Go module whose content has the checksum `sum`."""

    group: str
    version: str
    plural: str
    module: str
    sum: str
    file: str

    @property
    def name(self) -> str:
        """Its name in a cluster."""
        return f"{self.plural}.{self.group}"

    @property
    def path(self) -> str:
        """Where an API server that knows it has its objects."""
        return f"/apis/{self.group}/{self.version}/{self.plural}"


def _monitor(plural: str) -> Definition:
    module, checksum, folder = _OPERATOR
    return Definition(_GROUP, "v1", plural, module, checksum, f"{folder}/{_GROUP}_{plural}.yaml")


#: Kind → its definition.
DEFINITIONS: Mapping[str, Definition] = {
    "LeaderWorkerSet": Definition(
        "leaderworkerset.x-k8s.io",
        "v1",
        "leaderworkersets",
        "sigs.k8s.io/lws@v0.8.0",
        "h1:DdhJ8QabwTfWgbgaHH2gdf8twliioHaoSfmDXRYEVU0=",
        "config/crd/bases/leaderworkerset.x-k8s.io_leaderworkersets.yaml",
    ),
    "ServiceMonitor": _monitor("servicemonitors"),
    "PodMonitor": _monitor("podmonitors"),
}


def definition(kind: str) -> Definition:
    """The definition of a kind. Raises LabError, naming those that there are."""
    if kind not in DEFINITIONS:
        raise LabError(f"no definition of {kind} is known; there are {', '.join(DEFINITIONS)}")
    return DEFINITIONS[kind]


def text(kind: str) -> str:
    """The CustomResourceDefinition of a kind as YAML; fetched once, then from the cache. Raises LabError."""
    wanted = definition(kind)
    cached = host.cache_dir() / f"crd-{wanted.name}-{wanted.module.rpartition('@')[2]}.yaml"
    if not cached.exists():
        content = (_fetch(wanted) / wanted.file).read_bytes()
        draft = cached.with_suffix(f".{os.getpid()}")
        draft.write_bytes(content)
        draft.rename(cached)
    return cached.read_text("utf-8")


def _fetch(wanted: Definition) -> Path:
    """The folder of the module in Go's own cache, which is checked against its published checksum."""
    argv = [build.go(), "mod", "download", "-json", wanted.module]
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "-mod=mod"}
    done = subprocess.run(argv, cwd=host.cache_dir(), env=environment, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        found = {"Error": done.stderr.strip()}
    if "Dir" not in found:
        raise LabError(f"{wanted.module} cannot be fetched: {found.get('Error', done.stderr.strip())}")
    if found["Sum"] != wanted.sum:
        raise LabError(f"{wanted.module} has the checksum {found['Sum']}, expected {wanted.sum}")
    return Path(found["Dir"])
