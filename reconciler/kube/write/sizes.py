"""PURE. Objects that are too large for the API server, told before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Iterable

from reconciler.errors import RefusedError
from reconciler.kube.kinds import CONFIG_MAP, Object

#: All values of a ConfigMap together, in bytes (`MaxSecretSize` in k8s.io/kubernetes/pkg/apis/core/types.go).
_CONFIG = 1024 * 1024
#: What etcd takes at once is 1.5 MiB (`--max-request-bytes`); the rest is for what the server adds.
_OBJECT = 1_400_000


def check_sizes(service: str, objects: Iterable[Object]) -> None:
    """Raises RefusedError for an object that is too large, with the field that makes it so."""
    for item in objects:
        data = item.get("data", {}) if item["kind"] == CONFIG_MAP.name else {}
        if (size := sum(_size(value) for value in data.values())) > _CONFIG:
            raise _too_large(service, item, "data", data, size, _CONFIG)
        if (size := _size(item)) > _OBJECT:
            raise _too_large(service, item, "", item, size, _OBJECT)


def _too_large(service: str, item: Object, place: str, value: object, size: int, limit: int) -> RefusedError:
    metadata = item["metadata"]
    where = f"{item['kind']} {metadata['namespace']}/{metadata['name']}"
    return RefusedError(
        f"service {service}: {where}: {_heaviest(place, value)}: found {size} bytes in all, expected at most {limit}; "
        "shorten it, or read it from a volume"
    )


def _heaviest(place: str, value: object) -> str:
    """The path of the innermost field that holds most of a value."""
    match value:
        case dict():
            parts = {f"{place}.{key}" if place else str(key): part for key, part in value.items()}
        case list():
            parts = {f"{place}[{index}]": part for index, part in enumerate(value)}
        case _:
            return place
    sizes = {name: _size(part) for name, part in parts.items()}
    name = max(sizes, key=sizes.__getitem__, default=place)
    return _heaviest(name, parts[name]) if parts and 2 * sizes[name] > sum(sizes.values()) else place


def _size(value: object) -> int:
    """Bytes: of a text itself, of anything else as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return len(text.encode("utf-8", "surrogatepass"))
