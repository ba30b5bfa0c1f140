"""The digests by which recipes pin their images: the lab's own images stand in for those under that name too."""

from __future__ import annotations

import re
from pathlib import Path

_RECIPES = Path(__file__).parents[1] / "recipes"
_IMAGE = re.compile(
    r"^  image: (?P<repository>[^\s@]+?)(?::[^\s@:/]+)?@(?P<digest>sha256:[0-9a-f]{64})\s*$", re.MULTILINE
)


def pinned_names(reference: str) -> list[str]:
    """What containerd calls the image of `repository:tag` where a recipe pins it: without the tag (CRI drops it)."""
    repository = reference.rpartition(":")[0]
    found = (_IMAGE.search(path.read_text("utf-8")) for path in sorted(_RECIPES.glob("*/*.yaml")))
    return [f"{repository}@{match['digest']}" for match in found if match and match["repository"] == repository]
