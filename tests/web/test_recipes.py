"""/recipes: what can be run, as `reconciler recipes` shows it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from jsonschema import Draft202012Validator

from reconciler.board import Board
from reconciler.desired.load import Loader
from reconciler.models.recipe import Recipe
from reconciler.shapes.proposals import StartBody
from reconciler.shapes.recipes import RecipeShape
from tests.cli.console import answer as printed
from tests.desired import world
from tests.web.asking import asking_pages

_OWN = """apiVersion: reconciler/v1
kind: Recipe
metadata: {name: zz-own, category: storage, description: Of the repository.}
spec:
  image: example.org/own:1
  parameters: {size: {type: integer, minimum: 1, maximum: 9, required: true, description: How much.}}
  secrets: {KEY: {description: A key., required: true}}
  ports: {http: {container: 80}}
  health: {tcp: {port: http}, startup: 30s, interval: 1s, timeout: 1s}
  stop: {grace: 5s}
"""


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    repository = world.Repository()
    repository.commit({"recipes/storage/zz-own.yaml": _OWN})
    desired = repository.load(Loader(world.settings(), world.BUILTIN))
    assert desired.complaints == ()
    with asking_pages(Board(), desired) as asking:
        yield asking


def test_all_recipes_as_the_command_line_shows_them_and_those_of_the_repository(client: httpx.Client) -> None:
    found = [RecipeShape.model_validate(one) for one in client.get("/recipes").json()]
    shown = [line.split() for line in printed(0, "recipes").splitlines()[1:]]
    own = [one for one in found if one.name == "zz-own"]
    assert [(one.name, one.category) for one in found if one not in own] == [(line[0], line[1]) for line in shown]
    assert [one.category for one in own] == ["storage"]


def test_one_recipe(client: httpx.Client) -> None:
    shown = RecipeShape.model_validate(client.get("/recipes/zz-own").json())
    assert shown.parameters["size"].model_dump(exclude_defaults=True) == {
        "type": "integer",
        "description": "How much.",
        "required": True,
        "minimum": 1,
        "maximum": 9,
    }
    assert (shown.ports, shown.gpus, shown.stateful) == ({"http": 80}, 0, False)
    vllm = RecipeShape.model_validate(client.get("/recipes/vllm").json())
    assert vllm.parameters["dtype"].choices[:2] == ["auto", "half"]
    assert vllm.parameters["dtype"].default == "auto"
    assert (vllm.gpus, vllm.storage["cache"].kept, vllm.storage["shm"].kept) == (1, True, False)
    assert not vllm.secrets["HF_TOKEN"].required


def test_the_example_is_a_body_that_can_be_sent(client: httpx.Client) -> None:
    for one in client.get("/recipes").json():
        body = StartBody.model_validate(one["example"])
        assert body.recipe_name == one["name"]
        needed = {name for name, parameter in one["parameters"].items() if parameter["required"]}
        assert needed == body.config.keys()
        assert f"recipe: {one['name']}\n" in one["example_yaml"]
    assert client.get("/recipes/zz-own").json()["example"] == {
        "recipe_name": "zz-own",
        "name": "my-zz-own",
        "config": {"size": 1},
        "spec": {"secrets": {"KEY": {"name": "my-zz-own", "key": "KEY"}}},
    }


def test_one_that_is_not_there(client: httpx.Client) -> None:
    answer = client.get("/recipes/vlm")
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is no recipe vlm; did you mean `vllm`?")


def test_before_the_repository_was_read() -> None:
    with asking_pages(Board(), None) as client:
        for path in ("/recipes", "/recipes/vllm"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert answer.json()["type"] == "urn:reconciler:problem:unavailable"
            assert answer.headers["retry-after"]


def test_every_field_of_a_parameter_is_told() -> None:
    """What a recipe may say of a parameter is what the page says of it."""
    known = Recipe.model_json_schema()["$defs"]["Parameter"]["properties"].keys()
    told = RecipeShape.model_json_schema()["$defs"]["ParameterShape"]
    Draft202012Validator.check_schema(told)
    assert told["properties"].keys() == known
