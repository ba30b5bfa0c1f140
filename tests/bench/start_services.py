"""The services whose starts are measured: one of each recipe whose server runs in the lab, always on new data."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from lab.factory import is_healthy, line_of
from reconciler.models.wanted import ResolvedService
from reconciler.settings import Target
from tests.bench.wanted import resolve, settings_of
from tests.e2e.world import service
from tests.recipes.stories.models import CONFIG
from tests.recipes.stories.stand import Stand

S = TypeVar("S", bound=Stand)

_PATIENCE = 180.0
_PAUSE = 0.02

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


class Starts(Generic[S]):
    """Starts one service of a recipe under a name, and ends it."""

    def __init__(self, stand: S) -> None:
        self.stand = stand
        self.factory = stand.factory
        self._more: dict[str, dict[str, Any]] = {}

    def begin(self) -> None:
        """The daemon with an empty repository, and a model for Triton."""
        models = self.stand.files("models")
        self.factory.put(models.place / "echo" / "1" / "model.py", _MODEL.format(numpy=self.stand.numpy))
        self.factory.put(models.place / "echo" / "config.pbtxt", CONFIG)
        self._more["triton"] = {"config": {"modelRepository": models.inside}, **models.spec}
        self.factory.commit({}, "Nothing yet")
        self.factory.start()
        self.factory.wait("a first turn", lambda shape: bool(shape.targets) and shape.targets[0].reachable)

    def text(self, recipe: str, name: str) -> str:
        """The file of a service."""
        more = self._more.get(recipe, {})
        return service(name, self.stand.platform, recipe, resources=self.stand.small, **SPECS[recipe], **more)

    def resolved(self, recipe: str, name: str) -> tuple[ResolvedService, Target]:
        """A service as the daemon has it, and its target."""
        settings = settings_of(self.factory.settings)
        (one,) = resolve({f"desired/{name}.yaml": self.text(recipe, name)}, settings)
        return one, settings.targets[self.stand.platform]

    def commit(self, recipe: str, name: str) -> float:
        """Commit the file, and give the moment before that."""
        self.factory.put(self.factory.repository / f"desired/{name}.yaml", self.text(recipe, name))
        self.factory.git("add", "--all")
        began = time.monotonic()
        self.factory.git("commit", "--quiet", "--message", f"Start {name}")
        return began

    def healthy(self, name: str) -> float:
        """The moment at which it is healthy in /status."""
        return self.until(lambda: (shape := self.factory.status()) is not None and is_healthy(shape, name))

    def end(self, name: str) -> None:
        """Take the file out of the repository, and wait until the service is in /status no more."""
        self.factory.commit({f"desired/{name}.yaml": None}, f"End {name}\n\nReconciler-Allow-Removals: all")
        self.until(lambda: (shape := self.factory.status()) is not None and line_of(shape, name) is None)

    def until(self, true: Callable[[], bool]) -> float:
        """The moment at which it holds. Raises TimeoutError."""
        deadline = time.monotonic() + _PATIENCE
        while not true():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {_PATIENCE:g} s; {self.factory.status()}")
            time.sleep(_PAUSE)
        return time.monotonic()
