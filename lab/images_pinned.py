"""What recipes call their images, and the digests by which they pin them: the lab's own stand in for those too."""

from __future__ import annotations

import re
from pathlib import Path

from lab.host import LabError

_RECIPES = Path(__file__).parents[1] / "recipes"
_IMAGE = re.compile(
    r"^  image: (?P<tagged>(?P<repository>[^\s@]+?)(?::[^\s@:/]+)?)(?:@(?P<digest>sha256:[0-9a-f]{64}))?\s*$",
    re.MULTILINE,
)


def public_name(recipe: str) -> str:
    """The image of a shipped recipe, `repository:tag`."""
    (path,) = _RECIPES.glob(f"*/{recipe}.yaml")
    return _image(path)["tagged"]


def pinned_names(reference: str) -> list[str]:
    """What containerd calls the image of `repository:tag` where a recipe pins it: without the tag (CRI drops it)."""
    repository = reference.rpartition(":")[0]
    found = (_image(path) for path in sorted(_RECIPES.glob("*/*.yaml")))
    return [f"{repository}@{one['digest']}" for one in found if one["digest"] and one["repository"] == repository]


def _image(path: Path) -> re.Match[str]:
    found = _IMAGE.search(path.read_text("utf-8"))
    if found is None:
        raise LabError(f"{path}: no line `  image: repository:tag`")
    return found
