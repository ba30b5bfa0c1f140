"""What the lab needs to know of this machine: who runs it, where things go, which programs are there."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

_PYTHON = f"libpython{sys.version_info.major}.{sys.version_info.minor}"
#: Part → Debian package → a program or file of it. A part runs where all of these are found, packaged or not.
NEEDS: dict[str, dict[str, str]] = {
    "slurm": {
        "slurmctld": "slurmctld",
        "slurmd": "slurmd",
        "slurm-client": "sbatch",
        "munge": "munged",
        "util-linux": "setpriv",
        "curl": "curl",
    },
    "accounting": {"slurmdbd": "slurmdbd", "mariadb-server-core": "mariadbd"},
    "control-plane": {"openssl": "openssl"},
    "node": {
        "openssl": "openssl",
        "containerd": "containerd",
        "runc": "runc",
        "containernetworking-plugins": "/usr/lib/cni/bridge",
        "nftables": "nft",
        "busybox-static": "busybox",
        "curl": "curl",
        "iproute2": "ip",
        "util-linux": "nsenter",
        "postgresql-15": "/usr/lib/postgresql/15/bin/postgres",
        "prometheus-postgres-exporter": "prometheus-postgres-exporter",
    },
    "shells": {"dash": "dash", "busybox-static": "busybox", "curl": "curl"},  # as images have them
    "exporters": {"prometheus-postgres-exporter": "prometheus-postgres-exporter"},
    "triton": {_PYTHON: f"/usr/lib/x86_64-linux-gnu/{_PYTHON}.so.1.0"},  # there is no Triton for other processors
    "vllm": {"libnuma1": "/usr/lib/x86_64-linux-gnu/libnuma.so.1"},  # nor a vLLM
    "compiler": {"gcc": "cc", "libc6-dev": "gencat"},
    "monitoring": {
        "prometheus": "prometheus",
        "prometheus-alertmanager": "prometheus-alertmanager",
        "prometheus-blackbox-exporter": "prometheus-blackbox-exporter",
        "prometheus-postgres-exporter": "prometheus-postgres-exporter",
        "util-linux": "setpriv",
    },
    "load": {"wrk": "wrk"},
    "git-http": {"git": "/usr/lib/git-core/git-http-backend"},
    "git-ssh": {"git": "git", "openssh-server": "sshd", "openssh-client": "ssh", "util-linux": "setpriv"},
    "demo": {
        "git": "git",
        "postgresql-15": "/usr/lib/postgresql/15/bin/postgres",
        "prometheus-postgres-exporter": "prometheus-postgres-exporter",
    },
}

_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_PORTS = range(10_000, 20_000)
_LOOPBACK = "127.0.0.1"
_APT = ("apt-get", "install", "--yes", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300")
# Debian starts the services of a package when it is installed unless policy-rc.d says 101 (forbidden).
_INSTALL = f"""
set -eu
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' INT TERM
    printf '#!/bin/sh\\nexit 101\\n' >"$policy"
    chmod 755 "$policy"
fi
{" ".join(_APT)} "$@" || {{ apt-get update; {" ".join(_APT)} "$@"; }}
"""


class LabError(Exception):
    """A part of the lab cannot run; the message says which, why, and what would help."""


def is_root() -> bool:
    """Whether this process may do everything."""
    return os.geteuid() == 0


def cache_dir() -> Path:
    """Folder for what is built once and kept, made when it is missing.

    `$RECONCILER_LAB_CACHE`; otherwise `/var/cache/reconciler-lab` for root, and `reconciler-lab` in the user's
    cache folder (XDG Base Directory specification) for others. Raises LabError when it cannot be made.
    """
    own = os.environ.get("RECONCILER_LAB_CACHE")
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(own) if own else (Path("/var/cache") if is_root() else user) / "reconciler-lab"
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise LabError(f"{folder} cannot be made ({error.strerror}); set RECONCILER_LAB_CACHE") from error
    return folder


def run_root() -> Path:
    """Folder in which each running lab of this user has its own folder; short, since socket names are limited.

    Raises LabError when somebody else has made it.
    """
    folder = Path(f"/tmp/reconciler-lab-{os.geteuid()}")
    folder.mkdir(mode=0o755, exist_ok=True)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise LabError(f"{folder} is not a folder that only this user can write to; remove it")
    return folder


def own_address() -> str:
    """The address of this machine's own name: 127.0.0.1, 127.0.1.1 on many a Debian, a real one in most containers.

    Slurm's daemons can listen on that one only, or on all. Raises LabError when the name means nothing.
    """
    name = socket.gethostname()
    try:
        return socket.gethostbyname(name)
    except OSError as error:
        raise LabError(
            f"the name of this machine, {name}, has no address; add `127.0.0.1 {name}` to /etc/hosts"
        ) from error


def free_ports(count: int, address: str = _LOOPBACK) -> tuple[int, ...]:
    """That many different TCP ports that nobody listens on at `address` now.

    They lie below the range that the kernel gives to outgoing connections. Another program may take one before it
    is used, so whoever starts a server on one tries again with others when the server finds its port taken.
    """
    with ExitStack() as held:
        found: list[int] = []
        for port in random.sample(_PORTS, len(_PORTS)):
            if not _bind(held.enter_context(socket.socket()), port, address):
                continue
            found.append(port)
            if len(found) == count:
                return tuple(found)
    raise LabError(f"no {count} free ports between {_PORTS.start} and {_PORTS.stop} on {address}")


def port_is_free(port: int, address: str = _LOOPBACK) -> bool:
    """Whether nobody listens on this TCP port of `address` now."""
    with socket.socket() as server:
        return _bind(server, port, address)


def _bind(server: socket.socket, port: int, address: str) -> bool:
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what is left of old connections is no obstacle
    try:
        server.bind((address, port))
    except OSError:
        return False
    return True


def find(program: str) -> str | None:
    """Absolute path of a program, looked for in PATH and in the system's folders, which users often lack in theirs."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS))
    return shutil.which(program, path=path)


def program(name: str) -> str:
    """As `find`. Raises LabError when it is not there."""
    found = find(name)
    if found is None:
        raise LabError(f"the program {name} is not installed")
    return found


def missing(part: str) -> list[str]:
    """Debian packages that `part` (a key of NEEDS) needs and this machine lacks."""
    return [package for package, witness in NEEDS[part].items() if not _is_there(witness)]


def _is_there(witness: str) -> bool:
    return Path(witness).exists() if witness.startswith("/") else find(witness) is not None


def install(part: str) -> None:
    """Install what `part` lacks, without letting its services start. Raises LabError when that is not possible."""
    packages = missing(part)
    if not packages:
        return
    wanted = f"{part} needs the Debian packages {' '.join(packages)}"
    if find("apt-get") is None:
        raise LabError(f"{wanted}, and this is not a Debian machine (no apt-get)")
    argv = [*_become_root(wanted), "sh", "-c", _INSTALL, "sh", *packages]
    done = subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode or missing(part):
        raise LabError(f"{wanted}; installing them failed: {done.stderr.strip()[-800:]}")


def _become_root(wanted: str) -> list[str]:
    """What to put before a command that root must run."""
    if is_root():
        return []
    sudo = find("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    raise LabError(f"{wanted}; neither root nor sudo without a password is at hand to install them")
