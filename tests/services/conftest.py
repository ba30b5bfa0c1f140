"""A factory with one target, on each kind of cluster in turn."""

from __future__ import annotations

from collections.abc import Iterator
from secrets import token_hex

import pytest

from lab import host
from lab.factory import Factory
from lab.lab import Lab
from tests.e2e.world import remove_all
from tests.services.place import KubernetesPlace, Place, SlurmPlace


@pytest.fixture
def on_slurm(factory: Factory, lab_slurm: Lab) -> SlurmPlace:
    """The lab's Slurm, with the exporters of metrics."""
    host.install("exporters")
    return SlurmPlace(factory, lab_slurm.slurm)


@pytest.fixture
def on_kubernetes(lab_node: Lab) -> Iterator[KubernetesPlace]:
    """The lab's Kubernetes node."""
    owner = f"n{token_hex(4)}"
    kubernetes = lab_node.kubernetes
    made = Factory(lab_node, owner, owner=owner)
    made.configure(slurm=False, kubeconfig=kubernetes.daemon_kubeconfig)
    yield KubernetesPlace(made, kubernetes)
    made.stop()
    remove_all(kubernetes, owner)


@pytest.fixture(
    params=[
        pytest.param("on_slurm", id="slurm", marks=pytest.mark.slurm),
        pytest.param("on_kubernetes", id="kubernetes", marks=pytest.mark.node),
    ]
)
def place(request: pytest.FixtureRequest) -> Place:
    """Each of them; only the one that is asked for is started."""
    found: Place = request.getfixturevalue(request.param)
    return found
