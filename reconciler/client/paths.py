"""Paths and parameters of the API."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from reconciler.errors import ReconcilerError


def service_path(service_id: str, page: str = "") -> str:
    """The path of a service, or of one of its pages. Raises ReconcilerError for what can be no name."""
    return _below("/services", service_id, "service") + (f"/{page}" if page else "")


def recipe_path(recipe_name: str) -> str:
    """The path of a recipe. Raises ReconcilerError for what can be no name."""
    return _below("/recipes", recipe_name, "recipe")


def filters(**given: str | Sequence[str]) -> dict[str, list[str]]:
    """Parameters of a query: each a text or several; those that say nothing are left out."""
    found = {name: [values] if isinstance(values, str) else list(values) for name, values in given.items()}
    return {name: chosen for name, values in found.items() if (chosen := [one for one in values if one])}


def _below(folder: str, name: str, what: str) -> str:
    if name.strip(".") == "":  # it would name another page
        raise ReconcilerError(f"{name!r} is no name of a {what}")
    return f"{folder}/{quote(name, safe='')}"
