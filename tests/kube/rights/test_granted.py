"""What `reconciler rbac` grants is what is used: no verb without a request behind it, and no request without its verb.

An account with just these rights deploys every shape that there is, sees it, puts it back, finds it changed by others,
and removes it; then the API server's audit log is held against the Role.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from lab.kubernetes import KubernetesFacts
from reconciler.errors import WaitingError
from reconciler.kube.declared import Declared
from reconciler.kube.door.lease import Lease
from reconciler.kube.look.cache import Cache
from reconciler.kube.output.reader import PodOutput
from reconciler.kube.rbac import Subject, roles
from reconciler.kube.write.deployer import KubernetesDeployer
from reconciler.kube.write.events import EventWriter
from reconciler.models.health import Health
from reconciler.models.output import Question
from reconciler.models.status import ServiceStatus, State
from reconciler.models.workload import Mark, Phase, Workload
from tests.kube.conftest import Cluster, until
from tests.kube.golden import TARGET, samples
from tests.kube.rights.grants import Grant, grants

pytestmark = pytest.mark.controlplane

EVERYTHING = (
    "networkpolicy,configmap,persistentvolumeclaim,deployment,statefulset,service,poddisruptionbudget,"
    "leaderworkerset,servicemonitor,podmonitor,cronjob"
)


@dataclass
class Story:
    """One daemon's account and what it does."""

    cluster: Cluster

    @property
    def account(self) -> str:
        return f"system:serviceaccount:ai:{self.cluster.owner}"

    def deploy(self, cache: Cache) -> None:
        """Every shape, as on clusters that have the optional kinds that it is made for."""
        self.cluster.cache = cache
        deployer = self.cluster.deployer(keep_data=False)
        for sample in samples().values():
            cache.served = sample.served
            self.cluster.deploy(deployer, sample.service)

    def follow_lease(self) -> None:
        lease = Lease(self.cluster.target, self.cluster.owner, retry=0.2)
        lease.start(lambda: None)
        try:
            until(lease.is_leader)
            until(lambda: "watch" in {grant.verb for grant in self.used() if grant.resource == "leases"})
        finally:
            lease.close()

    def put_back(self, deployer: KubernetesDeployer) -> None:
        """Change something by hand, and repair it.

        What is rendered depends on the kinds that the cluster has, so that these are waited for.
        """
        self.cluster.cache.served = None
        observer = self.cluster.observer()
        until(lambda: self.cluster.cache.served is not None)
        service = samples()["guarded"].service
        mark = self.cluster.deploy(deployer, service)
        patch = ["--type=merge", "-p", json.dumps({"spec": {"replicas": 7}})]
        self.cluster.facts.kubectl("patch", "deployment", service.name, "-n", "ai", *patch)

        def drifted() -> bool:
            found = [one for one in observer.look().workloads if one.id == f"ai/{service.name}" and one.drift]
            return any(deployer.repair(service, one, mark) for one in found)

        until(drifted)
        observer.close()

    def tell(self) -> None:
        """Write a verdict as an Event."""
        service = samples()["guarded"].service
        writer = EventWriter(self.cluster.client(writes=True), self.cluster.cache, ("ai",), self.cluster.owner)
        at = datetime(2026, 11, 24, tzinfo=UTC)
        writer.announce(ServiceStatus(service.name, "cloud", "", State.RUNNING, Health.DEGRADED, at, "bad"), at)
        until(lambda: "create" in {grant.verb for grant in self.used() if grant.resource == "events"})
        writer.close()

    def read_output(self) -> None:
        """Of a pod that says that it runs, which nobody here does."""
        service = samples()["chroma"].service
        name, ran = f"{service.name}-0", {"ready": True, "restartCount": 0, "state": {"running": {}}}
        until(lambda: self.cluster.facts.kubectl("get", "pod", name, "-n", "ai", "-o", "name", "--ignore-not-found"))
        status = {"containerStatuses": [{"name": "server", "image": "", "imageID": "", **ran}]}
        patch = ("--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))
        self.cluster.facts.kubectl("patch", "pod", name, "-n", "ai", *patch)
        reader = PodOutput(self.cluster.target)
        mark = Mark(self.cluster.owner, service.name, 0, "")
        group = Workload("cloud", f"ai/{service.name}", mark, Phase.RUNNING, Health.HEALTHY)
        reader.read(group, Question(10))
        reader.close()

    def delete_all(self) -> None:
        """By hand; whoever looked before does not know."""
        label = f"reconciler/owner={self.cluster.owner}"
        self.cluster.facts.kubectl("delete", EVERYTHING, "-n", "ai", "-l", label, "--timeout=30s")

    def remove(self) -> None:
        """Everything, with its data, and the pods of a StatefulSet that was just being made anew."""
        stays = samples()["chroma"].service.name
        pod = ("get", "pod", f"{stays}-0", "-n", "ai", "-o", "name", "--ignore-not-found")
        until(lambda: self.cluster.facts.kubectl(*pod))
        self.cluster.facts.kubectl("delete", "statefulset", stays, "-n", "ai", "--cascade=orphan")
        observer, deployer = self.cluster.observer(), self.cluster.deployer(keep_data=False)

        def gone() -> bool:
            found = observer.look().workloads
            for one in found:
                try:
                    deployer.cancel(one, removal=True)
                except WaitingError:
                    continue
            return not found

        until(gone, 40.0)

    def events(self) -> Iterator[dict[str, object]]:
        return (event for event in self.cluster.facts.audit() if event["user"]["username"] == self.account)

    def denied(self) -> list[str]:
        codes = [event["responseStatus"] for event in self.events() if "responseStatus" in event]
        return [status.get("message", "") for status in codes if status.get("code") == 403]

    def used(self) -> set[Grant]:
        """Every verb that was used; an apply that made its object has used two."""
        found = set()
        for event in self.events():
            where = event["objectRef"]
            part = f"/{where['subresource']}" if "subresource" in where else ""
            resource = f"{where['resource']}{part}"
            grant = Grant(event["verb"], where.get("apiGroup", ""), resource, where.get("namespace", ""))
            found.add(grant)
            if grant.verb == "patch" and event["responseStatus"]["code"] == 201:
                found.add(replace(grant, verb="create"))
        return found


@pytest.fixture
def story(audited: KubernetesFacts) -> Iterator[Story]:
    cluster = Cluster(audited)
    changed = TARGET.model_dump(exclude_unset=True, by_alias=False)
    cluster.fields = changed | {"kubeconfig": str(audited.account(cluster.owner)), "namespaces": ("ai",)}
    audited.grant(cluster.target, cluster.owner, Subject(cluster.owner, "ai"), keep_data=False)
    try:
        yield Story(cluster)
    finally:
        cluster.close()


def test_every_verb_that_is_granted_is_used_and_nothing_is_denied(story: Story) -> None:
    cluster = story.cluster
    of_old = Cache(Declared())
    story.deploy(of_old)
    story.follow_lease()
    story.put_back(cluster.deployer())
    story.tell()
    story.read_output()
    story.delete_all()
    story.deploy(Cache(Declared()))
    story.deploy(of_old)
    story.remove()
    assert cluster.names(EVERYTHING) == set()
    made = roles(cluster.target, cluster.owner, Subject(cluster.owner, "ai"), keep_data=False)
    granted = {replace(grant, name="") for grant in grants(made, story.account)}
    assert story.denied() == []
    assert sorted(map(str, granted - story.used())) == []
    assert sorted(map(str, story.used() - granted)) == []
