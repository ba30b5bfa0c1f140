"""The story of PostgreSQL: used, killed, found again, changed."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from tests.recipes.report import Report
from tests.recipes.stories.stand import Stand

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
    database = Database(stand, stand.name("postgresql"))
    database.want()
    database.fill()
    assert database.has_rows()
    stand.measure(database.name, "postgresql")
    ((version,),) = database.ask("SHOW server_version")
    recovery = stand.recovery(database.name, "postgresql", database.has_rows)
    database.want(connections=30)
    stand.wait("the new setting", lambda: database.ask("SHOW max_connections") == [("30",)])
    assert database.has_rows()
    operations = ("CREATE TABLE", "INSERT", "SELECT")
    return stand.report("postgresql", str(version), operations, recovery, "all rows", "maxConnections")
