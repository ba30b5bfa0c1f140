"""The services whose starts are measured: one of each recipe whose server runs in the lab, always on new data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab.factory import Factory
from tests.e2e.world import service

_MODEL = """\
import sys

sys.path[:0] = [{numpy!r}]
import triton_python_backend_utils as server


class TritonPythonModel:
    def execute(self, requests):
        return [server.InferenceResponse([server.Tensor("OUT", self.value(one))]) for one in requests]

    def value(self, request):
        return server.get_input_tensor_by_name(request, "IN").as_numpy()
"""
_CONFIG = """\
backend: "python"
max_batch_size: 0
input [ { name: "IN" data_type: TYPE_FP32 dims: [ -1 ] } ]
output [ { name: "OUT" data_type: TYPE_FP32 dims: [ -1 ] } ]
instance_group [ { count: 1 kind: KIND_CPU } ]
"""
_SMALL = {"size": "64Mi"}

#: By recipe, as the table shows them. What PostgreSQL's exporter takes is not what is measured.
SPECS: dict[str, dict[str, Any]] = {
    "postgresql": {"config": {"sharedBuffers": "16MB", "metricsExporter": False}, "storage": {"data": _SMALL}},
    "chroma": {"storage": {"data": _SMALL}},
    "faiss": {"config": {"dimension": 8}},
    "triton": {},
    "minio": {"storage": {"data": _SMALL}},
    "seaweedfs": {"config": {"volumeSizeLimitMB": 16}, "storage": {"data": _SMALL}},
}


def text(name: str, target: str, recipe: str, small: dict[str, Any], more: dict[str, Any]) -> str:
    """The file of one service. `small`: its resources; `more`: fields over those of its recipe."""
    return service(name, target, recipe, resources=small, **SPECS[recipe], **more)


def put_model(factory: Factory, repository: Path, numpy: str) -> None:
    """A model for Triton; `numpy`: the folder where it is found, "" where it needs none."""
    factory.put(repository / "echo" / "1" / "model.py", _MODEL.format(numpy=numpy))
    factory.put(repository / "echo" / "config.pbtxt", _CONFIG)
