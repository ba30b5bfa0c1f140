"""PURE. What the fields of Kubernetes' own kinds are made of, and how the API server merges them.

The table (schema.json) is written by `tests/kube/drift/schema/main.go` from the Go types of k8s.io/api (what a field
is, and whether it is a pointer) and from the schema of server-side apply in client-go (`x-kubernetes-list-type`,
`x-kubernetes-list-map-keys`, `x-kubernetes-map-type`). There each field is one word:

    string number bool quantity port bytes duration any      one value; `port` is IntOrString
    Container                                                 a structure of that name
    {}string {!}string                                        a map; with `!` it is one value, merged as a whole
    []Toleration [=]string [name]Container [port,protocol]X   a list: one value, a set, or merged by these keys
    *number                                                   a pointer: its zero value is kept, others are dropped
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache, lru_cache
from importlib.resources import files

from reconciler.kube.kinds import Object
from reconciler.kube.render.pointers import parse


class Form(Enum):
    """How the parts of a field are told apart."""

    VALUE = "value"
    STRUCT = "struct"
    MAP = "map"
    LIST = "list"
    SET = "set"
    KEYED = "keyed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a field is. `word` is the kind of a value, or the word of a list's elements and of a map's values.

    `atomic`: it is one value, whatever is in it. `kept`: the API server keeps its zero value when it is sent.
    """

    form: Form
    word: str = "?"
    atomic: bool = False
    kept: bool = False
    keys: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)

    def part(self, key: str) -> Shape:
        """What one field of a structure is, or one value of a map."""
        return shape(self.fields.get(key, self.word))


@dataclass(frozen=True, slots=True)
class _Table:
    """`kinds`: the structure of each `apiVersion kind`; `types`: the words of a structure's fields."""

    kinds: Mapping[str, str]
    types: Mapping[str, Mapping[str, str]]


UNKNOWN = Shape(Form.UNKNOWN)
#: Custom resources that are made of Kubernetes' own structures (sigs.k8s.io/lws api/leaderworkerset/v1); `?` stands for
#: fields that are not named here.
_KINDS = {"leaderworkerset.x-k8s.io/v1 LeaderWorkerSet": "LeaderWorkerSet"}
_TYPES = {
    "LeaderWorkerSet": {"metadata": "ObjectMeta", "spec": "LeaderWorkerSetSpec", "?": "?"},
    "LeaderWorkerSetSpec": {"leaderWorkerTemplate": "LeaderWorkerTemplate", "?": "?"},
    "LeaderWorkerTemplate": {"leaderTemplate": "PodTemplateSpec", "workerTemplate": "PodTemplateSpec", "?": "?"},
    "Unknown": {"metadata": "ObjectMeta", "?": "?"},
}


def of(item: Object) -> Shape:
    """What an object is, by its `apiVersion` and `kind`; only its metadata is known when it is not Kubernetes' own."""
    return _root(f"{item.get('apiVersion')} {item.get('kind')}")


def has(item: Object, pointer: str) -> bool:
    """Whether an object of this kind can have what a pointer names; of unknown parts that is not known, so they can."""
    at = of(item)
    for step in parse(pointer):
        if at.form is Form.STRUCT and step.text not in at.fields:
            return False
        at = at.part(step.text)
    return True


def is_part(item: Object, pointer: str) -> bool:
    """Whether what a pointer names is only a part of what the API server merges as one value."""
    at = of(item)
    for step in parse(pointer):
        if at.atomic:
            return True
        at = at.part(step.text)
    return False


@cache
def shape(word: str) -> Shape:
    """What one word of the table says."""
    if word.startswith("*"):
        return replace(shape(word[1:]), kept=True)
    if word.startswith("{"):
        mark, _, inner = word[1:].partition("}")
        return Shape(Form.MAP, inner, atomic=mark == "!")
    if word.startswith("["):
        return _list(*word[1:].split("]", 1))
    if word == "?":
        return UNKNOWN
    fields = _table().types.get(word)
    if fields is None:
        return Shape(Form.VALUE, word)
    return Shape(Form.UNKNOWN if "?" in fields else Form.STRUCT, "?", "!" in fields, fields=fields)


def _list(keys: str, inner: str) -> Shape:
    if keys == "=":
        return Shape(Form.SET, inner)
    if keys:
        return Shape(Form.KEYED, inner, keys=tuple(keys.split(",")))
    return Shape(Form.LIST, inner, atomic=True)


@lru_cache(maxsize=256)
def _root(kind: str) -> Shape:
    return shape(_table().kinds.get(kind, "Unknown"))


@cache
def _table() -> _Table:
    read = json.loads((files(__package__) / "schema.json").read_text(encoding="utf-8"))
    return _Table(read["kinds"] | _KINDS, read["types"] | _TYPES)
