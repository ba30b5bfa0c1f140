"""PURE. Requests to an API server in the words of HTTP, and how long an answer asks to wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from reconciler.kube.kinds import Object

METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_LONGEST_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `what` names it in errors. A write may have happened when it gets no answer."""

    method: str
    path: str
    what: str
    query: Mapping[str, str | int]
    body: object = None
    content: str = "application/json"
    accept: str = "application/json"
    #: More headers; not for what is secret.
    extra: Mapping[str, str] = field(default_factory=dict)
    counted: bool = True

    @property
    def write(self) -> bool:
        """Whether it changes something."""
        return self.method != "GET"


def selectors(labels: str, fields: str) -> dict[str, str]:
    """The query of a list or watch that is not for everything."""
    return {key: value for key, value in (("labelSelector", labels), ("fieldSelector", fields)) if value}


def is_listing(page: Object) -> bool:
    """Whether an answer is a page of a list; a proxy may answer with JSON of its own."""
    return isinstance(page.get("metadata"), dict) and isinstance(page.get("items"), list | None)


def retry_after(text: str, now: datetime) -> float:
    """The seconds that a `Retry-After` asks for, as a number or as a date (RFC 9110, 10.2.3); 0.0 when it says nothing.

    At most a minute: the time of a request is bounded anyway.
    """
    if text.isascii() and text.isdigit():
        return min(float(text[:6]), _LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 0.0), _LONGEST_WAIT)
