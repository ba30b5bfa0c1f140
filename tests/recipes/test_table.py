"""The page of the recipes says what was seen of them, and each of them was seen on each platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import recipes
from tests.recipes.report import FOLDER, reports

KNOWN = sorted(recipes.recipes())


def test_the_page_is_current() -> None:
    ((path, text),) = recipes.files().items()
    assert path.read_text("utf-8") == text, "run `make docs`"


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("place", recipes.PLACES)
def test_each_recipe_was_used_killed_found_again_and_changed(name: str, place: tuple[str, str]) -> None:
    one = {(one.service, one.platform, one.runtime): one for one in reports()}[name, *place]
    assert one.version
    assert one.operations
    assert one.recovery > 0
    assert one.kept
    assert set(one.changed.split(", ")) <= set(recipes.recipes()[name].spec.parameters)


def test_nothing_else_is_told() -> None:
    names = {f"{platform}-{runtime}-{name}.json" for name in KNOWN for platform, runtime in recipes.PLACES}
    assert {path.name for path in Path(FOLDER).iterdir()} <= names
