"""The usual clients of the services, in an environment of their own: botocore and the client of Kubernetes want
different versions of python-dateutil. Each client is a small program here that reads and answers JSON.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from lab import host
from lab.host import LabError

_FOLDER = Path(__file__).parent
_WISHES = _FOLDER / "requirements.txt"
_DONE = "done"
_SECONDS = 60.0


class ClientError(Exception):
    """A client did not get what it asked for; the message is the last of what it said."""


@dataclass(frozen=True)
class Clients:
    """The programs beside this file, and a Python that has what they import."""

    python: Path

    @classmethod
    def made(cls) -> Clients:
        """Made once (80 MB) and kept in the lab's cache. Raises LabError."""
        key = hashlib.sha256(sys.version.encode() + _WISHES.read_bytes()).hexdigest()[:16]
        folder = host.cache_dir() / f"clients-{key}"
        with FileLock(host.cache_dir() / "clients.lock", mode=0o600):
            if not (folder / _DONE).exists():
                _make(folder)
        return cls(folder / "bin" / "python")

    def ask(self, client: str, verb: str, **words: Any) -> dict[str, Any]:
        """What a client answers. Raises ClientError."""
        argv = [self.python, "-W", "ignore", _FOLDER / f"{client}.py", verb]
        environment = {"PATH": os.defpath, "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(
                argv,
                input=json.dumps(words),
                env=environment,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ClientError(f"{client} {verb}: no answer in {_SECONDS:g} s") from None
        if done.returncode:
            raise ClientError(f"{client} {verb}: {done.stderr.strip()[-600:]}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


def _make(folder: Path) -> None:
    pip = [
        folder / "bin" / "python",
        "-m",
        "pip",
        "--quiet",
        "install",
        "--only-binary=:all:",
        "--requirement",
        _WISHES,
    ]
    for argv in ([sys.executable, "-m", "venv", "--clear", folder], pip):
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LabError(f"the clients cannot be installed: {done.stderr.strip()[-800:]}")
    (folder / _DONE).touch()
