"""`recipes` and `schema`: what can be run, and how it is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from tests.cli.console import answer, run, write

ROOT = Path(__file__).parents[2]
RECIPES = {path.stem: path for path in ROOT.glob("recipes/*/*.yaml")}


def schema(kind: str) -> Draft202012Validator:
    content = json.loads(answer(0, "schema", kind))
    Draft202012Validator.check_schema(content)
    return Draft202012Validator(content)


def errors(validator: Draft202012Validator, content: object) -> list[str]:
    return [error.message for error in validator.iter_errors(content)]


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path)


def test_all_recipes_in_one_line_each() -> None:
    lines = answer(0, "recipes").splitlines()
    assert lines[0].split() == ["RECIPE", "CATEGORY", "STATEFUL", "DESCRIPTION"]
    assert {line.split()[0]: line.split()[1] for line in lines[1:]} == {
        name: path.parent.name for name, path in RECIPES.items()
    }


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_one_recipe_with_an_example_that_is_right(name: str, tmp_path: Path) -> None:
    text = answer(0, "recipes", name)
    head, example = text.split("\nexample:\n")
    assert [parameter for parameter in read(RECIPES[name])["spec"]["parameters"] if f"\n{parameter} " not in head] == []
    write(tmp_path, {"desired/example.yaml": example})
    assert answer(0, "validate", tmp_path).startswith("1 service")


def test_what_a_recipe_takes_of_its_machine() -> None:
    lines = answer(0, "recipes", "vllm").splitlines()
    assert "resources: cpus 8, memory 32Gi, gpus 1" in lines
    assert "storage: cache /cache 100Gi, shm /dev/shm 8Gi (not kept)" in lines


def test_a_recipe_that_is_not_there() -> None:
    assert answer(2, "recipes", "fais") == "error: there is no recipe fais; did you mean `faiss`?\n"


@pytest.mark.parametrize("path", sorted(ROOT.glob("desired/*.yaml")), ids=lambda path: path.stem)
def test_the_schema_of_services_accepts_what_ships_and_refuses_what_is_misspelt(path: Path) -> None:
    validator, content = schema("service"), read(path)
    assert errors(validator, content) == []
    content["spec"]["replcas"] = 2
    assert "replcas" in " ".join(errors(validator, content))


def test_the_schema_of_services_knows_every_key_of_the_reference() -> None:
    content = read(ROOT / "desired/faiss-slurm.yaml")
    content["spec"] |= {
        "replicas": 2,
        "slurm": {"time": "24h", "partition": "gpu"},
        "kubernetes": {"nodeSelector": {"disk": "ssd"}},
        "secrets": {"TOKEN": {"name": "hf", "key": "token"}},
        "schedule": {"up": "0 8 * * 1-5", "down": "0 19 * * 1-5", "timezone": "Europe/Luxembourg"},
        "dependsOn": ["other"],
        "restart": "2026-11-23",
        "rollout": {"maxSurge": 1},
    }
    assert errors(schema("service"), content) == []


def test_the_schema_of_recipes() -> None:
    validator = schema("recipe")
    assert [(name, found) for name, path in RECIPES.items() if (found := errors(validator, read(path)))] == []


def test_the_schema_of_settings() -> None:
    folders = {"data": "/d", "logs": "/l"}
    settings: dict[str, Any] = {
        "owner": "o",
        "source": {"url": "/r", "interval": "30s"},
        "state": "/s",
        "targets": {
            "slurm": {"kind": "slurm", "folders": folders, "defaults": {"time": "2h"}},
            "cloud": {"kind": "kubernetes", "namespaces": ["ai"], "kubeconfig": "/k"},
        },
        "removals": {"keepData": True, "max": "20%"},
    }
    validator = schema("settings")
    assert errors(validator, settings) == []
    settings["targets"]["slurm"]["kind"] = "slrum"
    assert errors(validator, settings) != []


def test_a_schema_of_nothing_known() -> None:
    done = run("schema", "servise")
    assert done.returncode == 2
    assert "service" in done.stderr
