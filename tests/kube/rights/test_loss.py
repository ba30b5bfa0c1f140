"""Rule 7. The lease is lost in the middle of many writes: the API server's own log says that none comes after it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from lab.kubernetes import KubernetesFacts
from reconciler.errors import TargetError
from reconciler.kube.cluster import connect
from reconciler.kube.door.lease import Lease
from reconciler.kube.kinds import Object
from reconciler.kube.rbac import Subject
from reconciler.kube.write.deployer import KubernetesDeployer
from reconciler.metrics import utc_now
from tests.kube.conftest import Cluster, until
from tests.kube.services import resolved

pytestmark = pytest.mark.controlplane

#: What was asked just before, and is on its way, may still arrive.
_ON_ITS_WAY = timedelta(milliseconds=250)
_SERVICES = 200


@dataclass
class Writer:
    """One that deploys service after service for as long as it leads."""

    cluster: Cluster
    lease: Lease
    deployer: KubernetesDeployer
    lost: list[datetime] = field(default_factory=list)
    deployed: int = 0

    def bell(self) -> None:
        if not self.lease.is_leader():
            self.lost.append(utc_now())

    def deploy(self, number: int) -> str:
        """Deploy one service; why it could not be."""
        try:
            self.cluster.deploy(self.deployer, resolved(f"{self.cluster.owner}-{number}", replicas=0))
        except TargetError as error:
            return str(error)
        self.deployed += 1
        return ""

    def written(self) -> list[Object]:
        """The writes that arrived, without those of the lease."""
        account = f"system:serviceaccount:ai:{self.cluster.owner}"
        return [
            event
            for event in self.cluster.facts.audit()
            if event["user"]["username"] == account
            and event["verb"] in {"create", "patch", "delete"}
            and event["objectRef"]["resource"] != "leases"
        ]

    def after(self, moment: datetime) -> list[Object]:
        return [event for event in self.written() if received(event) > moment]


def received(event: Object) -> datetime:
    """When the API server got a request."""
    return datetime.fromisoformat(event["requestReceivedTimestamp"])


def make(audited: KubernetesFacts, duration: float) -> Writer:
    cluster = Cluster(audited)
    cluster.fields["kubeconfig"] = str(audited.account(cluster.owner))
    audited.grant(cluster.target, cluster.owner, Subject(cluster.owner, "ai"))
    lease = Lease(cluster.target, cluster.owner, duration=duration)
    why = "it does not hold the lease"
    observer, deployer = connect(
        "cloud", cluster.target, cluster.owner, may_not=lambda: "" if lease.is_leader() else why
    )
    for close in (lease.close, observer.close, deployer.close):
        cluster.stack.callback(close)
    writer = Writer(cluster, lease, deployer)
    lease.start(writer.bell)
    until(lease.is_leader)
    return writer


@pytest.fixture
def writer(audited: KubernetesFacts, request: pytest.FixtureRequest) -> Iterator[Writer]:
    made = make(audited, request.param)
    try:
        yield made
    finally:
        made.cluster.close()


@pytest.mark.parametrize("writer", [15.0], indirect=True)
def test_a_lease_that_is_taken_away_in_the_middle_of_200_services_stops_the_writes(writer: Writer) -> None:
    facts, name = writer.cluster.facts, f"reconciler-{writer.cluster.owner}"
    with ThreadPoolExecutor(16) as pool:
        told = [pool.submit(writer.deploy, number) for number in range(_SERVICES)]
        until(lambda: writer.deployed > _SERVICES // 10)
        thief = json.dumps({"spec": {"holderIdentity": "thief"}})
        facts.kubectl("patch", "lease", name, "-n", "ai", "--type=merge", "-p", thief)
        refused = [why for each in told if (why := each.result())]
    asked = [event for event in facts.audit() if event.get("objectRef", {}).get("resource") == "leases"]
    (theft,) = [event for event in asked if event["verb"] == "patch" and event["objectRef"]["name"] == name]
    stolen = datetime.fromisoformat(theft["stageTimestamp"])
    (lost,) = writer.lost
    assert lost - stolen < timedelta(seconds=1)
    assert refused
    assert len(refused) + writer.deployed == _SERVICES
    assert {why.partition(": not sent: ")[2] for why in refused} == {"it does not hold the lease"}
    assert writer.written()
    assert not writer.after(lost + _ON_ITS_WAY)


@pytest.mark.parametrize("writer", [3.0], indirect=True)
def test_a_lease_that_can_not_be_renewed_stops_the_writes_before_it_is_over(writer: Writer) -> None:
    facts, name = writer.cluster.facts, f"reconciler-{writer.cluster.owner}"
    renewed = ("get", "lease", name, "-n", "ai", "-o", "jsonpath={.spec.renewTime}")
    role = json.loads(facts.kubectl("get", "role", name, "-n", "ai", "-o", "json"))
    role["rules"] = [rule for rule in role["rules"] if "leases" not in rule["resources"]]
    facts.kubectl("replace", "-f", "-", text=json.dumps(role))
    number, until_then = 0, time.monotonic() + 10.0
    while not writer.deploy(number):
        number += 1
        assert time.monotonic() < until_then
    assert number
    over = datetime.fromisoformat(facts.kubectl(*renewed)) + timedelta(seconds=3)
    time.sleep(max(0.0, (over - utc_now()).total_seconds()))
    assert writer.deploy(number)
    last = max(map(received, writer.written()))
    assert last < over - timedelta(seconds=0.5)
