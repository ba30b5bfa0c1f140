"""Numbers with units, as short as they can be read."""

from __future__ import annotations

import math

_TIMES = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (0.001, "ms"))
_SUFFIX = {"ops": " ops/s", "reqps": " req/s", "cps": "/s"}


def shown(value: float, unit: str) -> str:
    """The number as text; `unit` is one of Grafana's ids."""
    if math.isnan(value):
        return "-"
    match unit:
        case "s":
            return _time(value)
        case "µs":
            return _time(value / 1e6)
        case "percentunit":
            return f"{value * 100:.3g} %"
        case "bytes":
            power = max(0, min(4, int(math.log(abs(value), 1024)))) if value else 0
            return f"{value / 1024**power:.3g} {('B', 'KiB', 'MiB', 'GiB', 'TiB')[power]}"
        case _:
            return _plain(value) + _SUFFIX.get(unit, "")


def _time(value: float) -> str:
    size, name = next((one for one in _TIMES if abs(value) >= one[0]), (0.001, "ms"))
    return f"{_plain(value / size)} {name}" if value else "0 s"


def _plain(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value / 1000:.3g} K" if abs(value) < 1e6 else f"{value / 1e6:.3g} M"
    return f"{value:.3g}"
