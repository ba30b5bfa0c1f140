"""docs/recipes.md, from the recipes and from what the tests wrote down of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from docs.recipes_text import ABOUT, APPTAINER, INTRO, TRIED
from reconciler.models.recipe import Recipe, RecipeSpec
from reconciler.models.units import format_duration

ROOT = Path(__file__).parents[1]
REPORTS = ROOT / "tests" / "recipes" / "reports"
_MADE = "<!-- made by `make docs` from recipes/, tests/recipes/reports/ and docs/recipes_text.py; do not edit -->"
#: Platform and runtime, and how a reader is told of them.
PLACES = {("slurm", "none"): "Slurm, no containers", ("kubernetes", "containerd"): "Kubernetes, containerd"}


def files() -> dict[Path, str]:
    """The page, with what it must say. Raises KeyError for a recipe that docs/recipes_text.py does not know."""
    return {ROOT / "docs" / "recipes.md": "\n".join([*_page(), ""])}


def recipes() -> dict[str, Recipe]:
    """All that ship, by name."""
    contents = [YAML(typ="safe").load(path) for path in sorted((ROOT / "recipes").glob("*/*.yaml"))]
    made = [Recipe.model_validate(content) for content in contents]
    return {one.metadata.name: one for one in made}


def reports() -> dict[tuple[str, str, str], dict[str, Any]]:
    """What was written down, by service, platform and runtime."""
    contents = [json.loads(path.read_text("utf-8")) for path in sorted(REPORTS.glob("*.json"))]
    return {(one["service"], one["platform"], one["runtime"]): one for one in contents}


def _page() -> Iterator[str]:
    yield from ("# The recipes", "", _MADE, "", INTRO)
    known = recipes()
    if set(known) != set(ABOUT):
        raise KeyError(f"docs/recipes_text.py is about {sorted(ABOUT)}, and there are {sorted(known)}")
    for name, (title, purpose, notes) in ABOUT.items():
        facts = _facts(known[name].spec, name)
        yield from ("", f"## {title}", "", purpose, "", "| | |", "|---|---|", *facts, "", notes)
    columns = ("service", "where", "its version", "its client did", "back after", "found again", "changed")
    yield from ("", TRIED, "", f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}", *_tried(), "", APPTAINER)


def _facts(spec: RecipeSpec, name: str) -> Iterator[str]:
    yield f"| image | `{spec.image.partition('@')[0]}`{' ([by digest](images.md))' if '@' in spec.image else ''} |"
    yield f"| parameters | `reconciler recipes {name}` |"
    yield f"| ports | {', '.join(f'`{port}` {one.container}' for port, one in spec.ports.items())} |"
    metrics = f"`{spec.metrics.path}` on `{spec.metrics.port}`" if spec.metrics else "none"
    yield f"| metrics | {metrics} |"
    secrets = [f"`{key}`{_how(need.required, need.generate)}" for key, need in spec.secrets.items()]
    yield f"| secrets | {', '.join(secrets) or 'none'} |"
    volumes = [f"`{key}` {one.size}{'' if one.lasts else ' (not kept)'}" for key, one in spec.storage.items()]
    yield f"| storage | {', '.join(volumes) or 'none'} |"
    yield f"| replicas | {'each has data of its own, and never two use it' if spec.stateful else 'all alike'} |"
    yield f"| a start may take | {format_duration(spec.health.startup)} |"


def _how(required: bool, generate: int | None) -> str:  # noqa: FBT001 - two fields of one model
    return " (made where none is named)" if generate else " (required)" if required else ""


def _tried() -> Iterator[str]:
    known = reports()
    for name, (title, _, _) in ABOUT.items():
        for (platform, runtime), where in PLACES.items():
            one = known.get((name, platform, runtime))
            yield _line(title, where, one) if one else f"| {title} | {where} | not recorded yet | | | | |"
        yield f"| {title} | Slurm, Apptainer | rendered and compared only, [see below](#with-apptainer) | | | | |"


def _line(title: str, where: str, one: dict[str, Any]) -> str:
    did = ", ".join(one["operations"])
    changed = ", ".join(f"`{name}`" for name in one["changed"].split(", "))
    cells = (title, where, one["version"], did, f"{one['recovery']:g} s", one["kept"], changed)
    return f"| {' | '.join(cells)} |"
