"""Accounting for the lab's Slurm: MariaDB and slurmdbd, started as direct children of the keeper.

MariaDB has no port and no password: it listens on a socket only, and lets in the one system user that slurmdbd runs as
(its plugin unix_socket asks the kernel who that is).
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from lab import host
from lab.host import LabError
from lab.process import Daemon
from lab.run import Run
from lab.slurm_conf import ACCOUNT, ACCOUNTS, DBD, QOS, Place
from lab.user import User

DATABASE = "mariadbd"
_READY = 30.0
_SHARE = Path("/usr/share")
_TABLES = ("system_tables.sql", "system_tables_data.sql")  # mysql/mysql_…, later mariadb/mariadb_…
# Small, and never waiting for the disk: what a lab has counted is not needed after a power cut.
_TUNING = (
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=16M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-doublewrite=0",
    "--innodb-lock-wait-timeout=900",
)


def start(run: Run, place: Place, admin: User | None) -> None:
    """Start both and wait until slurmdbd listens, which runs as SlurmUser as slurmctld does. Raises LabError."""
    folder = place.folder / "database"
    if not folder.exists():
        run.make_folder("slurm/database", 0o700)
        _fill(run, folder, place.admin)
    socket = place.folder / "database.socket"
    options = (f"--socket={socket}", f"--pid-file={place.folder}/mariadbd.pid", "--skip-networking", *_TUNING)
    argv = (host.program("mariadbd"), "--no-defaults", f"--datadir={folder}", *options)
    run.daemons.start(Daemon(DATABASE, argv, place.folder, user=run.user))
    run.daemons.wait(DATABASE, socket.exists, _READY)
    env = {"SLURM_CONF": str(place.conf), "MYSQL_UNIX_PORT": str(socket)}  # the client's variable for a socket
    run.daemons.start(Daemon(DBD, (host.program("slurmdbd"), "-D"), place.folder, env, admin))
    run.daemons.wait(DBD, lambda: not host.port_is_free(place.dbd_port, place.address), _READY, also=(DATABASE,))


def slurmdbd_conf(place: Place) -> str:
    """Text of slurmdbd.conf (slurmdbd.conf(5))."""
    lines = [
        "AuthType=auth/munge",
        f"AuthInfo=socket={place.socket}",
        "DbdHost=localhost",
        f"DbdPort={place.dbd_port}",
        "CommunicationParameters=NoInAddrAny",
        f"SlurmUser={place.admin}",
        f"PidFile={place.folder}/slurmdbd.pid",
        "StorageType=accounting_storage/mysql",
        "StorageHost=localhost",
        f"StorageUser={place.admin}",
        "StorageLoc=slurm",
    ]
    return "\n".join(lines) + "\n"


def people(user: str) -> list[list[str]]:
    """Words for sacctmgr(1): the lab's accounts, its QOS, and the user, who may use them all."""
    accounts = ",".join(ACCOUNTS)
    return [
        ["add", "qos", QOS],
        ["add", "account", accounts, "Description=lab", "Organization=lab"],
        ["add", "user", user, f"Account={accounts}", f"DefaultAccount={ACCOUNT}"],
        ["modify", "user", user, "set", f"QOS=normal,{QOS}"],
    ]


def _fill(run: Run, folder: Path, user: str) -> None:
    """Make an empty MariaDB of `user` with a database for Slurm, as mariadb-install-db does, without its needs."""
    head = f"create database mysql;\nuse mysql;\nset @auth_root_socket='{user}';\nset @skip_auth_anonymous=1;\n"
    text = head + "".join(map(_sql, _TABLES)) + "create database slurm;\n"
    argv = [host.program("mariadbd"), "--no-defaults", "--bootstrap", f"--datadir={folder}", *_TUNING]
    command = run.user.command(argv) if run.user else argv
    done = subprocess.run(command, input=text, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise LabError(f"an empty MariaDB cannot be made: {done.stderr.strip()[-800:]}")


def _sql(name: str) -> str:
    for brand in ("mariadb", "mysql"):
        for path in _SHARE.glob(f"m*/{brand}_{name}"):
            return path.read_text()
    raise LabError(f"the SQL of an empty MariaDB ({name}) is not below {_SHARE}")
