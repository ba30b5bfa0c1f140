"""Which keys a model knows at a place, for "did you mean"."""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel

from reconciler.desired.finding import Path


def known_keys(model: type[BaseModel], path: Path) -> frozenset[str]:
    """The keys that the mapping at `path` may have, as they are written in YAML; none where any key may be there."""
    places: frozenset[object] = frozenset({model})
    for part in path:
        places = frozenset(below for place in places for below in _step(place, part))
    return frozenset(key for place in places for key in _keys(place))


@cache
def _step(place: object, part: str | int) -> frozenset[object]:
    """What may stand below a model, a dict or a tuple of models."""
    if isinstance(place, type) and issubclass(place, BaseModel):
        fields = (info for name, info in place.model_fields.items() if part in (name, info.alias))
        return frozenset(one for info in fields for one in _flat(info.annotation))
    inner = [one for one in get_args(place) if one is not Ellipsis]
    return frozenset(_flat(inner[-1])) if inner else frozenset()


def _flat(annotation: object) -> list[object]:
    """The members of unions, without what Annotated adds."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _flat(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [one for member in get_args(annotation) for one in _flat(member)]
    return [annotation]


@cache
def _keys(place: object) -> frozenset[str]:
    if not (isinstance(place, type) and issubclass(place, BaseModel)):
        return frozenset()
    return frozenset(info.alias or name for name, info in place.model_fields.items())
