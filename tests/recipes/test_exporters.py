"""A recipe's exporter: what is wrong with one, what is not wise, and when there is none."""

from __future__ import annotations

import pytest

from reconciler.desired.lint import lint
from reconciler.desired.recipes import read_recipe
from tests.desired.world import BUILTIN, Repository, text

FILE = "recipes/storage/postgresql.yaml"
METRICS = "  metrics: {port: metrics, path: /metrics}\n"
PROCESS = 'command: [postgres_exporter, "--web.listen-address=${host}:${port.metrics}"]\n      names'
WRONG = [
    (METRICS, "", "spec.exporter: exports nothing: the recipe has no `metrics`"),
    ("{port: metrics, path", "{port: metric, path", "spec.metrics.port: unknown port; found `metric`"),
    ("when: config.metricsExporter", "when: config.metrics", "spec.exporter.when: unknown parameter; found `metrics`"),
    ("DATA_SOURCE_USER: ${config.user}", "DATA_SOURCE_USER: ${config.name}", "spec.exporter.env.DATA_SOURCE_USER"),
    ("_PASS_FILE: ${secretfile.POSTGRES_PASSWORD}", "_PASS_FILE: ${secretfile.PASSWORD}", "unknown secretfile"),
    ("    env:\n      DATA", "    secrets: {A: NOBODY}\n    env:\n      DATA", "unknown secret; found `NOBODY`"),
    ("      shell: true\n      command: [", "      shell: true\n      args: [", "`shell` only with a `command`"),
    (PROCESS, PROCESS.replace("[postgres_exporter", '["${config.user}"'), "expected the name of the program"),
    ("names: [prometheus-postgres-exporter]", "names: [/usr/bin/it]", "spec.exporter.process.names[0]"),
    ("resources: {cpus: 0.1, memory: 128Mi}", "resources: {gpus: 1}", "an exporter has no GPUs"),
    ("port=${port.postgresql}", "port=${port.metrics}", "unknown port; found `${port.metrics}`"),
    ("image: quay.io/", "image: Quay.io/", "spec.exporter.image"),
    ("      user: 65534", "      usr: 65534", "spec.exporter.container.usr: unknown key; did you mean `user`?"),
]
UNWISE = [
    (":v0.19.1@sha256:e96064f876226d94bb6ce48a4c4b3dd76edba91168ec1ab024e5c4b959310b0f", "", "another image every day"),
    ("user: 65534", "user: 0", "runs as root"),
    (PROCESS, PROCESS.replace("${port.metrics}", "9187"), "has the number of a port"),
    (PROCESS, PROCESS.replace(":${port.metrics}", ""), "is not told its port"),
    (PROCESS, PROCESS.replace('"]', '", --password=x]'), "shows a secret"),
    ("DATA_SOURCE_PASS_FILE: ${secretfile.POSTGRES_PASSWORD}", "DATA_PASSWORD: hunter2", "looks like a secret"),
]


@pytest.mark.parametrize(("old", "new", "words"), WRONG, ids=[case[2] for case in WRONG])
def test_what_is_wrong_is_told_with_its_place(old: str, new: str, words: str) -> None:
    assert old in BUILTIN[FILE]
    recipe, complaints = read_recipe(FILE, BUILTIN[FILE].replace(old, new, 1))
    assert recipe is None
    assert any(words in str(one) for one in complaints), [str(one) for one in complaints]


@pytest.mark.parametrize(("old", "new", "words"), UNWISE, ids=[case[2] for case in UNWISE])
def test_what_is_not_wise_is_told(old: str, new: str, words: str) -> None:
    assert old in BUILTIN[FILE]
    recipe, complaints = read_recipe(FILE, BUILTIN[FILE].replace(old, new, 1))
    assert recipe is not None, [str(one) for one in complaints]
    told = [f"{'.'.join(map(str, one.path))}: {one.problem}" for one in lint(recipe)]
    assert any(one.startswith("spec.exporter") and words in one for one in told), told


@pytest.mark.parametrize("wanted", [True, False])
def test_left_out_there_are_neither_metrics_nor_their_port(wanted: bool) -> None:
    repository = Repository()
    secrets = "secrets: {POSTGRES_PASSWORD: {name: pg, key: password}}"
    spec = f"{{recipe: postgresql, {secrets}, config: {{metricsExporter: {str(wanted).lower()}}}}}"
    repository.commit({"desired/main.yaml": text("main", spec)})
    desired = repository.load()
    assert not desired.complaints
    made = desired.services["main"].recipe.spec
    assert (made.exporter is not None, made.metrics is not None, "metrics" in made.ports) == (wanted,) * 3
    assert "postgresql" in made.ports
