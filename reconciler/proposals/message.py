"""PURE. What the commit of a proposal says: a subject for people, and trailers of who, through what and why."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from reconciler.logs import clean
from reconciler.models.proposal import Asked, Proposal, Request, Start, Stop, Update, verb_of
from reconciler.models.revision import Revision

#: Most characters of a subject (git-commit(1): readers of `git log --oneline` see no more), and of a trailer's value.
_SUBJECT = 72
_VALUE = 200
_THROUGH = {"token": "HTTP API (token)", "oidc": "HTTP API (oidc)"}
_VERB = re.compile(r"^Requested-Verb: ([a-z]+)$", re.MULTILINE)
_DIGEST = re.compile(r"^Request-Digest: ([0-9a-f]{64})$", re.MULTILINE)


def subject_of(request: Request) -> str:
    """The first line. Of an update it has the names of what changes and never a value, which may be a secret."""
    head = f"{type(request).__name__} {clean(request.name)}"
    match request:
        case Start():
            rest = clean(str(request.spec.get("recipe", "")))
            return _cut(f"{head}: {rest}" if rest else head)
        case Update():
            return _with_names(head, [clean(name) for name in _changed(request)])
        case _:
            return _cut(head)


def message_of(proposal: Proposal, stops: int = 0) -> str:
    """The whole message. `stops` is in how many commits of ours before this one, without another between, one stopped.

    Every value is one printable line, so that no text of a caller can begin a trailer of its own.
    """
    trailers = "".join(f"{name}: {value}\n" for name, value in _trailers(proposal, stops))
    return f"{subject_of(proposal.request)}\n\n{trailers}"


def key_lines(asked: Asked) -> tuple[str, str]:
    """The lines that tell a commit of this key and this caller."""
    return f"Idempotency-Key: {asked.key}", f"Requested-By: {_value(asked.caller.name)}"


def digest_of(proposal: Proposal) -> str:
    """SHA-256 of what is asked for, so that a key that is used for another request is found out."""
    request = {"verb": verb_of(proposal.request), "direct": proposal.asked.direct, **asdict(proposal.request)}
    return hashlib.sha256(json.dumps(_ordered(request), default=str).encode()).hexdigest()


def digest_in(message: str) -> str:
    """The digest that a message has; "" without one."""
    found = _DIGEST.search(message)
    return found[1] if found else ""


def stops_in(newest: Iterable[Revision]) -> int:
    """How many stops there are among the newest commits, up to the first one that was not asked for."""
    count = 0
    for revision in newest:
        verb = _VERB.search(revision.message)
        if verb is None:
            break
        count += verb[1] == "stop"
    return count


def _ordered(value: object) -> object:
    """With the keys of mappings in order, whatever they are."""
    match value:
        case Mapping():
            return sorted(((repr(key), _ordered(inner)) for key, inner in value.items()), key=lambda pair: pair[0])
        case list() | tuple():
            return [_ordered(one) for one in value]
        case _:
            return value


def _trailers(proposal: Proposal, stops: int) -> Iterator[tuple[str, str]]:
    request, asked = proposal.request, proposal.asked
    yield "Requested-By", _value(asked.caller.name)
    yield "Requested-Through", _value(_THROUGH.get(asked.caller.through, asked.caller.through))
    yield "Requested-Verb", verb_of(request)
    if asked.reason.strip():
        yield "Requested-Because", _value(asked.reason)
    if asked.key:
        yield "Idempotency-Key", asked.key
        yield "Request-Digest", digest_of(proposal)
    if isinstance(request, Stop):  # by name, so it is meant, however many there are
        yield "Reconciler-Allow-Removals", str(stops + 1)


def _value(text: str) -> str:
    """One printable line that is not empty."""
    return clean(text.strip())[:_VALUE].strip() or "unknown"


def _changed(request: Update) -> Iterator[str]:
    yield from _names(request.spec)
    yield from (f"labels.{name}" for name in request.labels)


def _names(spec: Mapping[str, Any]) -> Iterator[str]:
    """`nodes`, `config.model`: the keys, and those one below."""
    for key, value in spec.items():
        inner = value if isinstance(value, Mapping) else {}
        yield from (f"{key}.{name}" for name in inner) if inner else (str(key),)


def _with_names(head: str, names: list[str]) -> str:
    """As many of the names as there is room for."""
    for count in range(len(names), 0, -1):
        rest = f" and {len(names) - count} more" if count < len(names) else ""
        line = f"{head}: {', '.join(names[:count])}{rest}"
        if len(line) <= _SUBJECT:
            return line
    return _cut(head)


def _cut(line: str) -> str:
    return line if len(line) <= _SUBJECT else line[: _SUBJECT - 1] + "…"
