"""PURE. The programs of `kube/inside`, as they stand in manifests."""

from __future__ import annotations

import re
from importlib import resources

_COMMENTS = re.compile(r'^ *(#.*|"""(.|\n)*?""")\n', re.MULTILINE)


def program(name: str) -> str:
    """A program without its comments: with them, a change of one would replace the pods of all."""
    text = resources.files("reconciler.kube.inside").joinpath(name).read_text("utf-8")
    return _COMMENTS.sub("", text).lstrip("\n")
