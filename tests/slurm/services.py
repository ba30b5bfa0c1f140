"""Services and targets for tests, resolved by hand, so that this room is tested by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from reconciler.desired.constraints import derive, facts_of
from reconciler.desired.secrets import generated, with_generated
from reconciler.models.recipe import Recipe
from reconciler.models.revision import Revision
from reconciler.models.service import Service
from reconciler.models.wanted import ResolvedService
from reconciler.models.workload import Mark
from reconciler.settings import SlurmTarget

RECIPES = Path(__file__).parents[2] / "recipes"
REVISION = Revision("0123456789abcdef0123456789abcdef01234567", "Ada", "Add it", datetime(2026, 1, 1, tzinfo=UTC))
OWNER = "factory-a"


def shipped(name: str) -> Recipe:
    """A recipe that ships with Reconciler."""
    (path,) = RECIPES.glob(f"*/{name}.yaml")
    return Recipe.model_validate(YAML(typ="safe").load(path))


def recipe(**spec: Any) -> Recipe:
    """A small recipe of its own: a web server of Python; `spec` overrides."""
    content = {
        "image": "example.org/web:1",
        "ports": {"http": {"container": 8080}},
        "start": {"process": {"command": ["python3", "-m", "http.server", "--bind=${host}", "${port.http}"]}},
        "health": {"http": {"port": "http", "path": "/"}, "startup": "20s", "interval": "1s", "timeout": "2s"},
        "stop": {"grace": "3s"},
        **spec,
    }
    metadata = {"name": "web", "category": "inference", "description": "For tests."}
    return Recipe.model_validate(
        {"apiVersion": "reconciler/v1", "kind": "Recipe", "metadata": metadata, "spec": content}
    )


def resolved(name: str, of: Recipe | None = None, **spec: Any) -> ResolvedService:
    """A service of a recipe with its defaults applied; `spec` in the words of the YAML."""
    made = of or recipe()
    content = {"recipe": made.metadata.name, **spec}
    service = Service.model_validate(
        {"apiVersion": "reconciler/v1", "kind": "Service", "metadata": {"name": name}, "spec": content}
    )
    defaults = {key: parameter.default for key, parameter in made.spec.parameters.items()}
    asked = service.spec.resources.model_dump(exclude_none=True, by_alias=False)
    resources = made.spec.resources.model_copy(update=asked)
    facts = facts_of(defaults | service.spec.config, resources, service.spec.nodes, service.spec.replicas)
    config, _ = derive(made.spec.parameters, defaults | service.spec.config, facts)
    kept = generated(service, made)
    return ResolvedService(
        service=with_generated(service, kept),
        recipe=made,
        target="slurm",
        config=config,
        resources=resources,
        slurm=service.spec.slurm,
        namespace="",
        revision=REVISION,
        file=f"desired/{name}.yaml",
        env=service.spec.env,
        generated=kept,
    )


def target(folder: Path = Path("/project/p1"), **fields: Any) -> SlurmTarget:
    """A target as the operator sets it, with its folders below `folder`."""
    folders = {"data": folder / "data", "logs": folder / "logs", "secrets": folder / "secrets"}
    return SlurmTarget.model_validate({"kind": "slurm", "folders": folders} | fields)


def mark(service: str, replica: int = 0, **fields: Any) -> Mark:
    """A mark of ours."""
    return Mark(owner=OWNER, service=service, replica=replica, **{"digest": "0123456789abcdef"} | fields)
