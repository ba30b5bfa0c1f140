"""What is wrong with the Kubernetes part of a service or a recipe is said with its place."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from reconciler.desired.load import Loader
from reconciler.models.service import Service
from reconciler.settings import Settings
from tests.desired.world import BUILTIN, ROOT, Repository, settings, text

_RECIPE = """\
apiVersion: reconciler/v1
kind: Recipe
metadata: {name: web, category: inference, description: A server.}
spec:
  image: example.com/web:1
  multiNode: true
  parameters: {size: {type: integer, default: 3, description: Size.}, extra: {type: string, description: More.}}
  ports: {http: {container: 80}}
  health: {http: {port: http, path: /}, startup: 1m, interval: 5s, timeout: 1s}
  stop: {grace: 10s}
"""


def cloud(**target: Any) -> Settings:
    """Settings with this said of the Kubernetes target."""
    under = settings().model_dump(mode="json", exclude_unset=True)
    under["targets"]["cloud"] |= target
    return Settings.model_validate(under)


def complaints(spec: str = "", recipe: str = "", **target: Any) -> list[str]:
    """What is said about a service with this `kubernetes`, and a recipe with these lines more."""
    repository = Repository()
    files = {"recipes/inference/web.yaml": _RECIPE + recipe, "desired/main.yaml": text("main", spec or "{recipe: web}")}
    repository.commit(files)
    desired = repository.load(Loader(cloud(**target), BUILTIN))
    return [str(complaint) for complaint in desired.complaints]


def kubernetes(options: str) -> str:
    return f"{{recipe: web, target: cloud, kubernetes: {options}}}"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("{networkPolic: {}}", "4:49: spec.kubernetes.networkPolic: unknown key; did you mean `networkPolicy`?"),
        (
            "{networkPolicy: {allow: [{cidr: 10.0.0.1/8}]}}",
            "allow[0].cidr: is not allowed; found text `10.0.0.1/8`; exp",
        ),
        ("{networkPolicy: {allow: [{cidr: 10.0.0.0/8, pods: {a: b}}]}}", "expected either cidr, or namespace and pods"),
        ("{podDisruptionBudget: {}}", "expected exactly one of minAvailable and maxUnavailable"),
        ("{podDisruptionBudget: {minAvailable: 1, maxUnavailable: 1}}", "expected exactly one of"),
        ("{podDisruptionBudget: {minAvailable: 101%}}", "expected a whole number or a share such as 50%"),
        ("{podDisruptionBudget: {minAvailable: -1}}", "found the number -1; expected at least 0"),
        ("{topologySpread: {mode: firm}}", "found text `firm`; expected `soft`, `hard` or `none`"),
        (
            "{serviceAccount: admin}",
            "serviceAccount: the target cloud does not allow this account; found `admin`; the op",
        ),
        ("{namespace: kube-system}", "namespace: the target cloud does not allow this namespace; found `kube-system`"),
        ("{patches: [{target: {kind: Service}}]}", "spec.kubernetes.patches[0].patch: is missing; add `patch:`"),
        (
            "{patches: [{target: {kind: A, nam: b}, patch: {}}]}",
            "patches[0].target.nam: unknown key; did you mean `name`?",
        ),
        ("{patches: [{target: {kind: Service}, patch: 5}]}", "patches[0].patch: is not allowed; found the number 5"),
        (
            "{patches: [{target: {kind: Service}, patch: [{op: ad, path: /a, value: 1}]}]}",
            "patches[0].patch[0].op: is not allowed; found text `ad`; expected `add`",
        ),
        (
            "{patches: [{target: {kind: Service}, patch: [{op: add, path: a, value: 1}]}]}",
            "patch[0].path: is not allowed; found text `a`; expected a JSON pointer such as /spec/replicas",
        ),
        (
            "{patches: [{target: {kind: Service}, patch: [{op: add, path: /a}]}]}",
            "patch[0]: is not allowed; found a mapping; expected `value` with add, replace and test, and only there",
        ),
        ("{mounts: [{claim: models}]}", "mounts[0].path: is missing; add `path:`"),
        (
            "{mounts: [{claim: Models, path: /m}]}",
            "mounts[0].claim: is not allowed; found text `Models`; expected a DNS-1123 subdomain",
        ),
        ("{mounts: [{claim: a..b, path: /m}]}", "mounts[0].claim: is not allowed; found text `a..b`"),
        (
            "{mounts: [{claim: a, path: m}]}",
            "mounts[0].path: is not allowed; found text `m`; expected a folder such as",
        ),
        ("{mounts: [{claim: a, path: /}]}", "mounts[0].path: is not allowed; found text `/`"),
        ("{mounts: [{claim: a, path: /m/../etc}]}", "expected a folder without `.` and `..` in its path"),
        ("{mounts: [{claim: a, path: '/m:ro'}]}", "mounts[0].path: is not allowed; found text `/m:ro`"),
        ("{mounts: [{claim: a, path: /m, subPath: ../b}]}", "mounts[0].subPath: is not allowed; found text `../b`"),
        ("{mounts: [{claim: a, path: /m, subPath: /b}]}", "mounts[0].subPath: is not allowed; found text `/b`"),
        ("{mounts: [{claim: a, path: /m, readonly: true}]}", "unknown key; did you mean `readOnly`?"),
        (
            "{mounts: [{claim: a, path: /m}, {claim: b, path: /m}]}",
            "mounts[1].path: the claim a is there; found `/m`; choose another folder",
        ),
        (
            "{patches: [{target: {kind: Service}, patch: [{op: move, path: /a}]}]}",
            "expected `from` with move and copy, and only there",
        ),
    ],
)
def test_what_is_wrong_in_a_service_is_named_by_its_field(options: str, said: str) -> None:
    (complaint,) = complaints(kubernetes(options))
    assert complaint.startswith("desired/main.yaml:4:")
    assert said in complaint


RIGHT = pytest.mark.parametrize(
    "options",
    [
        "{networkPolicy: {}, podDisruptionBudget: {maxUnavailable: 0}, topologySpread: {mode: none}}",
        "{patches: [{target: {kind: Service}, patch: {spec: {type: null}}}]}",
        "{patches: [{target: {kind: Service}, patch: [{op: add, path: /a, value: null}]}]}",
        "{patches: [{target: {kind: Service, name: main}, patch: [{op: copy, path: /a, from: /b}]}]}",
        "{serviceAccount: builder}",
        "{networkPolicy: {allow: [{cidr: 10.0.0.0/8}, {namespace: a, pods: {b: c}}]}}",
        "{mounts: [{claim: models.v2, path: /models/a}, {claim: models.v2, path: /b, subPath: a/b, readOnly: false}]}",
    ],
)


@RIGHT
def test_what_is_right_is_taken(options: str) -> None:
    assert complaints(kubernetes(options), service_accounts=["builder"]) == []


@RIGHT
def test_the_schema_takes_what_is_right(options: str) -> None:
    document = YAML(typ="safe").load(text("main", kubernetes(options)))
    assert list(Draft202012Validator(Service.model_json_schema()).iter_errors(document)) == []


@pytest.mark.parametrize(
    "options",
    [
        "{patches: [{target: {kind: Service}, patch: 5}]}",
        "{patches: [{target: {kind: Service}, patch: [{op: ad, path: /a}]}]}",
        "{networkPolicy: {allow: [{cdr: 10.0.0.0/8}]}}",
    ],
)
def test_the_schema_finds_what_is_wrong(options: str) -> None:
    document = YAML(typ="safe").load(text("main", kubernetes(options)))
    assert list(Draft202012Validator(Service.model_json_schema()).iter_errors(document)) != []


def test_a_claim_is_not_mounted_where_the_recipe_has_a_volume() -> None:
    volume = "  storage: {data: {path: /data, size: 1Gi}}\n"
    (complaint,) = complaints(kubernetes("{mounts: [{claim: a, path: /data}]}"), recipe=volume)
    assert "mounts[0].path: the recipe's volume data is there; found `/data`; choose another folder" in complaint


def test_the_pages_example_of_models_in_a_claim_is_right() -> None:
    page = (ROOT / "docs/kubernetes.md").read_text("utf-8")
    _, _, section = page.partition("### Models and other files that are there already")
    example = re.search(r"```yaml\n(apiVersion: reconciler/v1\n.*?)```", section, re.DOTALL)
    assert example
    repository = Repository()
    repository.commit({"desired/classify.yaml": example[1]})
    desired = repository.load(Loader(cloud(gpu_resource="nvidia.com/gpu"), BUILTIN))
    assert [str(complaint) for complaint in desired.complaints] == []
    service = desired.services["classify"]
    assert [mount.claim for mount in service.service.spec.kubernetes.mounts] == ["models"]


CONFIG_MAP = "apiVersion: v1, kind: ConfigMap"
NAMED = CONFIG_MAP + ", metadata: {name: '${service.name}-a'}"


@pytest.mark.parametrize(
    ("addition", "said"),
    [
        ("{objects: [{kind: ConfigMap, metadata: {name: a}}]}", "objects[0].apiVersion: is missing"),
        (f"{{objects: [{{{CONFIG_MAP}, metadata: {{}}}}]}}", "objects[0].metadata.name: is missing"),
        (f"{{objects: [{{{CONFIG_MAP}, metadata: {{name: main}}}}]}}", "expected `${service.name}`, or that with `-`"),
        (f"{{objects: [{{{CONFIG_MAP}, metadata: {{name: '${{service.name}}', namespace: a}}}}]}}", "unknown key"),
        (
            "{objects: [{apiVersion: v1, kind: Secret, metadata: {name: '${service.name}'}}]}",
            "objects[0].kind: is never applied: secrets never come from a repository; found `Secret`",
        ),
        (
            f"{{objects: [{{{NAMED}, data: {{a: ['${{config.siz}}']}}}}]}}",
            "objects[0].data.a[0]: unknown config; found `${config.siz}`; did you mean `size`?",
        ),
        (
            f"{{objects: [{{{NAMED}, data: {{a: '${{config.extra}}'}}}}]}}",
            "objects[0].data.a: the parameter may be unset",
        ),
        (
            "{patches: [{target: {kind: Service}, patch: [{op: add, path: /a, value: {b: '${port.x}'}}]}]}",
            "patches[0].patch[0].value.b: unknown port",
        ),
        ("{patches: [{target: {kind: Service}, patch: {a: '${'}}]}", "patches[0].patch.a: a `${` is not closed"),
    ],
)
def test_what_is_wrong_in_a_recipe_is_named_by_its_field(addition: str, said: str) -> None:
    first = complaints(recipe=f"  kubernetes: {addition}\n")[0]
    assert first.startswith("recipes/inference/web.yaml:11:")
    assert said in first


def test_objects_that_are_too_large_are_found_in_the_recipe() -> None:
    item = f"{{{NAMED}, data: {{a: {'x' * 260_000}}}}}"
    first = complaints(recipe=f"  kubernetes: {{objects: [{item}]}}\n")[0]
    assert "spec.kubernetes.objects: too large" in first


def test_a_kind_that_the_target_does_not_allow_is_a_matter_of_the_service() -> None:
    item = "{apiVersion: example.com/v1, kind: Widget, metadata: {name: '${service.name}'}}"
    addition = f"  kubernetes: {{objects: [{item}]}}\n"
    (complaint,) = complaints("{recipe: web, target: cloud}", addition)
    assert complaint.startswith("desired/main.yaml:4:8: spec.recipe: the target cloud does not allow a kind of the rec")
    assert "found `example.com/v1/Widget`; the operator adds it to `kinds` of cloud" in complaint
    assert complaints("{recipe: web, target: cloud}", addition, kinds=["example.com/v1/Widget"]) == []


@pytest.mark.parametrize("count", ["replicas", "nodes"])
def test_pods_that_cannot_share_a_volume_are_found_before_anything_is_applied(count: str) -> None:
    addition = "  storage: {data: {path: /data, size: 1Gi}}\n"
    (complaint,) = complaints(f"{{recipe: web, target: cloud, {count}: 2}}", addition)
    assert complaint.startswith(f"desired/main.yaml:4:36: spec.{count}: all pods would share the volume data")
    assert complaints(f"{{recipe: web, target: cloud, {count}: 2}}", addition, access_mode="ReadWriteMany") == []
