"""What can be run: /recipes."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Path

from reconciler.errors import SourceError
from reconciler.proposals import ServerService
from reconciler.shapes.recipes import RecipeShape
from reconciler.web.problems import problems


def add_recipes(app: FastAPI, service: ServerService | None) -> None:
    """Add the pages. Before the repository was read once, they answer 503."""

    def known() -> ServerService:
        if service is None:
            raise SourceError("this daemon reads no repository, so that it knows no recipes")
        return service

    @app.get("/recipes", tags=["recipes"], summary="List the recipes", responses=problems(503))
    def list_recipes() -> list[RecipeShape]:
        """All recipes that a service may name, those of the repository among them, by category and name."""
        return known().list_recipes()

    @app.get("/recipes/{name}", tags=["recipes"], summary="Show one recipe", responses=problems(404, 503))
    def get_recipe(name: Annotated[str, Path(description="The recipe's name.", examples=["vllm"])]) -> RecipeShape:
        """One recipe: its parameters, ports, secrets and storage, and a body for `POST /services`."""
        return known().get_recipe(name)
