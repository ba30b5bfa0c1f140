"""Foreign text made safe to show: jobs, repositories and people may put anything into it."""

from __future__ import annotations


def visible(text: str) -> str:
    r"""One line with every character that cannot be printed written as Python escapes it (`\x1b`, `\n`, `\u202e`).

    Control characters would move a terminal's cursor or forge lines; direction marks would turn words around.
    """
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
