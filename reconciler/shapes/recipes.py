"""What can be run: what /recipes answers and what `reconciler recipes` shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from reconciler.desired.finding import did_you_mean
from reconciler.errors import MissingError
from reconciler.models.recipe import Parameter, Recipe, SecretNeed, Volume
from reconciler.models.service import Value
from reconciler.models.text import visible

_GAP = "…"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*")
_PARAMETER = {"type": "string", "description": "Name on the Hugging Face Hub.", "required": True}


class ParameterShape(BaseModel):
    """One parameter, which a service may set under `config`."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(description="string, integer, number, boolean or list.", examples=["integer"])
    description: str = Field(examples=["Longest context in tokens; the model's own when unset."])
    default: Value | None = Field(default=None, examples=[None])
    required: bool = Field(default=False, examples=[False])
    minimum: float | None = Field(default=None, examples=[1])
    maximum: float | None = Field(default=None, examples=[None])
    choices: list[str] = []
    pattern: str | None = Field(default=None, description="A regular expression for the whole text.", examples=[None])
    derived: str | None = Field(
        default=None, description="The sum that gives its value when it is not set.", examples=["resources.gpus"]
    )
    path: str | None = Field(
        default=None, description="folder or file: an absolute path must be one of these.", examples=[None]
    )
    example: Value | None = Field(default=None, examples=[None])

    @classmethod
    def of(cls, one: Parameter) -> ParameterShape:
        """From the recipe."""
        return cls.model_validate({**one.model_dump(by_alias=False), "choices": list(one.choices)})


class SecretShape(BaseModel):
    """A secret that it knows: a service says under `spec.secrets` where it is."""

    model_config = ConfigDict(frozen=True)

    description: str = Field(examples=["Token of the Hugging Face Hub for models behind a licence."])
    required: bool = Field(examples=[False])
    generated: bool = Field(default=False, description="A value is made where a service names none.", examples=[False])

    @classmethod
    def of(cls, one: SecretNeed) -> SecretShape:
        """From the recipe."""
        return cls(description=one.description, required=one.required, generated=bool(one.generate))


class StorageShape(BaseModel):
    """A folder that it needs. What is kept outlives the service."""

    model_config = ConfigDict(frozen=True)

    path: str = Field(description="Inside a container.", examples=["/cache"])
    size: str = Field(examples=["100Gi"])
    kept: bool = Field(examples=[True])

    @classmethod
    def of(cls, one: Volume) -> StorageShape:
        """From the recipe."""
        return cls(path=one.path, size=one.size, kept=one.lasts)


class RecipeShape(BaseModel):
    """One kind of service. `example` is a body for `POST /services`, with `…` where something must be filled in."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(examples=["vllm"])
    category: str = Field(examples=["inference"])
    description: str = Field(examples=["vLLM, a server for large language models with the OpenAI API."])
    image: str = Field(examples=["docker.io/vllm/vllm-openai:v0.33.0"])
    stateful: bool = Field(description="Its data must never be used by two at once.", examples=[False])
    multi_node: bool = Field(description="One replica may span several machines.", examples=[True])
    without_container: bool = Field(description="It also runs as programs of the target's path.", examples=[True])
    cpus: float | None = Field(description="Of one replica, on each machine, as of here on.", examples=[8])
    memory: str | None = Field(examples=["32Gi"])
    gpus: int = Field(examples=[1])
    parameters: dict[str, ParameterShape] = Field(examples=[{"model": _PARAMETER}])
    rules: list[str] = Field(
        default=[],
        description="What its parameters, resources and machines must be together.",
        examples=[["tensor times pipeline parallelism must be the number of GPUs"]],
    )
    ports: dict[str, int] = Field(description="Numbers inside a container.", examples=[{"http": 8000}])
    metrics: str = Field(description="Port and path of its own metrics; empty: none.", examples=["http/metrics"])
    secrets: dict[str, SecretShape] = Field(examples=[{"HF_TOKEN": {"description": "A token.", "required": False}}])
    storage: dict[str, StorageShape] = Field(examples=[{"cache": {"path": "/cache", "size": "100Gi", "kept": True}}])
    example: dict[str, Any] = Field(examples=[{"recipe_name": "vllm", "name": "my-vllm", "config": {"model": _GAP}}])
    example_yaml: str = Field(description="The same as a file of the repository.", examples=["kind: Service\n"])

    @classmethod
    def of(cls, one: Recipe) -> RecipeShape:
        """From the recipe."""
        spec, metrics = one.spec, one.spec.metrics
        return cls(
            name=one.metadata.name,
            category=one.metadata.category,
            description=visible(one.metadata.description),
            image=spec.image,
            stateful=spec.stateful,
            multi_node=spec.multi_node,
            without_container=spec.start.process is not None,
            cpus=spec.resources.cpus,
            memory=spec.resources.memory,
            gpus=spec.resources.gpus or 0,
            parameters={name: ParameterShape.of(parameter) for name, parameter in spec.parameters.items()},
            rules=[visible(one.message) for one in spec.constraints],
            ports={name: port.container for name, port in spec.ports.items()},
            metrics=f"{metrics.port}{metrics.path}" if metrics else "",
            secrets={name: SecretShape.of(secret) for name, secret in spec.secrets.items()},
            storage={name: StorageShape.of(volume) for name, volume in spec.storage.items()},
            example=_body(one),
            example_yaml="\n".join(_lines(one)) + "\n",
        )


def list_recipes(recipes: Mapping[str, Recipe]) -> list[RecipeShape]:
    """All, by category and name."""
    found = sorted(recipes.values(), key=lambda one: (one.metadata.category, one.metadata.name))
    return [RecipeShape.of(one) for one in found]


def get_recipe(recipes: Mapping[str, Recipe], name: str) -> RecipeShape:
    """The one of that name. Raises MissingError, with the nearest name."""
    if name not in recipes:
        raise MissingError(f"there is no recipe {visible(name[:80])}; {did_you_mean(name, recipes)}")
    return RecipeShape.of(recipes[name])


def _needed(recipe: Recipe) -> tuple[list[str], list[str]]:
    """Names of parameters and secrets that a service must set."""
    parameters = [name for name, parameter in recipe.spec.parameters.items() if parameter.required]
    return parameters, [name for name, secret in recipe.spec.secrets.items() if secret.required and not secret.generate]


def _body(recipe: Recipe) -> dict[str, Any]:
    """A request with all that must be set."""
    parameters, secrets = _needed(recipe)
    body: dict[str, Any] = {"recipe_name": recipe.metadata.name, "name": f"my-{recipe.metadata.name}"[:50]}
    if parameters:
        body["config"] = {name: _sample(recipe.spec.parameters[name]) for name in parameters}
    if secrets:
        body["spec"] = {"secrets": {name: _secret(recipe, name) for name in secrets}}
    return body


def _secret(recipe: Recipe, name: str) -> dict[str, str]:
    """A place for a secret: a folder named as the service, and a file in it named as the variable."""
    return {"name": f"my-{recipe.metadata.name}"[:50], "key": name}


def _sample(parameter: Parameter) -> Value:
    """The recipe's own example, or a value of the right type."""
    if parameter.example is not None:
        return parameter.example
    if parameter.choices:
        return parameter.choices[0]
    number = parameter.minimum or 1
    samples: dict[str, Value] = {"integer": int(number), "number": number, "boolean": True, "list": (_GAP,)}
    return samples.get(parameter.type, _GAP)


def _lines(recipe: Recipe) -> Iterator[str]:
    """A service with all that must be set, as its file."""
    parameters, secrets = _needed(recipe)
    name = recipe.metadata.name
    yield from ("apiVersion: reconciler/v1", "kind: Service", f"metadata: {{name: {f'my-{name}'[:50]}}}", "spec:")
    yield f"  recipe: {name}"
    samples = {one: _written(_sample(recipe.spec.parameters[one])) for one in parameters}
    yield from ("  config:", *(f"    {one}: {text}" for one, text in samples.items())) if parameters else ()
    places = {one: _secret(recipe, one) for one in secrets}
    lines = (f"    {one}: {{name: {place['name']}, key: {place['key']}}}" for one, place in places.items())
    yield from ("  secrets:", *lines) if secrets else ()


def _written(value: Value) -> str:
    """A value as YAML has it; JSON is YAML too."""
    plain = isinstance(value, str) and _PLAIN.fullmatch(value) and value not in ("true", "false", "null")
    return str(value) if plain or value == _GAP else json.dumps(value, ensure_ascii=False)
