"""The stories of Triton: two models in Python in its repository, asked over HTTP and gRPC; and a repository that is
empty at first.
"""

from __future__ import annotations

import urllib.request
from typing import Any

from tests.recipes.report import Report
from tests.recipes.stories.stand import Files, Stand

_MODELS = {"double": 2, "triple": 3}
#: A model in Python with one input and one output; for the benchmarks too.
CONFIG = """\
backend: "python"
max_batch_size: 0
input [ { name: "IN" data_type: TYPE_FP32 dims: [ -1 ] } ]
output [ { name: "OUT" data_type: TYPE_FP32 dims: [ -1 ] } ]
instance_group [ { count: 1 kind: KIND_CPU } ]
"""
_MODEL = """\
import sys

sys.path[:0] = [{numpy!r}]
import triton_python_backend_utils as server


class TritonPythonModel:
    def execute(self, requests):
        return [self.answer(server.get_input_tensor_by_name(request, "IN").as_numpy()) for request in requests]

    def answer(self, values):
        return server.InferenceResponse([server.Tensor("OUT", values * {factor})])
"""


def triton(stand: Stand) -> Report:
    name, repository = stand.name("triton"), stand.files("models")
    for model in _MODELS:
        _put(stand, repository, model)
    config: dict[str, Any] = {"modelRepository": repository.inside}
    stand.want(name, "triton", config=config, **repository.spec)
    stand.wait("triton is healthy", lambda: bool(stand.endpoint(name, "http")))
    assert _ask(stand, name, "ready", models=list(_MODELS)) == {"http": list(_MODELS), "grpc": list(_MODELS)}
    version = _ask(stand, name, "infer", model="double", values=[1])["version"]
    assert _works(stand, name)
    stand.measure(name, "triton")
    recovery = stand.recovery(name, "http", lambda: _works(stand, name))
    config |= {"modelControlMode": "explicit", "loadModels": ["double"]}
    stand.want(name, "triton", config=config, **repository.spec)
    only = {"http": ["double"], "grpc": ["double"]}
    stand.wait("one model only", lambda: _ask(stand, name, "ready", models=list(_MODELS)) == only)
    operations = ("model ready", "infer over HTTP", "infer over gRPC")
    return stand.report("triton", version, operations, recovery, "both models", "modelControlMode")


def triton_empty(stand: Stand) -> None:
    """A server without a model says that it is ready, and is not healthy for all that; once it has one, it is."""
    name, repository = stand.name("triton-empty"), stand.files("models-to-come")
    config = {"modelRepository": repository.inside, "modelControlMode": "poll"}
    stand.want(name, "triton", config=config, **repository.spec)
    stand.wait("it says that it is ready", lambda: _says_ready(stand, name))
    line = stand.line(name)
    assert line is not None
    assert (line.health, line.ready) == ("Progressing", 0)
    _put(stand, repository, "double")
    stand.wait("healthy with a model", lambda: bool(stand.endpoint(name, "http")))


def _says_ready(stand: Stand, name: str) -> bool:
    address = stand.direct(name, "http")
    if not address:
        return False
    with urllib.request.urlopen(f"http://{address}/v2/health/ready", timeout=3) as answer:
        return bool(answer.status == 200)


def _put(stand: Stand, repository: Files, model: str) -> None:
    """A model in a repository; its settings come last, and so it is whole when it is seen."""
    code = _MODEL.format(numpy=stand.numpy, factor=_MODELS[model])
    stand.factory.put(repository.place / model / "1" / "model.py", code)
    stand.factory.put(repository.place / model / "config.pbtxt", CONFIG)


def _works(stand: Stand, name: str) -> bool:
    """Whether both models answer over both protocols."""
    answers = {model: _ask(stand, name, "infer", model=model, values=[1, 2.5]) for model in _MODELS}
    return all(
        answers[model].get(protocol) == [factor, 2.5 * factor]
        for model, factor in _MODELS.items()
        for protocol in ("http", "grpc")
    )


def _ask(stand: Stand, name: str, verb: str, **words: Any) -> dict[str, Any]:
    http, grpc = stand.endpoint(name, "http"), stand.endpoint(name, "grpc")
    return stand.clients.ask("triton", verb, http=http, grpc=grpc, **words) if http and grpc else {}
