"""Advice about recipes that are allowed and not wise; those that ship need none."""

from __future__ import annotations

import pytest

from reconciler.desired.lint import lint, lint_object
from reconciler.desired.recipes import read_recipe
from tests.desired.world import BUILTIN

FAISS = "recipes/vector-db/faiss.yaml"
_FIRST = ("startup: 2m", "firstRequest: {port: http, path: /a, contains: b}\n    startup: 2m")
BAD = [
    ("faiss-server:0.1.0", "faiss-server:latest", "spec.image", "another image every day"),
    ("faiss-server:0.1.0", "faiss-server", "spec.image", "another image every day"),
    ("      user: 1000\n", "", "spec.start.container.user", "nobody can see"),
    ("user: 1000", "user: 0", "spec.start.container.user", "runs as root"),
    ("description: Length of a vector.", 'description: " "', "spec.parameters.dimension.description", "is empty"),
    ("default: 128, ", "required: true, ", "spec.parameters.dimension.example", "is missing"),
    ("    dimension: {", "    apiKey: {type: string, description: Key.}\n    dimension: {", "apiKey", "like a secret"),
    ("    dimension: {", "    more: {type: string, description: More.}\n    dimension: {", "more", "used nowhere"),
    ("startup: 2m", "startup: 5s", "spec.health.startup", "over after one probe"),
    ("timeout: 2s", "timeout: 9s", "spec.health.timeout", "longer than the interval"),
    (*_FIRST, "spec.health.firstRequest", "on Kubernetes nobody makes it"),
    ("- python3\n        - -m", "- bash\n        - -c\n        - -m", "command", "a line for a shell"),
    ("- --port=${port.http}", "- --port=8080", "command", "has the number of a port"),
    ("- --port=${port.http}", "- --port=1", "spec.ports.http", "is not told to the program"),
    ("- --host=${host}", "- --host=${host}\n        - --auth-token=abc", "command", "shows a secret"),
    ("OMP_WAIT_POLICY: PASSIVE", "ADMIN_PASSWORD: hunter2", "spec.env.ADMIN_PASSWORD", "looks like a secret"),
    ("OMP_WAIT_POLICY: PASSIVE", "URL: http://a:hunter2@b", "spec.env.URL", "looks like a secret"),
    ("  ports:\n", "  stateful: true\n  ports:\n", "spec.stateful", "no volume that lasts"),
    (", memory: 1Gi}", "}", "spec.resources", "says not what it needs"),
    ("  start:\n", "  storage: {data: {path: /d, size: 1Gi}}\n  start:\n", "spec.storage.data", "is not told"),
]


def advice(text: str) -> list[str]:
    recipe, complaints = read_recipe(FAISS, text)
    assert recipe is not None, [str(one) for one in complaints]
    return [f"{'.'.join(map(str, one.path))}: {one.problem}" for one in lint(recipe)]


@pytest.mark.parametrize(("old", "new", "place", "words"), BAD, ids=[f"{case[2]}: {case[3]}" for case in BAD])
def test_what_is_not_wise_is_told(old: str, new: str, place: str, words: str) -> None:
    assert old in BUILTIN[FAISS]
    told = advice(BUILTIN[FAISS].replace(old, new, 1))
    assert any(place in one and words in one for one in told), told


@pytest.mark.parametrize("more", [", tool: curl", ", tool: python3", ""])
def test_a_first_request_that_somebody_makes_needs_no_advice(more: str) -> None:
    text = BUILTIN[FAISS].replace(*_FIRST).replace(", contains: b", f", contains: b{more}" if more else "")
    assert not any("firstRequest" in one for one in advice(text))


@pytest.mark.parametrize("file", sorted(BUILTIN))
def test_what_ships_needs_no_advice(file: str) -> None:
    recipe, _ = read_recipe(file, BUILTIN[file])
    assert recipe is not None
    assert [f"{one.path}: {one.problem}" for one in lint(recipe)] == []


def test_rights_that_a_service_should_not_need() -> None:
    pod: dict[str, object] = {"hostNetwork": True, "containers": [{"securityContext": {"privileged": True}}]}
    pod["volumes"] = [{"hostPath": {"path": "/"}}]
    told = list(lint_object("Deployment", "a", {"template": {"spec": pod}}))
    assert [line.split("`")[1] for line in told] == ["hostNetwork", "privileged", "hostPath"]
    assert list(lint_object("Deployment", "a", {"privileged": False, "allowPrivilegeEscalation": False})) == []
