"""Services for tests: each recipe with its defaults, resolved by hand, so that this room is tested by itself."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from reconciler.desired.constraints import derive, facts_of
from reconciler.desired.secrets import generated, with_generated
from reconciler.models.recipe import Recipe
from reconciler.models.revision import Revision
from reconciler.models.service import Service
from reconciler.models.wanted import ResolvedService
from reconciler.settings import KubernetesTarget

RECIPES = Path(__file__).parents[2] / "recipes"
REVISION = Revision("0123456789abcdef0123456789abcdef01234567", "Ada", "Add it", datetime(2026, 1, 1, tzinfo=UTC))


@cache
def recipe(name: str) -> Recipe:
    """A recipe that ships with Reconciler."""
    (path,) = RECIPES.glob(f"*/{name}.yaml")
    return Recipe.model_validate(YAML(typ="safe").load(path))


def resolved(name: str, of: str = "faiss", namespace: str = "ai", **spec: Any) -> ResolvedService:
    """A service of a recipe; `spec` in the words of the YAML."""
    made = recipe(of)
    body = {"apiVersion": "reconciler/v1", "kind": "Service", "metadata": {"name": name}, "spec": {"recipe": of} | spec}
    service = Service.model_validate(body)
    defaults = {key: parameter.default for key, parameter in made.spec.parameters.items()}
    resources = made.spec.resources.model_copy(
        update=service.spec.resources.model_dump(exclude_none=True, by_alias=False)
    )
    facts = facts_of(defaults | service.spec.config, resources, service.spec.nodes, service.spec.replicas)
    config, _ = derive(made.spec.parameters, defaults | service.spec.config, facts)
    kept = generated(service, made)
    return ResolvedService(
        service=with_generated(service, kept),
        recipe=made,
        target="cloud",
        config=config,
        resources=resources,
        slurm=service.spec.slurm,
        namespace=namespace,
        revision=REVISION,
        file=f"desired/{name}.yaml",
        env=service.spec.env,
        generated=kept,
    )


def target(**fields: Any) -> KubernetesTarget:
    """A target as the operator sets it."""
    return KubernetesTarget.model_validate({"kind": "kubernetes", "namespaces": ("ai",)} | fields)


def changed(made: ResolvedService, service: dict[str, Any] | None = None, **recipe: Any) -> ResolvedService:
    """The same with other fields in its `spec` (`service`) and in its recipe's, in the words of the YAML."""
    wanted = made.service.model_dump(mode="json", exclude_unset=True)
    offered = made.recipe.model_dump(mode="json", exclude_unset=True)
    return dataclasses.replace(
        made,
        service=Service.model_validate(wanted | {"spec": wanted["spec"] | (service or {})}),
        recipe=Recipe.model_validate(offered | {"spec": offered["spec"] | recipe}),
    )
