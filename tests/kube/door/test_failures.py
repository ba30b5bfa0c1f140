from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import DeniedError, LookError, RefusedError, TargetError, UncertainError, UnreachableError
from reconciler.kube.door.failures import (
    AbsentError,
    Answer,
    ClashError,
    ExpiredError,
    FixedError,
    UnservedError,
    translate,
)


def _error(status: int, told: dict[str, Any] | None = None, *, write: bool = True) -> TargetError:
    return translate("apply X ai/a", Answer(status, json.dumps(told or {}).encode()), write=write)


@pytest.mark.parametrize(
    ("status", "write", "expected"),
    [
        (400, True, RefusedError),
        (401, True, UnreachableError),
        (401, False, LookError),
        (403, True, DeniedError),
        (403, False, LookError),
        (404, True, UnservedError),
        (409, True, ClashError),
        (410, False, ExpiredError),
        (422, True, RefusedError),
        (429, True, UnreachableError),
        (500, True, UncertainError),
        (503, True, UnreachableError),
        (504, True, UncertainError),
        (500, False, LookError),
    ],
)
def test_each_status_is_one_of_our_errors(status: int, write: bool, expected: type[TargetError]) -> None:
    assert type(_error(status, write=write)) is expected


def test_causes_are_named_by_field() -> None:
    causes = [{"field": "spec.x", "message": "Required value"}, {"field": "spec.y", "message": "Too long"}]
    error = _error(422, {"message": "all of it", "details": {"causes": causes}})
    assert str(error) == "apply X ai/a: spec.x: Required value; spec.y: Too long"


def test_a_namespace_that_is_going_may_come_back() -> None:
    told = {"message": "being terminated", "details": {"causes": [{"reason": "NamespaceTerminating"}]}}
    assert type(_error(403, told)) is UnreachableError


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (422, "metadata.uid: Invalid value: field is immutable", ClashError),
        (422, "spec.selector: Invalid value: {" + "x" * 2000 + "}: field is immutable", FixedError),
        (422, "spec.clusterIPs[0]: Invalid value: may not change once set", FixedError),
        (422, "spec.replicas: Invalid value: -1", RefusedError),
        (403, 'configmaps "a" is forbidden: exceeded quota: q, requested: …', DeniedError),
        (403, "u may not patch deployments", DeniedError),
        (400, 'admission webhook "w" denied the request: no', DeniedError),
        (422, "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no", DeniedError),
        (500, 'failed calling webhook "w": context deadline exceeded', DeniedError),
    ],
)
def test_words_tell_refusals_apart(status: int, message: str, expected: type[TargetError]) -> None:
    error = _error(status, {"message": message})
    assert type(error) is expected
    assert str(error).endswith(message[-20:])
    assert len(str(error)) < 700


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [(500, b"", True), (429, b"", True), (500, b'failed calling webhook "w": deadline', False), (422, b"", False)],
)
def test_a_hanging_webhook_is_not_asked_again_at_once(status: int, body: bytes, expected: bool) -> None:
    assert Answer(status, body).may_pass() is expected


def test_a_missing_object_is_not_a_missing_kind() -> None:
    assert type(_error(404, {"message": "not found", "details": {"name": "a", "kind": "configmaps"}})) is AbsentError


@given(st.binary(max_size=200), st.integers(300, 599), st.booleans())
def test_any_body_is_translated(body: bytes, status: int, write: bool) -> None:
    assert str(translate("x", Answer(status, body), write=write)).startswith("x: ")
