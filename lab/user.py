"""Who the lab's programs run as: when root starts a lab, an ordinary user that is made for it once and stays."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import host

NAME = "reconciler-lab"
_EXISTS = 9  # useradd(8): the name is in use already


@dataclass(frozen=True, slots=True)
class User:
    """An account that commands can be run as."""

    name: str
    uid: int
    gid: int

    def command(self, argv: Sequence[str]) -> list[str]:
        """`argv` to be run by root so that it runs as this user; the process stays the same (exec)."""
        identity = ["--reuid", str(self.uid), "--regid", str(self.gid), "--init-groups"]
        return [host.program("setpriv"), *identity, "--", *argv]

    def own(self, *paths: Path) -> None:
        """Make this user the owner of `paths`, not of what is below them."""
        for path in paths:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def lab_user() -> User | None:
    """The lab's own account, made when it is missing; None when not root, as everything then runs as it is.

    PostgreSQL and Apptainer refuse root, and so would a sensible site. Raises LabError when it cannot be made.
    """
    if not host.is_root():
        return None
    try:
        return _known()
    except KeyError:
        return _made()


def _known() -> User:
    entry = pwd.getpwnam(NAME)
    return User(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _made() -> User:
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    argv = [host.program("useradd"), *options, "--shell", "/usr/sbin/nologin", NAME]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode not in {0, _EXISTS}:
        raise host.LabError(f"the user {NAME} cannot be made: {done.stderr.strip()}")
    return _known()
