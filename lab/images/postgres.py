"""The public image `postgres:15`, made from the PostgreSQL 15 of this Debian machine."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

from lab.host import LabError
from lab.images.image import Folder, Image, Text, libraries, shell, tree

REFERENCE = "docker.io/library/postgres:15"
UID = 999

_HOME = Path("/usr/lib/postgresql/15")
_SHARE = Path("/usr/share/postgresql/15")
_LOCALE = Path("/usr/lib/locale/C.utf8")
_PASSWD = f"root:x:0:0::/root:/bin/sh\npostgres:x:{UID}:{UID}::/var/lib/postgresql:/bin/sh\n"
_GROUP = f"root:x:0:\npostgres:x:{UID}:\n"
# PostgreSQL goes without just-in-time compilation when its module is not there; it would need all of LLVM.
_SKIP = ("lib/llvmjit*", "lib/bitcode/*")
_APPLETS = ("cat", "chmod", "echo", "env", "id", "ls", "mkdir", "mv", "printf", "rm", "sed", "sleep", "test", "tr")


def postgres() -> Image:
    """Programs, extensions, time zones and an entry point that does what the public image documents.

    It starts as the user 999, and so needs nobody to give up root. Raises LabError when postgresql-15 is not installed.
    """
    if not (_HOME / "bin" / "postgres").exists():
        raise LabError(f"{REFERENCE} is made from the Debian package postgresql-15, which is not installed")
    home = dict(tree(_HOME, str(_HOME), skip=_SKIP))
    settings = (_SHARE / "postgresql.conf.sample").read_text()
    return Image(
        REFERENCE,
        {
            **shell(*_APPLETS),
            **home,
            **dict(libraries(home.values())),
            **dict(tree(_SHARE, str(_SHARE))),
            **dict(tree(Path("/usr/share/zoneinfo"), "/usr/share/zoneinfo", skip=("posix/*", "right/*"))),
            **dict(tree(_LOCALE, str(_LOCALE))),
            f"{_SHARE}/postgresql.conf.sample": Text(f"{settings}\nlisten_addresses = '*'\n"),
            "/etc/passwd": Text(_PASSWD),
            "/etc/group": Text(_GROUP),
            "/run/postgresql": Folder(0o3777, UID),
            "/var/lib/postgresql/data": Folder(0o1777, UID),
            "/docker-entrypoint-initdb.d": Folder(),
            "/usr/local/bin/docker-entrypoint.sh": Text(_entrypoint(), 0o755),
        },
        entrypoint=("docker-entrypoint.sh",),
        command=("postgres",),
        env={
            "PATH": f"/usr/local/bin:/usr/bin:/bin:{_HOME}/bin",
            "LANG": "C.UTF-8",
            "PG_MAJOR": "15",
            "PGDATA": "/var/lib/postgresql/data",
        },
        user=f"{UID}:{UID}",
        stop_signal="SIGINT",
    )


def _entrypoint() -> str:
    return (importlib.resources.files("lab.images") / "postgres.sh").read_text()
