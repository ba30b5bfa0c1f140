"""The stories of PostgreSQL: used, killed, found again, changed; and a start where its old lock says something."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

import psycopg

from tests.recipes.report import Report
from tests.recipes.slurm.stand import Stand

ROWS = [(1, "one"), (2, "two")]
_SELECT = "SELECT number, word FROM kept ORDER BY number"


@dataclass
class Database:
    """A PostgreSQL and its client."""

    stand: Stand
    name: str
    password: str = "s3same-of-a-test"

    def want(self, connections: int = 20) -> None:
        secrets = self.stand.secrets(self.name, POSTGRES_PASSWORD=self.password)
        config = {"maxConnections": connections, "sharedBuffers": "16MB"}
        self.stand.want(self.name, "postgresql", config=config, secrets=secrets)

    def ask(self, *statements: str) -> list[tuple[object, ...]]:
        """The rows of the last statement; none while it is not healthy. Raises OSError while it does not answer."""
        host, _, port = self.stand.endpoint(self.name, "postgresql").rpartition(":")
        if not port:
            return []
        place = {"host": host, "port": port, "user": "postgres", "password": self.password, "dbname": "postgres"}
        try:
            with psycopg.connect(**place, connect_timeout=5) as connection:
                cursors = [connection.execute(statement) for statement in statements]
                return cursors[-1].fetchall() if cursors[-1].description else []
        except psycopg.OperationalError as error:
            raise OSError(str(error)) from error

    def fill(self) -> None:
        self.stand.wait(f"{self.name} answers", lambda: self.ask("SELECT 1") == [(1,)])
        values = ", ".join(f"({number}, '{word}')" for number, word in ROWS)
        self.ask("CREATE TABLE kept (number int, word text)", f"INSERT INTO kept VALUES {values}")

    def has_rows(self) -> bool:
        return self.ask(_SELECT) == ROWS


def postgresql(stand: Stand) -> Report:
    database = Database(stand, "real-postgresql")
    database.want()
    database.fill()
    assert database.has_rows()
    ((version,),) = database.ask("SHOW server_version")
    recovery = stand.recovery(database.name, "postgresql", database.has_rows)
    database.want(connections=30)
    stand.wait("the new setting", lambda: database.ask("SHOW max_connections") == [("30",)])
    assert database.has_rows()
    operations = ("CREATE TABLE", "INSERT", "SELECT")
    return Report("postgresql", "slurm", "none", str(version), operations, recovery, "all rows", "maxConnections")


def postgresql_elsewhere(stand: Stand) -> None:
    """Its job ends without a word, and where it starts again a stranger has the process id in its postmaster.pid."""
    database = Database(stand, "real-postgresql-moved")
    database.want()
    database.fill()
    home = stand.node(database.name)
    lock = stand.slurm.data / database.name / "0" / "data" / "pgdata" / "postmaster.pid"
    held = lock.read_text().splitlines()
    stranger = subprocess.Popen(stand.factory.lab.as_user(["sleep", "300"]))
    stand.slurm.drain(home)
    try:
        before = stand.running(database.name)
        stand.kill_server(database.name, "postgresql")
        # Before the next attempt, which is two seconds away.
        stand.factory.put(lock, "\n".join([str(stranger.pid), *held[1:], ""]), 0o600)
        stand.wait("another job", lambda: stand.running(database.name) not in ([], before))
        stand.wait("its rows again", database.has_rows)
        assert stand.node(database.name) != home
        os.kill(stranger.pid, 0)
    finally:
        stand.slurm.resume(home)
        stranger.kill()
        stranger.wait()
