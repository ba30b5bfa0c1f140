"""PURE. Whether two spellings of one value mean the same to the API server. Never raises, whatever the values are."""

from __future__ import annotations

import base64
import re
from fractions import Fraction

# Numbers are bounded, so that one from outside cannot cost much to work out.
_QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40}))(?P<unit>[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,3})?"
)
#: The units of resource.Quantity (k8s.io/apimachinery pkg/api/resource/suffix.go).
_THOUSANDS = {unit: Fraction(1000) ** power for power, unit in enumerate("num kMGTPE", -3)}
_BINARY = {f"{unit}i": Fraction(1024) ** power for power, unit in enumerate("KMGTPE", 1)}
_UNITS = _THOUSANDS | _BINARY
_DURATION = re.compile(r"(?:[0-9]{1,20}(?:\.[0-9]{0,20})?(?:ns|us|µs|ms|s|m|h))+")
_PART = re.compile(r"([0-9.]+)(ns|us|µs|ms|s|m|h)")
_NANOSECONDS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


def alike(word: str, declared: object, live: object) -> bool:
    """Whether two single values of a field are the same; `word` is what the field is (see `schema`)."""
    if isinstance(declared, bool) or isinstance(live, bool):
        return declared is live
    if declared == live:
        return True
    match word:
        case "quantity":
            return _same(quantity(declared), quantity(live))
        case "bytes":
            return _same(_decoded(declared), _decoded(live))
        case "string" | "port":
            return _digits(declared) == _digits(live)
        case "duration" | "?":
            return _same(_duration(declared), _duration(live))
        case _:
            return False


def empty(value: object) -> bool:
    """Whether the API server drops it where it drops zero values."""
    return value is None or value is False or value in ("", 0, [], {})


def quantity(value: object) -> Fraction | None:
    """The number that a quantity stands for (`500m`, `1Gi`, `1e3`, 0.5); None when it is not a quantity."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    read = _QUANTITY.fullmatch(str(value))
    if read is None:
        return None
    unit = read["unit"] or " "
    return Fraction(read["number"]) * (_UNITS.get(unit) or Fraction(10) ** int(unit[1:]))


def _duration(value: object) -> Fraction | None:
    """Nanoseconds of a duration as Go writes it: a controller that reads `60s` writes `1m0s`."""
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        return None
    parts = _PART.findall(value)
    return sum((Fraction(number) * _NANOSECONDS[unit] for number, unit in parts), Fraction())


def _decoded(value: object) -> bytes | None:
    """The bytes of base64; None when it is none. Line breaks in it are left out, as Go does."""
    if not isinstance(value, str):
        return None
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except ValueError:
        return None


def _digits(value: object) -> object:
    """A number as the text that it would be: where only text can be kept, or either of them."""
    return str(value) if isinstance(value, int | float) else value


def _same(one: object, other: object) -> bool:
    return one is not None and one == other
