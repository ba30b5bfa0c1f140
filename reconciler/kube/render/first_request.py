"""PURE. A first request that the kubelet cannot make itself → a command inside the container that makes it.

The program is the same for all; what a recipe or a service says is arguments of it, so that no text becomes a command.
A token is in no argument: the program reads the variable that the container has it in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from reconciler.kube.render.programs import program
from reconciler.models.recipe import FirstRequest

#: Tool of a recipe → how a program of it is started, up to its own arguments.
_STARTS = {
    "curl": ("sh", "-c", program("ask.sh"), "first-request"),
    "python3": ("python3", "-I", "-c", program("ask.py")),
}


def command(first: FirstRequest, port: int, scheme: str) -> list[str]:
    """The command that ends with 0 once the answer was right, and fails when its time is over; tried every second.

    Empty where the recipe names no tool. A program of the image that is missing is told in its output.
    """
    if first.tool is None:
        return []
    url = f"{scheme}://127.0.0.1:{port}{first.path}"
    words = [str(seconds(first)), first.method, url, _codes(first.status), first.contains or ""]
    return [*_STARTS[first.tool], *words, first.bearer or "", first.content_type, first.body]


def seconds(first: FirstRequest) -> int:
    """The time for it, in whole seconds, at least one."""
    return max(1, math.ceil(first.timeout.total_seconds()))


def _codes(status: Sequence[int]) -> str:
    return " ".join(map(str, status)) or "2"
