"""Recipes from their texts, and what only a recipe as a whole can get wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from reconciler.desired.check import check
from reconciler.desired.finding import Finding
from reconciler.desired.inspection import inspect
from reconciler.desired.yaml import Document, read_documents
from reconciler.errors import Complaint
from reconciler.models.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All recipes by name. `frozen` says for which of them an earlier version is in force, and why.

    `bad` says what is wrong with those that are there and never had a good version.
    """

    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    frozen: Mapping[str, str] = field(default_factory=dict)
    bad: Mapping[str, str] = field(default_factory=dict)


def read_recipe(file: str, text: str) -> tuple[Recipe | None, tuple[Complaint, ...]]:
    """The recipe of one file, `recipes/<category>/<name>.yaml`, or everything that is wrong with it."""
    reading = read_documents(file, text)
    complaints = [*reading.complaints, *(one for document in reading.documents for one in document.complaints)]
    if complaints:
        return None, tuple(complaints)
    if len(reading.documents) != 1:
        problem = f"{len(reading.documents)} documents in the file"
        return None, (Complaint(file, 0, 0, "", problem, expected="exactly one recipe"),)
    return _check(reading.documents[0])


def load_recipes(texts: Mapping[str, str]) -> tuple[Catalogue, tuple[Complaint, ...]]:
    """The recipes of many files by path; a later one of the same name takes the place of an earlier one."""
    recipes: dict[str, Recipe] = {}
    complaints: list[Complaint] = []
    for file, text in texts.items():
        recipe, wrong = read_recipe(file, text)
        complaints += wrong
        if recipe is not None:
            recipes[recipe.metadata.name] = recipe
    return Catalogue(recipes), tuple(complaints)


def _check(document: Document) -> tuple[Recipe | None, tuple[Complaint, ...]]:
    recipe, findings = check(Recipe, document.content)
    if recipe is not None:
        findings = (*_check_place(document.file, recipe), *inspect(recipe.spec))
    return None if findings else recipe, tuple(document.complain(one) for one in findings)


def _check_place(file: str, recipe: Recipe) -> list[Finding]:
    place = PurePosixPath(file)
    metadata = recipe.metadata
    findings = []
    if place.stem != metadata.name:
        problem = "is not the name of the file"
        findings.append(Finding(("metadata", "name"), problem, found=f"`{metadata.name}`", expected=f"`{place.stem}`"))
    if place.parent.name != metadata.category:
        found, expected = f"`{metadata.category}`", f"`{place.parent.name}`"
        problem = "is not the name of the folder"
        findings.append(Finding(("metadata", "category"), problem, found=found, expected=expected))
    return findings
