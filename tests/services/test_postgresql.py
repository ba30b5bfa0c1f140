"""The shipped recipe `postgresql`, from a commit to a query; its data outlives every instance of it."""

from __future__ import annotations

import re
from secrets import token_hex

import psycopg
import pytest

from lab.factory import line_of
from tests.e2e.world import page, until
from tests.services import exporter
from tests.services.conftest import SlurmPlace
from tests.services.place import Place, endpoint, moved, wanted


class Database:
    """A database that a factory keeps, and its client. Its password is made; it has another secret that is given."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.name = f"db-{token_hex(3)}"
        self.given = f"s3same-{token_hex(8)}"
        place.secret(self.name, "word", self.given)

    @property
    def password(self) -> str:
        """The password that was made for it."""
        return self.place.made(self.name, "POSTGRES_PASSWORD")

    def commit(self, message: str, connections: int = 20, **spec: object) -> None:
        """Want it so."""
        secrets = {"BACKUP_KEY": {"name": self.name, "key": "word"}}
        config = {"maxConnections": connections, "sharedBuffers": "16MB"}
        storage = {"data": {"size": "512Mi"}}
        files = wanted(self.place, self.name, "postgresql", config=config, secrets=secrets, storage=storage, **spec)
        self.place.factory.commit(files, message)

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        """The rows of a statement. While an instance takes the place of another, it is tried again for a while."""
        rows: list[tuple[object, ...]] = []

        def answered() -> bool:
            try:
                rows[:] = self._ask(statement)
            except psycopg.OperationalError:
                return False
            return True

        until(f"an answer to {statement}", answered, 60)
        return rows

    def _ask(self, statement: str) -> list[tuple[object, ...]]:
        host, _, port = endpoint(self.place, self.name, "postgresql").rpartition(":")
        place = {"host": host, "port": port, "user": "postgres", "password": self.password, "dbname": "postgres"}
        with psycopg.connect(**place, connect_timeout=5) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def database(place: Place) -> Database:
    """One that runs and holds a row."""
    made = Database(place)
    made.commit("a database")
    place.factory.start()
    made.ask("CREATE TABLE kept (word text)")
    made.ask("INSERT INTO kept VALUES ('hello')")
    return made


def test_its_data_and_its_password_outlive_it_and_no_secret_leaves_through_any_exit(database: Database) -> None:
    place, name, factory = database.place, database.name, database.place.factory
    before, password = place.running(name), database.password
    assert re.fullmatch("[A-Za-z0-9]{32}", password)
    factory.stop()
    database.commit("restart it", restart="2026-11-24")
    exits = {f"plan -o {form}": factory.run("plan", "-o", form).stdout for form in ("text", "json", "markdown")}
    factory.start()
    until("restarted", lambda: moved(place, name, before), 60)
    assert database.ask("SELECT word FROM kept") == [("hello",)]
    exporter.comes_back(place, name, lambda: database.ask("SELECT pg_postmaster_start_time()"))

    exits |= {
        "the exporter's environment": exporter.environment(place, name),
        "status": factory.run("status").stdout,
        "status -o json": factory.run("status", "-o", "json").stdout,
        "metrics": page(factory.state, "/metrics"),
        "explain": factory.run("explain", name).stdout,
        "the service's page": page(factory.state, f"/services/{name}"),
        "the daemon's log": factory.log.read_text(),
        **place.records(name),
    }
    assert [where for where, text in exits.items() if name not in text] == [], "nothing was looked at"
    assert [where for where, text in exits.items() if password in text or database.given in text] == []
    assert f"{name}-generated" in exits["the service's page"]

    before = place.running(name)
    place.kill(before[0])
    until("back after its end by hand", lambda: moved(place, name, before), 60)
    assert database.ask("SELECT word FROM kept") == [("hello",)]
    assert database.password == password
    endpoint(place, name, "postgresql")
    factory.stop()
    assert factory.run("plan").returncode == 0


@pytest.mark.slurm
def test_two_jobs_of_one_database_never_run_at_once(on_slurm: SlurmPlace) -> None:
    database = Database(on_slurm)
    database.commit("a database")
    told = f"{database.name}: POSTGRES_PASSWORD will be made as {database.name}-generated, where there is none yet"
    assert [told in on_slurm.factory.run("plan", "-o", form).stdout for form in ("text", "markdown")] == [True, True]
    on_slurm.factory.start()
    database.ask("SELECT 1")
    before = on_slurm.running(database.name)
    database.commit("replace it", connections=30)
    looks: list[list[str]] = []

    def replaced() -> bool:
        looks.append(on_slurm.running(database.name))
        return len(looks[-1]) == 1 and looks[-1] != before

    until("replaced", replaced, 60)
    assert max(map(len, looks)) == 1
    assert database.ask("SHOW max_connections") == [("30",)]
    assert on_slurm.running(database.name) == looks[-1]


@pytest.mark.slurm
def test_a_secret_that_is_not_there_is_named_and_waited_for(on_slurm: SlurmPlace) -> None:
    factory = on_slurm.factory
    secrets = {"POSTGRES_PASSWORD": {"name": factory.owner, "key": "password"}}
    factory.commit(
        wanted(on_slurm, "db", "postgresql", secrets=secrets, storage={"data": {"size": "512Mi"}}),
        "a database without its secret",
    )
    factory.start()
    shape = factory.wait("told", lambda shape: "log: " in getattr(line_of(shape, "db"), "why", ""), 20)
    line = line_of(shape, "db")
    assert line is not None
    said = re.search(r"could not be made ready: a secret that it needs is not there .*; log: (\S+\.out)", line.why)
    assert said, line.why
    assert (
        f"no secret file for POSTGRES_PASSWORD at {on_slurm.slurm.secrets}"
        in (on_slurm.slurm.logs / said[1]).read_text()
    )
    factory.secret(factory.owner, "password", "sesame")
    factory.wait_healthy(["db"], 60)
