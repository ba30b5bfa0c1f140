"""PURE. How the API's types are merged: lists by their keys, and what is replaced as a whole.

From the Go types of k8s.io/api (`+listType`, `+listMapKey`, `+structType=atomic`, `+mapType=atomic`); a field is known
by its name alone, which is enough for what a walk declares.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

#: Lists that are merged by the fields that tell their elements apart.
_KEYS: Mapping[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "imagePullSecrets": ("name",),
    "volumeMounts": ("mountPath",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "hostAliases": ("ip",),
    "conditions": ("type",),
    "ownerReferences": ("uid",),
}
_CONTAINER_PORT, _SERVICE_PORT = ("containerPort", "protocol"), ("port", "protocol")
_SETS = frozenset({"finalizers"})
#: Maps and structs that are one value.
_ATOMIC = frozenset(
    {
        "selector",
        "nodeSelector",
        "labelSelector",
        "podSelector",
        "namespaceSelector",
        "secretKeyRef",
        "configMapKeyRef",
        "fieldRef",
    }
)
_DEFAULTS = {"protocol": "TCP"}


def is_granular(name: str, value: object) -> bool:
    """Whether what is below a field may have several owners. `name` is the field's, "" for an element of a list."""
    if isinstance(value, dict):
        return name not in _ATOMIC
    return isinstance(value, list) and (name in _KEYS or name in _SETS or name == "ports")


def elements(name: str, value: Sequence[object]) -> dict[str, object]:
    """The elements of a list, each by its key as `fieldsV1` writes it."""
    return {_element(name, item): item for item in value}


def _element(name: str, item: object) -> str:
    if not isinstance(item, dict):
        return f"v:{_text(item)}"
    keys = _KEYS.get(name) or (_CONTAINER_PORT if "containerPort" in item else _SERVICE_PORT)
    return f"k:{_text({key: item.get(key, _DEFAULTS.get(key)) for key in keys})}"


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
