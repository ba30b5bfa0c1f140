"""The page about images says what the recipes say."""

from __future__ import annotations

import re

import pytest

from tests.desired.world import BUILTIN, ROOT
from tests.slurm.services import shipped

PAGE = (ROOT / "docs/images.md").read_text("utf-8")
ROWS = {
    name: (image, pinned) for name, image, pinned in re.findall(r"^\| (\w+) \| `(\S+)` \| (.+) \|$", PAGE, re.MULTILINE)
}
NAMES = sorted(file.rpartition("/")[2].removesuffix(".yaml") for file in BUILTIN)


def test_each_recipe_has_a_row() -> None:
    assert sorted(ROWS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_row_says_what_the_recipe_says(name: str) -> None:
    tagged, _, digest = shipped(name).spec.image.partition("@")
    image, pinned = ROWS[name]
    assert image == tagged
    assert pinned.startswith("no: ") if not digest else pinned == f"`{digest}`"
    assert not digest or re.fullmatch("sha256:[0-9a-f]{64}", digest)


def test_exporters_have_rows_too() -> None:
    rows = re.findall(r"^\| (\w+), its exporter \| `(\S+)` \| `(\S+)` \|$", PAGE, re.MULTILINE)
    images = {name: f"{image}@{digest}" for name, image, digest in rows}
    exporters = {name: shipped(name).spec.exporter for name in NAMES}
    assert images == {name: one.image for name, one in exporters.items() if one}
