"""A repository writes as an account of its own: it can do no more than that account, whatever the daemon may."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from secrets import token_hex

import pytest

from lab.kubernetes import KubernetesFacts
from reconciler.errors import TargetError
from reconciler.kube.kinds import CONFIG_MAP, Object
from reconciler.kube.rbac import Subject
from tests.kube.conftest import Cluster
from tests.kube.services import resolved

pytestmark = pytest.mark.controlplane


@dataclass
class Tenant:
    """A daemon's account with exactly the rights that are printed, and the account that it writes as."""

    cluster: Cluster
    name: str

    def item(self, kind: str = "ConfigMap") -> Object:
        return {
            "apiVersion": "v1",
            "kind": kind,
            "metadata": {"name": f"{self.cluster.owner}-a", "namespace": "ai"},
        }

    def kubectl(self, *words: str) -> str:
        return self.cluster.facts.kubectl(*words, "-n", "ai")

    def may_only(self, resource: str) -> None:
        """Take all rights to write from the tenant but those for one kind."""
        self.kubectl("delete", "rolebinding", f"reconciler-{self.cluster.owner}-writer")
        self.kubectl("create", "role", self.name, "--verb=create,patch,delete", f"--resource={resource}")
        self.kubectl("create", "rolebinding", self.name, f"--role={self.name}", f"--serviceaccount=ai:{self.name}")


@pytest.fixture
def tenant(audited: KubernetesFacts) -> Iterator[Tenant]:
    name = f"tenant-{token_hex(3)}"
    daemon = f"{name}-daemon"
    kubeconfig = audited.account(daemon)
    audited.kubectl("create", "serviceaccount", name, "-n", "ai")
    fields = {"kubeconfig": str(kubeconfig), "namespaces": ("ai",), "impersonate": f"ai/{name}"}
    cluster = Cluster(audited, fields=fields)
    audited.grant(cluster.target, cluster.owner, Subject(daemon, "ai"))
    try:
        yield Tenant(cluster, name)
    finally:
        cluster.close()


def test_writes_are_made_as_the_tenant_and_reads_as_the_daemon(tenant: Tenant, audited: KubernetesFacts) -> None:
    client, item = tenant.cluster.client(writes=True), tenant.item()
    written = client.apply(item)
    name, uid = item["metadata"]["name"], written["metadata"]["uid"]
    client.apply(item, dry_run=True)
    assert client.get(CONFIG_MAP, "ai", name)
    client.delete(CONFIG_MAP, "ai", name, uid, foreground=False)
    found = [event for event in audited.audit() if event.get("objectRef", {}).get("name") == name]
    assert [event["verb"] for event in found] == ["patch", "patch", "get", "delete"]
    assert {event["user"]["username"] for event in found} == {f"system:serviceaccount:ai:{tenant.name}-daemon"}
    speakers = [event.get("impersonatedUser") for event in found]
    assert speakers.pop(2) is None
    groups = ["system:serviceaccounts", "system:serviceaccounts:ai", "system:authenticated"]
    for speaker in speakers:
        assert speaker is not None
        assert speaker["username"] == f"system:serviceaccount:ai:{tenant.name}"
        assert speaker["groups"] == groups  # as of the account's own tokens


def test_the_daemons_own_rights_do_not_help_a_tenant_that_may_write_config_maps_only(tenant: Tenant) -> None:
    tenant.may_only("configmaps")
    service = resolved(f"{tenant.cluster.owner}-a", replicas=0)
    deployer = tenant.cluster.deployer()
    account = f"system:serviceaccount:ai:{tenant.name}"
    with pytest.raises(TargetError, match=f'User "{account}" cannot patch resource "(services|deployments)"'):
        tenant.cluster.deploy(deployer, service)
    assert tenant.cluster.names() == {f"configmap/{service.name}"}


def _no_speaking(tenant: Tenant) -> None:
    tenant.kubectl("delete", "rolebinding", f"reconciler-{tenant.cluster.owner}-impersonate")


def _no_account(tenant: Tenant) -> None:
    tenant.cluster.fields["impersonate"] = "ai/somebody-else"


@pytest.mark.parametrize("change", [_no_speaking, _no_account])
def test_the_daemon_speaks_as_no_other_account(tenant: Tenant, change: Callable[[Tenant], None]) -> None:
    change(tenant)
    with pytest.raises(TargetError, match='-daemon" cannot impersonate'):
        tenant.cluster.client(writes=True).apply(tenant.item())


def test_the_daemon_itself_may_not_write(tenant: Tenant) -> None:
    own = tenant.cluster.client()
    with pytest.raises(TargetError, match=f'{tenant.name}-daemon" cannot patch resource "configmaps"'):
        own.apply(tenant.item())
    assert own.list(CONFIG_MAP, "ai", "").items
