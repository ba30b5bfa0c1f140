"""Services and recipes for tests, as the models make them."""

from __future__ import annotations

from typing import Any

from reconciler.models.recipe import Recipe
from reconciler.models.revision import Revision
from reconciler.models.service import Service
from reconciler.models.wanted import ResolvedService
from tests.fakes import START

REVISION = Revision("0123456789abcdef" * 2 + "01234567", "Ada", "A commit", START)


def recipe(name: str = "web", **spec: Any) -> Recipe:
    """A small stateless recipe that listens on one port; `spec` overrides."""
    content = {
        "image": "example.org/web:1",
        "ports": {"http": {"container": 8080}},
        "start": {"process": {"command": ["python3", "-m", "http.server", "${port.http}"]}},
        "health": {"http": {"port": "http", "path": "/"}, "startup": "30s", "interval": "1s", "timeout": "1s"},
        "stop": {"grace": "5s"},
        **spec,
    }
    return Recipe.model_validate(
        {
            "apiVersion": "reconciler/v1",
            "kind": "Recipe",
            "metadata": {"name": name, "category": "inference", "description": "For tests."},
            "spec": content,
        }
    )


def service(name: str, **spec: Any) -> Service:
    """A service of the recipe `web`; `spec` overrides."""
    metadata = {"name": name}
    content = {"recipe": "web", "target": "fake", **spec}
    return Service.model_validate(
        {"apiVersion": "reconciler/v1", "kind": "Service", "metadata": metadata, "spec": content}
    )


def resolved(name: str, *, target: str = "fake", of: Recipe | None = None, **spec: Any) -> ResolvedService:
    """A service that is ready to be rendered."""
    one = service(name, target=target, **spec)
    return ResolvedService(
        service=one,
        recipe=of or recipe(),
        target=target,
        config=dict(one.spec.config),
        resources=one.spec.resources,
        slurm=one.spec.slurm,
        namespace="ai",
        revision=REVISION,
        file=f"desired/{name}.yaml",
    )
