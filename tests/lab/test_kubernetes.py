"""A real API server with its controllers, on loopback and as an ordinary user."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from lab import build, host, proc
from lab.host import LabError
from lab.kubernetes import KubernetesFacts
from lab.kubernetes_choices import version
from lab.lab import Lab
from lab.wait import until

pytestmark = pytest.mark.controlplane

ROOT = Path(__file__).parents[2]
DEPLOYMENTS, CLAIMS = "deployments.apps", "persistentvolumeclaims"


@pytest.fixture
def facts(lab_control_plane: Lab) -> KubernetesFacts:
    """The API server that all tests share."""
    return lab_control_plane.kubernetes


@pytest.fixture(scope="module")
def own() -> Iterator[KubernetesFacts]:
    """One that a test may stop; it runs beside the shared one."""
    with Lab.start(slurm=False, kubernetes="control-plane") as lab:
        lab.wait("kubernetes")
        yield lab.kubernetes


@pytest.fixture
def assets() -> Iterator[Path]:
    """An empty folder that the lab's user can read, as those of pytest cannot be."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def may(facts: KubernetesFacts, verb: str, what: str, namespace: str) -> bool:
    """Whether the daemon may, by the API server's own word on its certificate."""
    argv = [facts.programs / "kubectl", "--kubeconfig", facts.daemon_kubeconfig, "auth", "can-i"]
    done = subprocess.run([*argv, verb, what, "-n", namespace], capture_output=True, text=True, check=False)
    assert done.stdout in {"yes\n", "no\n"}
    return done.stdout == "yes\n"


def config_map(name: str) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "ai"}})


def claim(name: str) -> str:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}}
    metadata = {"name": name, "namespace": "ai"}
    return json.dumps({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})


def test_it_is_the_version_that_was_built(facts: KubernetesFacts) -> None:
    told = json.loads(facts.kubectl("get", "--raw", "/version"))
    assert told["gitVersion"] == f"v{version()}"


def test_its_programs_run_as_the_labs_user(lab_control_plane: Lab) -> None:
    user = lab_control_plane.user
    folder = str(lab_control_plane.folder / "kubernetes")
    servers = [process for process in proc.every() if proc.holds(process, Path(folder))]
    owners = {Path(f"/proc/{process.pid}").stat().st_uid for process in servers}
    assert len(servers) >= 4
    assert user is None or owners == {user.uid}


@pytest.mark.parametrize("namespace", ["ai", "ai-two"])
@pytest.mark.parametrize(
    ("verb", "what"),
    [
        *((verb, DEPLOYMENTS) for verb in ("get", "list", "watch", "create", "patch", "delete")),
        *(("patch", what) for what in ("statefulsets.apps", "services", "configmaps", CLAIMS)),
        ("watch", "pods"),
    ],
)
def test_the_daemon_may_do_what_it_needs(facts: KubernetesFacts, verb: str, what: str, namespace: str) -> None:
    assert may(facts, verb, what, namespace)


def test_the_daemon_keeps_its_lease_in_the_first_namespace(facts: KubernetesFacts) -> None:
    assert [may(facts, "update", "leases.coordination.k8s.io", each) for each in facts.namespaces] == [True, False]


@pytest.mark.parametrize(
    ("verb", "what", "namespace"),
    [
        ("get", "secrets", "ai"),
        ("create", "pods", "ai"),
        ("create", "pods/exec", "ai"),
        ("create", "rolebindings.rbac.authorization.k8s.io", "ai"),
        ("list", "namespaces", "ai"),
        ("get", DEPLOYMENTS, "default"),
        ("get", "configmaps", "kube-system"),
    ],
)
def test_the_daemon_may_do_nothing_else(facts: KubernetesFacts, verb: str, what: str, namespace: str) -> None:
    assert not may(facts, verb, what, namespace)


def test_only_the_labs_user_reads_the_daemons_kubeconfig(lab_control_plane: Lab) -> None:
    status = lab_control_plane.kubernetes.daemon_kubeconfig.stat()
    assert status.st_mode & 0o077 == 0
    assert lab_control_plane.user is None or status.st_uid == lab_control_plane.user.uid


def test_a_claim_gets_a_volume(facts: KubernetesFacts) -> None:
    facts.kubectl("create", "-f", "-", text=claim("bound"))
    phase = ("get", "pvc", "bound", "-n", "ai", "-o", "jsonpath={.status.phase}")
    until(lambda: facts.kubectl(*phase) == "Bound", 10, "the claim is bound")
    facts.kubectl("delete", "pvc", "bound", "-n", "ai")


def test_kubectl_that_fails_says_why(facts: KubernetesFacts) -> None:
    with pytest.raises(LabError, match=r'deployments\.apps "none" not found'):
        facts.kubectl("get", "deployment", "none", "-n", "ai")


def test_two_run_side_by_side_and_do_not_see_each_other(facts: KubernetesFacts, own: KubernetesFacts) -> None:
    own.kubectl("create", "-f", "-", text=config_map("mine"))
    assert "mine" in own.kubectl("get", "configmap", "-n", "ai")
    assert "mine" not in facts.kubectl("get", "configmap", "-n", "ai")


def test_a_server_that_was_killed_knows_its_objects_when_it_is_back(own: KubernetesFacts) -> None:
    own.kubectl("create", "-f", "-", text=config_map("kept"))
    own.stop_server()
    assert not own.ready()
    own.start_server()
    assert "kept" in own.kubectl("get", "configmap", "-n", "ai")


def test_a_fresh_server_has_forgotten_them(own: KubernetesFacts) -> None:
    own.kubectl("create", "-f", "-", text=config_map("forgotten"))
    own.stop_server()
    own.start_server(fresh=True)
    assert "forgotten" not in own.kubectl("get", "configmap", "-n", "ai")


def test_programs_of_envtest_are_used(facts: KubernetesFacts, assets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for program in ("etcd", "kube-apiserver", "kubectl"):
        (assets / program).symlink_to(facts.programs / program)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets))
    with Lab.start(slurm=False, kubernetes="control-plane") as lab:
        lab.wait("kubernetes")
        assert (lab.kubernetes.programs, lab.kubernetes.controllers) == (assets, False)


def test_a_folder_of_envtest_that_lacks_a_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    with pytest.raises(LabError, match=f"{tmp_path}, where there is no program etcd"):
        build.assets()


def test_an_ordinary_user_runs_it_and_is_told_why_not_a_node(lab_control_plane: Lab) -> None:
    script = (
        "from lab.lab import Lab\n"
        "with Lab.start(slurm=False, kubernetes='control-plane') as lab:\n"
        "    lab.wait('kubernetes'); print(lab.kubernetes.kubectl('get', 'namespace', 'ai', '-o', 'name'))\n"
        "with Lab.start(slurm=False, kubernetes='node') as lab: lab.wait('kubernetes')\n"
    )
    cache = f"RECONCILER_LAB_CACHE={host.cache_dir()}"
    argv = lab_control_plane.as_user(["env", cache, sys.executable, "-c", script])
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
    assert done.stdout.strip() == "namespace/ai"
    assert done.stderr.strip().endswith("the control plane does not")
