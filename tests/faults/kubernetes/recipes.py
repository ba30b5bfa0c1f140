"""The recipes of these tests: `web` keeps nothing, `ledger` keeps data."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.world import RECIPE, RECIPE_PATH

_LEDGER: dict[str, Any] = {
    "apiVersion": "reconciler/v1",
    "kind": "Recipe",
    "metadata": {"name": "ledger", "category": "storage", "description": "Keeps data."},
    "spec": {
        "image": "docker.io/library/python:3",
        "stateful": True,
        "ports": {"http": {"container": 8080}},
        "resources": {"cpus": 1, "memory": "64Mi"},
        "storage": {"data": {"path": "/data", "size": "1Mi"}},
        "parameters": {"greeting": {"type": "string", "default": "hello", "description": "Shown by nobody."}},
        "start": {"container": {"args": ["ledger", "${storage.data}", "${config.greeting}"]}},
        "health": {"http": {"port": "http", "path": "/health"}, "startup": "60s", "interval": "1s", "timeout": "2s"},
        "stop": {"grace": "2s"},
    },
}
LEDGER_PATH = "recipes/storage/ledger.yaml"


def ledger(size: str = "1Mi") -> str:
    """The recipe that keeps data, with a volume of that size."""
    spec = _LEDGER["spec"] | {"storage": {"data": {"path": "/data", "size": size}}}
    return json.dumps(_LEDGER | {"spec": spec}, indent=2) + "\n"


LARGE_PATH = "recipes/storage/large.yaml"
#: As long as one parameter may be, nearly.
TEXT = "x" * 4000


def large(more: int = 0) -> str:
    """A recipe with 250 parameters for long texts, and as many more with a long text by default as is said.

    Everything that it is told is in its ConfigMap, and nowhere else.
    """
    told = {name: {"type": "string", "default": "", "description": "Much."} for name in (f"p{n}" for n in range(250))}
    known = {f"m{number}": {"type": "string", "default": TEXT, "description": "More."} for number in range(more)}
    spec = {
        "image": "docker.io/library/python:3",
        "parameters": told | known,
        "ports": {"http": {"container": 8080}},
        "resources": {"cpus": 1, "memory": "64Mi"},
        "health": {"http": {"port": "http", "path": "/"}, "startup": "30s", "interval": "1s", "timeout": "1s"},
        "stop": {"grace": "2s"},
    }
    metadata = {"name": "large", "category": "storage", "description": "Is told much."}
    return json.dumps({"apiVersion": "reconciler/v1", "kind": "Recipe", "metadata": metadata, "spec": spec}) + "\n"


RECIPES: dict[str, str | bytes | None] = {RECIPE_PATH: RECIPE, LEDGER_PATH: ledger(), LARGE_PATH: large()}
