"""PURE. What rendered objects have in common, and the ConfigMap that shows a service's resolved configuration."""

from __future__ import annotations

import hashlib
import json

from reconciler.desired.arguments import as_text
from reconciler.kube.kinds import CONFIG_MAP, Kind, Object
from reconciler.models.wanted import ResolvedService


def made(kind: Kind, name: str, **fields: object) -> Object:
    """An object of this kind; namespace and labels are put on when all of a service's objects are there."""
    return {"apiVersion": kind.api_version, "kind": kind.name, "metadata": {"name": name}, **fields}


def config_map(service: ResolvedService) -> Object:
    """The ConfigMap with all parameters that are set."""
    return made(CONFIG_MAP, service.name, data=configuration(service))


def configuration(service: ResolvedService) -> dict[str, str]:
    """All parameters that are set, as text."""
    return {name: as_text(value) for name, value in sorted(service.config.items()) if value is not None}


def digest(value: object) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
