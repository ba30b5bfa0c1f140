"""The services of these tests: `web` serves without a memory, `ledger` keeps data that two must never write at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lab.slurm import SlurmFacts
from tests.e2e.world import RECIPE, RECIPE_PATH, service

_LEDGER: dict[str, Any] = {
    "apiVersion": "reconciler/v1",
    "kind": "Recipe",
    "metadata": {"name": "ledger", "category": "storage", "description": "Counts its requests in a file."},
    "spec": {
        "image": "docker.io/library/python:3",
        "stateful": True,
        "ports": {"http": {"container": 8080}},
        "resources": {"cpus": 1, "memory": "64Mi"},
        "storage": {"data": {"path": "/data", "size": "1Mi"}},
        "parameters": {
            "greeting": {"type": "string", "default": "hello", "description": "A change of it replaces the service."}
        },
        "env": {"GREETING": "${config.greeting}"},
        "start": {
            "container": {"args": ["ledger", "${storage.data}", "${host}", "${port.http}"]},
            "process": {"command": ["ledger", "${storage.data}", "${host}", "${port.http}"]},
        },
        "health": {"http": {"port": "http", "path": "/health"}, "startup": "60s", "interval": "1s", "timeout": "2s"},
        "stop": {"grace": "2s"},
    },
}
RECIPES: dict[str, str | bytes | None] = {
    RECIPE_PATH: RECIPE,
    "recipes/storage/ledger.yaml": json.dumps(_LEDGER, indent=2) + "\n",
}


#: The program of the stateful service, for a folder in the PATH of jobs.
PROGRAM = (Path(__file__).parent / "ledger.py").read_text("utf-8")


def path_of(name: str) -> str:
    """The file of a service."""
    return f"desired/{name}.yaml"


def web(name: str, **spec: Any) -> dict[str, str | bytes | None]:
    """The file of a stateless service."""
    return {path_of(name): service(name, **spec)}


def ledger(name: str, **spec: Any) -> dict[str, str | bytes | None]:
    """The file of a stateful service."""
    return {path_of(name): service(name, recipe="ledger", **spec)}


def overlaps(slurm: SlurmFacts) -> list[str]:
    """What stateful servers have written down about others on their data, with the service and the replica."""
    found = []
    for path in sorted(slurm.data.glob("**/overlaps")):
        found += [f"{path.parts[-4]}.{path.parts[-3]}: {line}" for line in path.read_text().splitlines()]
    return found
