from __future__ import annotations

import pytest

from reconciler.errors import RefusedError
from reconciler.kube.kinds import Object
from reconciler.kube.write.sizes import check_sizes

MIB = 1024 * 1024


def config_map(**data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "ai"}, "data": data}


def deployment(*args: str) -> Object:
    spec = {"template": {"spec": {"containers": [{"name": "main", "args": list(args)}]}}}
    return {"kind": "Deployment", "metadata": {"name": "x", "namespace": "ai"}, "spec": spec}


@pytest.mark.parametrize(
    "item", [config_map(a="x" * MIB), config_map(a="é" * (MIB // 2)), config_map(), deployment("x" * 1_300_000)]
)
def test_what_the_server_takes_passes(item: Object) -> None:
    check_sizes("x", [item])


@pytest.mark.parametrize(
    ("item", "field", "found"),
    [
        (config_map(a="x" * MIB, b="y"), r"data\.a", str(MIB + 1)),
        (config_map(a="é" * (MIB // 2) + "é"), r"data\.a", str(MIB + 2)),
        (config_map(a="x" * (MIB // 2), b="y" * (MIB // 2 + 1)), r"data\.b", str(MIB + 1)),
        (deployment("-x", "x" * 1_500_000), r"spec\.template\.spec\.containers\[0\]\.args\[1\]", "1500156"),
        (deployment(*["x" * 1000] * 1500), r"spec\.template\.spec\.containers\[0\]\.args", "1506146"),
    ],
)
def test_what_is_too_large_is_named_by_its_field(item: Object, field: str, found: str) -> None:
    with pytest.raises(RefusedError, match=rf"service x: {item['kind']} ai/x: {field}: found {found}"):
        check_sizes("x", [item])
