"""The text of a list: JSON, one group a line, so that two of them can be compared by eye."""

from __future__ import annotations

import json
from collections.abc import Sequence

from reconciler.discovery.groups import Group


def text_of(groups: Sequence[Group]) -> str:
    """What http_sd answers and a file of file_sd holds."""
    lines = ",\n".join(json.dumps(group, ensure_ascii=False) for group in groups)
    return f"[\n{lines}\n]\n" if lines else "[]\n"
