"""Services whose pods really run."""

from __future__ import annotations

import json
import urllib.request

import psycopg
import pytest

from reconciler.models.health import Health
from reconciler.models.workload import Phase
from tests.kube.conftest import Cluster, until
from tests.kube.services import resolved

pytestmark = pytest.mark.node
_SMALL = {"cpus": 1, "memory": "256Mi"}


def test_a_service_becomes_healthy_answers_at_its_endpoint_and_goes(node: Cluster) -> None:
    observer, deployer = node.observer(), node.deployer()
    service = resolved(f"{node.owner}-a", resources=_SMALL, config={"dimension": 2})
    node.deploy(deployer, service)
    until(lambda: [one.health for one in observer.look().workloads] == [Health.HEALTHY], 60.0)
    (workload,) = observer.look().workloads
    assert workload.phase is Phase.RUNNING
    with urllib.request.urlopen(f"http://{dict(workload.endpoints)['http']}/info", timeout=10) as answer:
        assert json.load(answer)["dimension"] == 2
    node.remove(deployer, observer)
    assert node.names("pods") == set()


def test_data_is_still_there_when_a_cancelled_service_comes_back(node: Cluster) -> None:
    observer, deployer, name = node.observer(), node.deployer(), f"{node.owner}-pg"
    node.facts.kubectl("create", "secret", "generic", name, "-n", "ai", "--from-literal=password=sesame")
    secrets = {"POSTGRES_PASSWORD": {"name": name, "key": "password"}}
    service = resolved(name, "postgresql", resources=_SMALL, secrets=secrets)

    def ask(statement: str) -> None:
        node.deploy(deployer, service)
        until(lambda: [one.health for one in observer.look().workloads] == [Health.HEALTHY], 60.0)
        host, _, port = dict(observer.look().workloads[0].endpoints)["postgresql"].rpartition(":")
        place = {"host": host, "port": port, "user": "postgres", "password": "sesame"}
        with psycopg.connect(**place, dbname="postgres", connect_timeout=10) as connection:
            connection.execute(statement)

    try:
        ask("CREATE TABLE kept (id int)")
        node.remove(deployer, observer)
        ask("INSERT INTO kept VALUES (1)")
    finally:
        node.facts.kubectl("delete", "secret", name, "-n", "ai")
