"""What recipes call their images, and the digests by which they pin them: the lab's own stand in for those too."""

from __future__ import annotations

import re
from pathlib import Path

from lab.host import LabError

_RECIPES = Path(__file__).parents[2] / "recipes"
_IMAGE = re.compile(
    r"^ +image: (?P<tagged>(?P<repository>[^\s@]+?)(?::[^\s@:/]+)?)(?:@(?P<digest>sha256:[0-9a-f]{64}))?\s*$",
    re.MULTILINE,
)


def public_name(recipe: str) -> str:
    """The image of a shipped recipe, `repository:tag`."""
    (path,) = _RECIPES.glob(f"*/{recipe}.yaml")
    return _images(path)[0]["tagged"]


def pinned_names(reference: str) -> list[str]:
    """What containerd calls the image of `repository:tag` where a recipe pins it: without the tag (CRI drops it)."""
    repository = reference.rpartition(":")[0]
    found = (one for path in sorted(_RECIPES.glob("*/*.yaml")) for one in _images(path))
    return [f"{repository}@{one['digest']}" for one in found if one["digest"] and one["repository"] == repository]


def _images(path: Path) -> list[re.Match[str]]:
    """The image of the recipe, which comes first, and that of its exporter."""
    found = list(_IMAGE.finditer(path.read_text("utf-8")))
    if not found:
        raise LabError(f"{path}: no line `  image: repository:tag`")
    return found
