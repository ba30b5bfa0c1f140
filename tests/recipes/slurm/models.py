"""The stories of Triton: two models in Python in its repository, asked over HTTP and gRPC; and a repository that is
empty at first.
"""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import Any

from lab.factory import line_of
from lab.triton import triton_numpy
from tests.recipes.report import Report
from tests.recipes.slurm.stand import Stand

_NAME = "real-triton"
_MODELS = {"double": 2, "triple": 3}
_CONFIG = """\
backend: "python"
max_batch_size: 0
input [ { name: "IN" data_type: TYPE_FP32 dims: [ -1 ] } ]
output [ { name: "OUT" data_type: TYPE_FP32 dims: [ -1 ] } ]
instance_group [ { count: 1 kind: KIND_CPU } ]
"""
_MODEL = """\
import sys

sys.path.insert(0, {numpy!r})
import triton_python_backend_utils as server


class TritonPythonModel:
    def execute(self, requests):
        return [self.answer(server.get_input_tensor_by_name(request, "IN").as_numpy()) for request in requests]

    def answer(self, values):
        return server.InferenceResponse([server.Tensor("OUT", values * {factor})])
"""


def triton(stand: Stand) -> Report:
    repository = stand.factory.folder / "models"
    for name in _MODELS:
        _put(stand, repository, name)
    config: dict[str, Any] = {"modelRepository": str(repository)}
    stand.want(_NAME, "triton", config=config)
    stand.wait("triton is healthy", lambda: bool(stand.endpoint(_NAME, "http")))
    assert _ask(stand, "ready", models=list(_MODELS)) == {"http": list(_MODELS), "grpc": list(_MODELS)}
    version = _ask(stand, "infer", model="double", values=[1])["version"]
    assert _works(stand)
    recovery = stand.recovery(_NAME, "http", lambda: _works(stand))
    stand.want(_NAME, "triton", config={**config, "modelControlMode": "explicit", "loadModels": ["double"]})
    only = {"http": ["double"], "grpc": ["double"]}
    stand.wait("one model only", lambda: _ask(stand, "ready", models=list(_MODELS)) == only)
    operations = ("model ready", "infer over HTTP", "infer over gRPC")
    return Report("triton", "slurm", "none", version, operations, recovery, "both models", "modelControlMode")


def triton_empty(stand: Stand) -> None:
    """A server without a model says that it is ready, and is not healthy for all that; once it has one, it is."""
    repository, name = stand.factory.folder / "models-to-come", f"{_NAME}-empty"
    stand.factory.put(repository / "note", "")
    stand.factory.put(repository / "note", None)
    stand.want(name, "triton", config={"modelRepository": str(repository), "modelControlMode": "poll"})
    stand.wait("it says that it is ready", lambda: _says_ready(stand, name))
    shape = stand.factory.status()
    line = line_of(shape, name) if shape else None
    assert line is not None
    assert (line.health, line.ready) == ("Progressing", 0)
    _put(stand, repository, "double")
    stand.wait("healthy with a model", lambda: bool(stand.endpoint(name, "http")))


def _says_ready(stand: Stand, name: str) -> bool:
    shape = stand.factory.status()
    line = line_of(shape, name) if shape else None
    address = line.endpoints.get("http", ()) if line else ()
    if not address:
        return False
    with urllib.request.urlopen(f"http://{address[0]}/v2/health/ready", timeout=3) as answer:
        return bool(answer.status == 200)


def _put(stand: Stand, repository: Path, name: str) -> None:
    """A model in a repository; its settings come last, and so it is whole when it is seen."""
    code = _MODEL.format(numpy=str(triton_numpy()), factor=_MODELS[name])
    stand.factory.put(repository / name / "1" / "model.py", code)
    stand.factory.put(repository / name / "config.pbtxt", _CONFIG)


def _works(stand: Stand) -> bool:
    """Whether both models answer over both protocols."""
    answers = {name: _ask(stand, "infer", model=name, values=[1, 2.5]) for name in _MODELS}
    return all(
        answers[name].get(protocol) == [factor, 2.5 * factor]
        for name, factor in _MODELS.items()
        for protocol in ("http", "grpc")
    )


def _ask(stand: Stand, verb: str, **words: Any) -> dict[str, Any]:
    http, grpc = stand.endpoint(_NAME, "http"), stand.endpoint(_NAME, "grpc")
    return stand.clients.ask("triton", verb, http=http, grpc=grpc, **words) if http and grpc else {}
