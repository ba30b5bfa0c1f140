"""How one service is asked for its health: which first request it gets, with a body in which nothing is left open."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator

from reconciler.desired.arguments import REFERENCE, expand_text, is_kept
from reconciler.desired.finding import Finding, Path, did_you_mean
from reconciler.desired.references import check_text
from reconciler.desired.words import describe
from reconciler.models.recipe import FirstRequest, HealthProbe, RecipeSpec
from reconciler.models.service import Value
from reconciler.models.wanted import ResolvedService

#: What JSON knows.
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

#: Bytes of a body once everything is put in, so that it is one argument of a command.
LONGEST = 65536
_DEEPEST = 32
_TOO_DEEP = f"nested more than {_DEEPEST} deep"
#: What only the platform knows.
_INSIDE = {"port", "storage", "secretfile", "host"}
_PLACE: Path = ("spec", "health", "firstRequest")


def probe_of(service: ResolvedService) -> HealthProbe:
    """The probe as somebody outside can ask it: without the first request where it needs a secret of the service."""
    health = service.recipe.spec.health
    first = first_request_of(service)
    outside = None if first is None or first.bearer in service.service.spec.secrets else first
    return health.model_copy(update={"first_request": outside}) if health.first_request else health


def first_request_of(service: ResolvedService) -> FirstRequest | None:
    """The first request with its whole body; None where the recipe has none, or none for such a service.

    One that needs a token is left out too where a service sets it as plain environment: it is in no secret then.
    """
    first = service.recipe.spec.health.first_request
    if first is None or (first.when and not is_kept(first.when, service)) or first.bearer in service.env:
        return None
    return first.model_copy(update={"body": _body(first, service)}) if first.body else first


def check_length(service: ResolvedService) -> Iterator[Finding]:
    """What is wrong with the body of a service's first request: values may make it too long."""
    first = first_request_of(service)
    size = len(first.body.encode()) if first else 0
    if size > LONGEST:
        expected = f"values with which the body of its first request has at most {LONGEST} bytes"
        yield Finding(("spec", "config"), "is too long", found=f"{size} bytes", expected=expected)


def check_first_request(spec: RecipeSpec) -> Iterator[Finding]:
    """What is wrong with the first request of a recipe, beside its port."""
    first = spec.health.first_request
    if first is None:
        return
    if first.bearer is not None and first.bearer not in spec.secrets:
        fix = did_you_mean(first.bearer, spec.secrets)
        yield Finding((*_PLACE, "bearer"), "unknown secret", found=f"`{first.bearer}`", fix=fix)
    guard = (first.when or "").removeprefix("config.")
    if first.when and first.when.startswith("config.") and guard not in spec.parameters:
        fix = did_you_mean(guard, spec.parameters)
        yield Finding((*_PLACE, "when"), "unknown parameter", found=f"`{guard}`", fix=fix)
    yield from _check_body(spec, first, guard)


def _check_body(spec: RecipeSpec, first: FirstRequest, guard: str) -> Iterator[Finding]:
    place: Path = (*_PLACE, "body")
    try:
        texts = list(_texts(_read(first.body))) if _is_json(first) else [first.body]
    except ValueError as error:
        yield Finding(place, f"is not JSON ({error})", expected=f"JSON, or another `contentType` than {_type(first)}")
        return
    for text in texts:
        for kind in {match[1].partition(".")[0] for match in REFERENCE.finditer(text)} & _INSIDE:
            known = "`config` and `service`; the rest is known only where the service runs"
            yield Finding(place, f"refers to a `{kind}`", found=describe(text), expected=known)
        # A text that is one reference becomes null when that is unset.
        yield from check_text(spec, place, text, guard=guard, unset=_is_json(first) and _is_whole(text))


def _body(first: FirstRequest, service: ResolvedService) -> str:
    if not _is_json(first):
        return _fill(first.body, service)
    return json.dumps(_put_in(_read(first.body), service))


def _read(text: str) -> Json:
    """Raises ValueError where the text is no JSON, is nested too deeply, or has numbers that JSON has not."""
    try:
        value: Json = json.loads(text)
        json.dumps(value, allow_nan=False)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for one in level for inner in _inside(one)]
    if level:
        raise ValueError(_TOO_DEEP)
    return value


def _inside(value: Json) -> Collection[Json]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _texts(value: Json) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _texts(item)
        case dict():
            for key, item in value.items():
                yield key
                yield from _texts(item)
        case _:
            return


def _put_in(value: Json, service: ResolvedService) -> Json:
    match value:
        case str():
            return _plain(service.config[value[len("${config.") : -1]]) if _is_whole(value) else _fill(value, service)
        case list():
            return [_put_in(item, service) for item in value]
        case dict():
            return {_fill(key, service): _put_in(item, service) for key, item in value.items()}
        case _:
            return value


def _plain(value: Value | None) -> Json:
    return list(value) if isinstance(value, tuple) else value


def _is_whole(text: str) -> bool:
    """Whether it is one reference to a parameter and nothing else."""
    match = REFERENCE.fullmatch(text)
    return match is not None and match[1].startswith("config.")


def _fill(text: str, service: ResolvedService) -> str:
    return "".join(str(part) for part in expand_text(text, service))


def _is_json(first: FirstRequest) -> bool:
    return bool(first.body) and (_type(first) == "application/json" or _type(first).endswith("+json"))


def _type(first: FirstRequest) -> str:
    """The media type alone, without its parameters."""
    return first.content_type.partition(";")[0].strip().lower()
