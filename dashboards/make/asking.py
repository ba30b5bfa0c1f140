"""A query as Grafana sends it: with its variables filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\$\{?(\w+)\}?")


def filled(expr: str, values: Mapping[str, str]) -> str:
    """The query with `$name` and `${name}` replaced. Raises KeyError for a variable without a value."""
    return _VARIABLE.sub(lambda found: values[found[1]], expr)


def variables(expr: str) -> frozenset[str]:
    """Names of the variables in it, Grafana's own (`__rate_interval`) too."""
    return frozenset(_VARIABLE.findall(expr))


def legend(template: str, labels: Mapping[str, str]) -> str:
    """What a series is called: `{{label}}` filled in; all its labels where there is no template."""
    if not template:
        return ", ".join(value for key, value in labels.items() if key not in ("__name__", "job", "instance"))
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: labels.get(found[1], ""), template).strip()
