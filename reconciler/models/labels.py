"""A service's own labels as labels of metrics, as kube-state-metrics writes those of a Deployment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

#: So many of a service's labels become labels of metrics, by their names.
MOST = 10
#: So many characters of a label's name are shown; those of Kubernetes are shorter.
LONGEST = 64

_ODD = re.compile(r"[^a-zA-Z0-9_]")


def metric_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """`label_<name>` → value: the first ten by name. Where two names become the same, the first one counts."""
    found: dict[str, str] = {}
    for name in sorted(labels)[:MOST]:
        found.setdefault(_metric_label(name), labels[name])
    return found


@lru_cache(maxsize=1024)
def _metric_label(name: str) -> str:
    return f"label_{_ODD.sub('_', name[:LONGEST])}"
