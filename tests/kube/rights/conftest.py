"""An API server whose audit log says who asked for what, shared by the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.fixtures import running
from lab.kubernetes import KubernetesFacts
from lab.kubernetes_choices import ServerChoices


@pytest.fixture(scope="package")
def audited() -> Iterator[KubernetesFacts]:
    """A control plane of its own, with an audit log and all definitions of custom resources that we know."""
    with running(slurm=False, kubernetes="control-plane", server=ServerChoices(audit=True)) as lab:
        lab.kubernetes.install_crds("LeaderWorkerSet", "ServiceMonitor", "PodMonitor")
        yield lab.kubernetes
