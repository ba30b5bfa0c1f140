"""Words of bash: foreign text becomes exactly one argument, references become the arrays that `job.sh` fills."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence

from reconciler.desired.arguments import Part, Parts, Reference

#: How one reference is written: a shell word, quoted where it has to be.
Resolve = Callable[[Reference], str]


def quote(text: str) -> str:
    """One argument that bash reads back as `text`, whatever is in it."""
    return shlex.quote(text)


def word(parts: Parts, resolve: Resolve) -> str:
    """One argument made of literals and references: `'--listen=0.0.0.0:'"${ports[http]}"`."""
    return "".join(_part(part, resolve) for part in parts) or "''"


def words(arguments: Iterable[Parts], resolve: Resolve) -> str:
    """Several arguments, separated by blanks."""
    return " ".join(word(parts, resolve) for parts in arguments)


def function(name: str, lines: Sequence[str]) -> list[str]:
    """A function of bash; one without lines does nothing."""
    return [f"{name}() {{", *(f"    {line}" for line in lines or [":"]), "}"]


def table(name: str, values: Mapping[str, str]) -> str:
    """An associative array; the keys are names (labels, variables), the values any text."""
    return f"declare -A {name}=({' '.join(f'[{key}]={quote(value)}' for key, value in values.items())})"


def _part(part: Part, resolve: Resolve) -> str:
    if isinstance(part, Reference):
        return resolve(part)
    return quote(part) if part else ""
