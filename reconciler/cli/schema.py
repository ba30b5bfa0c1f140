"""`reconciler schema`: JSON Schemas, for editors and other programs."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer


class Kind(StrEnum):
    """What is described."""

    SERVICE = "service"
    RECIPE = "recipe"
    SETTINGS = "settings"


def schema(
    kind: Annotated[Kind, typer.Argument(help="What is described: service, recipe or settings.")] = Kind.SERVICE,
) -> None:
    """Print a JSON Schema. In an editor: `# yaml-language-server: $schema=service.schema.json` on the first line."""
    from pydantic import BaseModel

    from reconciler.models.recipe import Recipe
    from reconciler.models.service import Service
    from reconciler.settings import Settings

    models: dict[Kind, type[BaseModel]] = {Kind.SERVICE: Service, Kind.RECIPE: Recipe, Kind.SETTINGS: Settings}
    content = models[kind].model_json_schema()
    typer.echo(json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **content}, indent=2))
