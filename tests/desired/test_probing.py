"""The first request of a recipe: what is wrong with it, and the body that a service's values make."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.desired.probing import first_request_of, probe_of
from reconciler.desired.recipes import read_recipe
from reconciler.models.recipe import FirstRequest, HealthProbe
from tests.desired.world import BUILTIN, Repository, text
from tests.slurm.services import recipe, resolved

FAISS = "recipes/vector-db/faiss.yaml"
HEALTH = "http: {port: http, path: /healthz}"
POST = "firstRequest: {port: http, method: POST, path: /v1, "
VALUES = {
    "text": {"type": "string", "description": "Text."},
    "many": {"type": "list", "description": "Texts."},
    "number": {"type": "integer", "default": 7, "description": "Number."},
    "flag": {"type": "boolean", "default": False, "description": "Flag."},
}
LINE = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40)


def first(body: str = "", config: dict[str, Any] | None = None, **fields: Any) -> FirstRequest | None:
    """The first request of a service with these values."""
    asked = {"port": "http", "method": "POST", "path": "/v1", "body": body} | fields
    health = {"tcp": {"port": "http"}, "startup": "9s", "interval": "1s", "timeout": "1s", "firstRequest": asked}
    return first_request_of(resolved("web", recipe(health=health, parameters=VALUES), config=config or {}))


def body_of(*arguments: Any, **fields: Any) -> str:
    made = first(*arguments, **fields)
    assert made
    return made.body


@given(LINE, st.lists(LINE, max_size=3))
def test_no_value_breaks_a_body_that_is_json(value: str, many: list[str]) -> None:
    body = '{"model": "${config.text}", "say": "<${config.text}> at ${service.name}", "all": ["${config.many}"]}'
    made = body_of(body, {"text": value, "many": tuple(many)})
    assert made.isascii()
    assert json.loads(made) == {"model": value, "say": f"<{value}> at web", "all": [many]}


def test_a_text_that_is_one_reference_keeps_the_type_of_its_value() -> None:
    body = '{"a": "${config.number}", "b": "${config.flag}", "c": "${config.text}", "${config.number}": 0, "d": 1.5}'
    assert json.loads(body_of(body)) == {"a": 7, "b": False, "c": None, "7": 0, "d": 1.5}


def test_what_a_value_holds_is_not_read_again() -> None:
    assert json.loads(body_of('["${config.text}"]', {"text": '${config.number}", "'})) == ['${config.number}", "']


def test_another_type_takes_values_as_they_are() -> None:
    body = "INSERT ${config.text}, ${config.number} 'it''s'"
    assert body_of(body, {"text": '"x"'}, contentType="text/plain") == "INSERT \"x\", 7 'it''s'"
    assert json.loads(body_of('["${config.text}"]', {"text": '"'}, contentType="application/x+json; v=1")) == ['"']


@pytest.mark.parametrize(("flag", "there"), [(True, True), (False, False)])
def test_a_recipe_may_ask_only_some_services(flag: bool, there: bool) -> None:
    assert (first(config={"flag": flag}, when="config.flag") is not None) is there


def _with_bearer(**spec: Any) -> tuple[FirstRequest | None, HealthProbe]:
    asked = {"port": "http", "path": "/v1", "bearer": "KEY"}
    health = {"tcp": {"port": "http"}, "startup": "9s", "interval": "1s", "timeout": "1s", "firstRequest": asked}
    service = resolved("web", recipe(health=health, secrets={"KEY": {"description": "Key."}}), **spec)
    return first_request_of(service), probe_of(service)


def test_who_does_not_know_the_secret_does_not_ask() -> None:
    made, outside = _with_bearer()
    assert made == outside.first_request is not None
    made, outside = _with_bearer(secrets={"KEY": {"name": "a", "key": "b"}})
    assert made is not None
    assert outside.first_request is None
    assert _with_bearer(env={"KEY": "in the open"})[0] is None


WRONG = [
    ("grpc: {port: web}", "spec.health.grpc.port: unknown port; found `web`"),
    ("grpc: {port: http, service: 'a b'}", "spec.health.grpc.service: is not allowed; found text `a b`"),
    (f"{HEALTH}\n    firstRequest: {{port: web, path: /}}", "spec.health.firstRequest.port: unknown port"),
    (f"{HEALTH}\n    firstRequest: {{port: http, path: x}}", "expected a path that begins with `/`"),
    (f"{HEALTH}\n    firstRequest: {{port: http, path: /, body: x}}", "expected a body only with `method: POST`"),
    (f"{HEALTH}\n    firstRequest: {{port: http, path: /, method: PUT}}", "expected `GET` or `POST`"),
    (f"{HEALTH}\n    firstRequest: {{port: http, path: /, bearer: KEY}}", "firstRequest.bearer: unknown secret"),
    (f"{HEALTH}\n    firstRequest: {{port: http, path: /, when: config.metrik}}", "did you mean `metric`?"),
    (f"{HEALTH}\n    firstRequest: {{port: http, path: /, when: metric}}", "expected `config.<parameter>`"),
    (f"{HEALTH}\n    {POST}body: '{{'}}", "spec.health.firstRequest.body: is not JSON"),
    (f"{HEALTH}\n    {POST}body: '[NaN]'}}", "body: is not JSON"),
    (f"{HEALTH}\n    {POST}body: '{'[' * 40}{']' * 40}'}}", "is not JSON (nested more than 32 deep)"),
    (f"{HEALTH}\n    {POST}body: '{'[' * 2000}{']' * 2000}'}}", "is not JSON (nested more than 32 deep)"),
    (f"{HEALTH}\n    {POST}body: '[\"${{config.metrik}}\"]'}}", "unknown config; found `${config.metrik}`"),
    (f"{HEALTH}\n    {POST}body: '[\"x ${{config.indexFile}}\"]'}}", "body: the parameter may be unset"),
    (f"{HEALTH}\n    {POST}body: '[\"${{port.http}}\"]'}}", "body: refers to a `port`"),
    (f"{HEALTH}\n    {POST}body: '${{config.metric'}}", "is not JSON"),
    (f"{HEALTH}\n    {POST}body: '{'x' * 5000}'}}", "expected at most 4096 characters"),
    (f"{HEALTH}\n    successes: 0", "spec.health.successes: is not allowed; found the number 0; expected at least 1"),
    (f"{HEALTH}\n    restartAfter: soon", "spec.health.restartAfter: is not allowed; found text `soon`"),
    ("http: {port: http, path: /, status: [99]}", "http.status[0]: is not allowed; found the number 99"),
    ("http: {port: http, path: /, headers: {'a b': c}}", "expected a name of a header"),
    ("http: {port: http, path: /, scheme: ftp}", "spec.health.http.scheme: is not allowed"),
    ('http: {port: http, path: /, contains: "a\\nb"}', "expected one line of text without control characters"),
]


@pytest.mark.parametrize(("health", "words"), WRONG, ids=[words for _, words in WRONG])
def test_what_is_wrong_with_a_probe_is_found_at_its_place(health: str, words: str) -> None:
    made, complaints = read_recipe(FAISS, BUILTIN[FAISS].replace(HEALTH, health, 1))
    assert made is None
    assert any(words in str(one) for one in complaints), [str(one) for one in complaints]
    assert all(str(one).startswith(f"{FAISS}:") for one in complaints)


def test_a_body_that_values_make_too_long_is_said_of_the_service() -> None:
    body = f"""body: '["{"${config.indexType}" * 150}"]'"""
    made = BUILTIN[FAISS].replace(HEALTH, f"{HEALTH}\n    {POST}{body}}}").replace("choices: [Flat, HNSW32,", "#")
    made = made.replace('"IVF256,Flat"]\n', "\n", 1)
    repository = Repository()
    repository.commit(
        {FAISS: made, "desired/main.yaml": text("main", f"{{recipe: faiss, config: {{indexType: {'x' * 3000}}}}}")}
    )
    (complaint,) = repository.load().complaints
    assert "spec.config" in str(complaint)
    assert "is too long; found 450004 bytes" in str(complaint)
