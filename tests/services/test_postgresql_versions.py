"""Other versions of PostgreSQL: by the service's own image, and what is said of data that another one has made."""

from __future__ import annotations

from secrets import token_hex

import psycopg
import pytest

from lab.images.postgres_18 import REFERENCE, postgres_18
from lab.images.store import ImageStore
from lab.kubernetes_node import socket_of
from tests.e2e.world import until
from tests.services.conftest import KubernetesPlace, SlurmPlace
from tests.services.place import Place, endpoint, wanted

CONFIG = {"sharedBuffers": "16MB", "metricsExporter": False}


def want(place: Place, *names: str, **spec: object) -> None:
    """Commit these databases."""
    files: dict[str, str] = {}
    for name in names:
        files |= wanted(place, name, "postgresql", config=CONFIG, storage={"data": {"size": "512Mi"}}, **spec)
    place.factory.commit(files, f"databases {', '.join(names)}")


def explained(place: Place, name: str, words: str) -> None:
    """Wait until `explain` shows these words among the last that it wrote."""
    shown = ""

    def shows() -> bool:
        nonlocal shown
        shown = place.factory.run("explain", name).stdout
        return words in shown

    until(f"{words} in {shown}", shows, 90)


def rows(place: Place, name: str, statement: str) -> list[tuple[object, ...]]:
    """What a statement answers, once it does."""
    found: list[tuple[object, ...]] = []

    def answered() -> bool:
        where = endpoint(place, name, "postgresql").rpartition(":")
        password = place.made(name, "POSTGRES_PASSWORD")
        words = {"host": where[0], "port": where[2], "user": "postgres", "password": password, "dbname": "postgres"}
        try:
            with psycopg.connect(**words, connect_timeout=5) as connection:
                cursor = connection.execute(statement)
                found[:] = cursor.fetchall() if cursor.description else []
        except psycopg.OperationalError:
            return False
        return True

    until(f"an answer to {statement}", answered, 90)
    return found


@pytest.mark.slurm
def test_data_of_another_version_is_refused_in_words(on_slurm: SlurmPlace) -> None:
    name = f"old-{token_hex(3)}"
    want(on_slurm, name)
    on_slurm.factory.start()
    until("its endpoint", lambda: bool(endpoint(on_slurm, name, "postgresql")), 90)
    (on_slurm.factory.data / name / "0/data/pgdata/PG_VERSION").write_text("14\n")
    on_slurm.kill(on_slurm.running(name)[0])
    explained(on_slurm, name, "initialized by PostgreSQL version 14, which is not compatible with this version 15")


@pytest.mark.node
def test_18_keeps_its_data_refuses_that_of_15_and_the_way_back_is_open(on_kubernetes: KubernetesPlace) -> None:
    place, old, new = on_kubernetes, f"old-{token_hex(3)}", f"new-{token_hex(3)}"
    ImageStore(socket_of(place.kubernetes.run)).give(postgres_18())
    want(place, old)
    want(place, new, image=REFERENCE)
    place.factory.start()
    for name, version in ((old, "15"), (new, "18")):
        ((found,),) = rows(place, name, "SHOW server_version")
        assert str(found).startswith(version)
        rows(place, name, f"CREATE TABLE kept AS SELECT {version} AS word")
    want(place, old, image=REFERENCE)
    place.kill(place.running(new)[0])
    explained(place, old, "initialized by PostgreSQL version 15, which is not compatible with this version 18")
    assert rows(place, new, "SELECT word FROM kept") == [(18,)]
    want(place, old)
    assert rows(place, old, "SELECT word FROM kept") == [(15,)]
