"""Whatever goes wrong, the answer is a problem document (RFC 9457), and never 500 for bad input."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import HTTPException, Query
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler import errors
from reconciler.errors import Complaint, InputError, Next, ReconcilerError
from reconciler.shapes import problem
from reconciler.shapes.problem import KINDS, MEDIA_TYPE, Problem
from reconciler.shapes.proposals import PatchBody, StartBody
from reconciler.web.openapi import Api, operation_id
from reconciler.web.problems import add_problems, answer, kind_of, problem_of
from tests.web.asking import asking

_SECRET = "hunter2-hunter2"


def family(above: type[ReconcilerError] = ReconcilerError) -> Iterator[type[ReconcilerError]]:
    for one in above.__subclasses__():
        if one.__module__ == errors.__name__:
            yield one
            yield from family(one)


FAMILY = sorted(family(), key=lambda one: one.__name__)


def made(kind: type[ReconcilerError]) -> ReconcilerError:
    complaint = Complaint("desired/a.yaml", 9, 5, "spec.config.nods", "unknown key", fix="did you mean `nodes`?")
    return InputError([complaint]) if issubclass(kind, InputError) else kind("what is wrong\nand more\x1b[2J")


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    app = Api(generate_unique_id_function=operation_id, redirect_slashes=False)
    add_problems(app)

    @app.get("/raise/{name}")
    def throw(name: str) -> None:
        raise made(next(one for one in FAMILY if one.__name__ == name))

    @app.get("/fault")
    def fault() -> None:
        raise RuntimeError(_SECRET)

    @app.get("/status/{code}")
    def status(code: int) -> None:
        raise HTTPException(code, "in words", {"Retry-After": "77", "X-Own": "1"})

    @app.post("/services")
    def start(body: StartBody) -> StartBody:
        return body

    @app.get("/services")
    def listing(limit: Annotated[int, Query(ge=1)] = 1) -> int:
        return limit

    @app.patch("/services/{name}")
    def patch(name: str, body: PatchBody) -> str:
        return name + body.reason

    with asking(app) as asker:
        yield asker


def read(found: httpx.Response) -> Problem:
    assert found.headers["content-type"] == MEDIA_TYPE
    document = Problem.model_validate_json(found.content)
    assert document.status == found.status_code
    assert document.detail.replace("\n", "").isprintable()
    return document


@pytest.mark.parametrize("kind", FAMILY, ids=lambda one: one.__name__)
def test_every_error_of_ours_has_its_kind(client: httpx.Client, kind: type[ReconcilerError]) -> None:
    found = client.get(f"/raise/{kind.__name__}")
    document, expected = read(found), kind_of(made(kind))
    assert document.type == expected.urn
    assert document.instance == f"/raise/{kind.__name__}"
    if expected is not problem.FAULT:
        assert "what is wrong" in document.detail or document.errors
        assert document == problem_of(made(kind), f"/raise/{kind.__name__}")
    again = {Next.RETRY: "retry", Next.SOON: "retry", Next.WAIT: "wait", Next.STOP: "stop"}[kind.next]
    if issubclass(kind, errors.SourceError | errors.ProposalError | InputError):
        assert document.next == again
    assert ("retry-after" in found.headers) is (document.next != "stop" and document.status != 500)


def test_what_is_wrong_with_a_file_is_told_as_validate_tells_it(client: httpx.Client) -> None:
    document = read(client.get("/raise/InputError"))
    assert document.status == 422
    assert document.detail == str(made(InputError))
    (one,) = document.errors
    assert (one.file, one.line, one.field) == ("desired/a.yaml", 9, "spec.config.nods")
    assert one.request == "config.nods", "where it is in the request that it came from"
    assert (one.problem, one.fix) == ("unknown key", "did you mean `nodes`?")


def test_kinds_have_names_of_their_own() -> None:
    assert len({one.urn for one in KINDS}) == len(KINDS)
    assert {kind_of(made(one)) for one in FAMILY} <= set(KINDS)
    assert all(bool(one.retry_after) <= (one.next != "stop") for one in KINDS)


@pytest.mark.parametrize("code", sorted({one.status for one in KINDS} | {402, 418, 501}))
def test_a_status_that_was_raised(client: httpx.Client, code: int) -> None:
    found = client.get(f"/status/{code}")
    document = read(found)
    assert (document.status, document.detail) == (code, "in words" if code != 405 else document.detail)
    if code != 405:
        assert (found.headers["retry-after"], found.headers["x-own"]) == ("77", "1")
    assert ("www-authenticate" in found.headers) is (code == 401)


def test_what_the_router_does_not_know(client: httpx.Client) -> None:
    assert read(client.get("/nothing/here")).status == 404
    assert read(client.get("/services/")).status == 404
    found = client.put("/services")
    assert read(found).status == 405
    assert found.headers["allow"] == "GET, POST"
    assert (
        read(client.request("PROPFIND", "/services/a")).detail == "there is no PROPFIND of /services/a; there is PATCH"
    )


def test_a_fault_of_ours_is_told_by_a_reference_only(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "reconciler.web"):
        document = read(client.get("/fault"))
    assert document.status == 500
    assert _SECRET not in document.model_dump_json()
    (line,) = [one for one in caplog.records if one.name == "reconciler.web"]
    reference = line.getMessage().split()[1].rstrip(":")
    assert reference in document.detail
    assert line.exc_info is not None
    assert str(line.exc_info[1]) == _SECRET


_JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the body: is missing; expected a JSON object"),
        (b"null", "the body: is missing; expected a JSON object"),
        (b"[]", "the body: is not allowed; found a list; expected a JSON object"),
        (b"7", "the body: is not allowed; found the number 7; expected a JSON object"),
        (b"{}", "recipe_name: is missing; add `recipe_name:`"),
        (b'{"recipe_name": 7}', "recipe_name: is not allowed; found the number 7; expected text (put it in quotes)"),
        (b'{"recipe_name": "vllm", "nodes": "2"}', "nodes: is not allowed; found text `2`; expected a whole number"),
        (b'{"recipe_name": "vllm", "nods": 2}', "nods: unknown key; did you mean `nodes`?"),
        (b'{"recipe_name": "vllm", "nodes": 0}', "nodes: is not allowed; found the number 0; expected at least 1"),
        (
            b'{"recipe_name": "vllm", "labels": {"int": 1}}',
            "labels.int: is not allowed; found the number 1; expected text (put it in quotes)",
        ),
        (
            b'{"recipe_name": "\\ud800", "nodes": true, "x": 1}',
            "nodes: is not allowed; found true; expected a whole number",
        ),
    ],
)
def test_a_body_that_is_not_right_is_told_in_the_words_of_validate(
    client: httpx.Client, body: bytes, words: str
) -> None:
    document = read(client.post("/services", content=body, headers=_JSON))
    assert document.status == 422
    assert words in document.detail.splitlines()
    for line, one in zip(document.detail.splitlines(), document.errors, strict=True):
        assert line.startswith(f"{one.field or 'the body'}: {one.problem}")


def test_all_that_is_wrong_is_told_at_once(client: httpx.Client) -> None:
    body = {"recipe": "vllm", "nodes": 0, "replicas": "x"}
    document = read(client.post("/services", json=body))
    assert sorted(one.field for one in document.errors) == ["nodes", "recipe", "recipe_name", "replicas"]
    assert read(client.get("/services?limit=x")).errors[0].field == "limit"


@pytest.mark.parametrize("body", [b"{", b'{"a": 1,}', b"\xff\xfe", b'{"recipe_name": "\x00"}', b"nonsense"])
def test_what_is_no_json_cannot_be_read(client: httpx.Client, body: bytes) -> None:
    document = read(client.post("/services", content=body, headers=_JSON))
    assert (document.status, document.type) == (400, "urn:reconciler:problem:malformed")
    assert document.detail.startswith("the body is not JSON")


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
_KEYS = st.sampled_from([*StartBody.model_fields, "x", "", "\ud800"]) | st.text(max_size=5)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(_KEYS, _ANY, max_size=6), st.sampled_from([("POST", "/services"), ("PATCH", "/services/a")]))
def test_no_body_is_a_fault(client: httpx.Client, body: dict[str, Any], where: tuple[str, str]) -> None:
    method, path = where
    found = client.request(method, path, content=json.dumps(body).encode(), headers=_JSON)
    if found.status_code != 200:
        assert read(found).status in (400, 422)
        assert read(found).errors


def test_as_a_plain_response_for_the_gate() -> None:
    found = answer(problem.TOO_MANY, "slowly, please", "/x", headers={"Retry-After": "3", "content-length": "1"})
    assert (found.status_code, found.headers["retry-after"]) == (429, "3")
    assert json.loads(bytes(found.body))["next"] == "retry"
    assert int(found.headers["content-length"]) == len(bytes(found.body))
