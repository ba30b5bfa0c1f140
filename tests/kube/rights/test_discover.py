"""What a kind is called in paths, asked from the cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lab.kubernetes import KubernetesFacts
from reconciler.cli import app
from tests.kube.conftest import until

pytestmark = pytest.mark.controlplane

_DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "oxen.example.com"},
    "spec": {
        "group": "example.com",
        "names": {"kind": "Ox", "plural": "oxen"},
        "scope": "Namespaced",
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
        ],
    },
}


@pytest.mark.parametrize(("words", "known", "unknown"), [(["--discover"], "oxen", "oxes"), ([], "oxs", "oxen")])
def test_a_plural_is_asked_for_or_guessed(
    audited: KubernetesFacts, tmp_path: Path, words: list[str], known: str, unknown: str
) -> None:
    target = {
        "kind": "kubernetes",
        "kubeconfig": str(audited.daemon_kubeconfig),
        "namespaces": ["ai"],
        "kinds": ["example.com/v1/Ox"],
    }
    settings = {"owner": "a", "source": {"url": "/x"}, "targets": {"cloud": target}, "state": str(tmp_path)}
    path = tmp_path / "reconciler.yaml"
    path.write_text(json.dumps(settings))
    audited.kubectl("apply", "-f", "-", text=json.dumps(_DEFINITION))
    until(lambda: "oxen" in audited.kubectl("api-resources", "-o", "name", "--cached=false"))
    done = CliRunner().invoke(app, ["rbac", "cloud", "--config", str(path), *words])
    assert done.exit_code == 0, done.exception
    assert f"- {known}\n" in done.output
    assert f"- {unknown}\n" not in done.output
    made = audited.kubectl("apply", "--dry-run=server", "-f", "-", text=done.output)
    assert made.count("created (server dry run)") == 2
