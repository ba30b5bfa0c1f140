"""A data folder of another major version: PostgreSQL refuses it, and `explain` says so in its words."""

from __future__ import annotations

from secrets import token_hex

import pytest

from tests.e2e.world import until
from tests.services.conftest import KubernetesPlace, SlurmPlace
from tests.services.place import Place, endpoint, wanted

WORDS = "initialized by PostgreSQL version 14, which is not compatible with this version 15"


@pytest.fixture
def name(place: Place) -> str:
    """A database that runs."""
    name = f"old-{token_hex(3)}"
    config = {"sharedBuffers": "16MB", "metricsExporter": False}
    files = wanted(place, name, "postgresql", config=config, storage={"data": {"size": "512Mi"}})
    place.factory.commit(files, "a database")
    place.factory.start()
    until("its endpoint", lambda: bool(endpoint(place, name, "postgresql")), 90)
    return name


def make_older(place: Place, name: str) -> None:
    """Its data as if version 14 had made it."""
    if isinstance(place, KubernetesPlace):
        write = "echo 14 >/data/pgdata/PG_VERSION"
        place.kubernetes.kubectl("exec", "-n", "ai", f"{name}-0", "-c", "main", "--", "sh", "-c", write)
        return
    assert isinstance(place, SlurmPlace)
    (place.slurm.data / name / "0/data/pgdata/PG_VERSION").write_text("14\n")


def test_data_of_another_version_is_refused_in_words(place: Place, name: str) -> None:
    make_older(place, name)
    place.kill(place.running(name)[0])
    until("what it wrote last", lambda: WORDS in place.factory.run("explain", name).stdout, 90)
