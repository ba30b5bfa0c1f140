"""A small AI factory on a lab: a desired-state repository, the operator's settings, secrets and a daemon.

What `make run` shows and what the end-to-end tests use is the same: everything runs as the lab's ordinary user.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.host import LabError
from lab.lab import Lab
from lab.runtime import runtime_python
from reconciler.client import ApiError, Client, NoAnswerError
from reconciler.shapes.status import ServiceShape, StatusShape

_PAUSE = 0.1
_END = 10.0
_ANSWER = 10.0
_PROGRAMS = ("/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/17/bin")


class Factory:
    """Everything that one daemon needs, in `folder` (below the lab's home)."""

    def __init__(self, lab: Lab, name: str = "factory", owner: str = "factory") -> None:
        self.lab = lab
        self.owner = owner
        self.folder = lab.home / name
        self.repository = self.folder / "desired-state"
        self.settings = self.folder / "reconciler.yaml"
        self.state = self.folder / "state"
        self.log = self.folder / "daemon.log"
        self.daemon: subprocess.Popen[bytes] | None = None
        self._python, self._env = runtime_python(lab.user)
        self._make(self.folder)

    # --- the repository

    def commit(self, files: Mapping[str, str | bytes | None], message: str) -> str:
        """Write the files (None deletes), commit them, and return the commit's id."""
        if not (self.repository / ".git").exists():
            self._make(self.repository)
            self.git("init", "--quiet", "--initial-branch=main")
            self.git("config", "user.name", "Lab")
            self.git("config", "user.email", "lab@localhost.invalid")
        for path, content in files.items():
            self.put(self.repository / path, content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD").strip()

    def git(self, *argv: str) -> str:
        """Run git in the repository, as its owner. Raises LabError."""
        return self._run(["git", "-C", str(self.repository), *argv])

    # --- the operator's part

    def configure(self, *, slurm: bool = True, kubeconfig: Path | None = None, **extra: Any) -> Path:
        """Write the settings for the lab's targets; `extra` keys replace whole top-level ones."""
        content: dict[str, Any] = {
            "owner": self.owner,
            "source": {"url": str(self.repository), "interval": "5s"},
            "targets": {
                **({"slurm": self.slurm_target()} if slurm else {}),
                **({"kubernetes": self.kubernetes_target(kubeconfig)} if kubeconfig else {}),
            },
            "http": {"listen": "127.0.0.1:0"},
            "state": str(self.state),
            **extra,
        }
        self.put(self.settings, json.dumps(content, indent=2) + "\n")
        return self.settings

    def slurm_target(self) -> dict[str, Any]:
        """The lab's Slurm as a target."""
        facts = self.lab.slurm
        programs = [str(Path(self._python).parent), *(path for path in _PROGRAMS if Path(path).is_dir())]
        return {
            "kind": "slurm",
            "transport": {"conf": str(facts.conf)},
            "tick": "1s",
            "minInterval": "1s",
            "folders": {"data": str(self.data), "logs": str(facts.logs), "secrets": str(facts.secrets)},
            "path": programs,
            "gpuTypes": [facts.gpu_type],
            "defaults": {"partition": facts.partitions[0], "time": "1h", "env": self._env},
        }

    @property
    def data(self) -> Path:
        """The data of its services on Slurm: in a folder of its own, as data say whose they are."""
        return self.lab.slurm.data / self.owner

    def kubernetes_target(self, kubeconfig: Path) -> dict[str, Any]:
        """The lab's Kubernetes as a target."""
        return {"kind": "kubernetes", "kubeconfig": str(kubeconfig), "namespaces": ["ai"], "tick": "5s"}

    def secret(self, name: str, key: str, value: str) -> None:
        """Keep a secret where the lab's Slurm site keeps them: readable by its user only."""
        self.put(self.lab.slurm.secrets / name / key, value, 0o600)

    # --- the daemon

    def reconciler(self, *argv: str) -> list[str]:
        """The command line of a verb with these settings, as the lab's user."""
        return self.lab.as_user([self._python, "-m", "reconciler", *argv, "--config", str(self.settings)])

    def environment(self) -> dict[str, str]:
        """The environment of the daemon and of other verbs."""
        path = os.pathsep.join([str(Path(self._python).parent), "/usr/local/bin", "/usr/bin", "/bin"])
        return {"PATH": path, "HOME": str(self.folder), "LANG": "C.UTF-8", **self._env}

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a verb to its end."""
        return subprocess.run(
            self.reconciler(*argv),
            env=self.environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self) -> None:
        """Start the daemon, in a session of its own, its log in `log`."""
        (self.state / "http").unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.daemon = subprocess.Popen(
                self.reconciler("run"),
                env=self.environment(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int | None:
        """End the daemon and return its exit code; SIGKILL when it takes too long."""
        if self.daemon is None:
            return None
        self.daemon.send_signal(number)
        try:
            return self.daemon.wait(_END)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            return self.daemon.wait()

    def status(self) -> StatusShape | None:
        """What the daemon says; None while it does not answer."""
        try:
            with Client.of_state(self.state, timeout=_ANSWER, patience=0) as client:
                return client.status()
        except (NoAnswerError, ApiError):
            return None

    def wait(self, what: str, ready: Callable[[StatusShape], bool], seconds: float = 60.0) -> StatusShape:
        """Wait until `ready` holds. Raises LabError with the table and the end of the log when time is up."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            shape = self.status()
            if shape is not None and ready(shape):
                return shape
            if self.daemon is not None and self.daemon.poll() is not None:
                raise LabError(f"the daemon ended with {self.daemon.returncode}: {self._tail()}")
            time.sleep(_PAUSE)
        raise LabError(f"not within {seconds:g} s: {what}; {self.status()}; {self._tail()}")

    def wait_healthy(self, names: Sequence[str], seconds: float = 60.0) -> StatusShape:
        """Wait until these services run and are healthy."""
        return self.wait(f"{names} healthy", lambda shape: all(is_healthy(shape, name) for name in names), seconds)

    def _tail(self) -> str:
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else "there is no log"

    # --- files of the lab's user

    def _make(self, folder: Path, mode: int = 0o755) -> None:
        if not folder.exists():
            self._make(folder.parent)
            folder.mkdir(mode=mode)
            if self.lab.user:
                self.lab.user.own(folder)

    def put(self, path: Path, content: str | bytes | None, mode: int = 0o644) -> None:
        """Write a file of the lab's user (None deletes it); it is there at once, whole and with its mode."""
        if content is None:
            path.unlink()
            return
        self._make(path.parent)
        young = path.with_name(f".{path.name}.new")
        young.write_bytes(content.encode() if isinstance(content, str) else content)
        young.chmod(mode)
        if self.lab.user:
            self.lab.user.own(young)
        young.replace(path)

    def _run(self, argv: Sequence[str]) -> str:
        done = subprocess.run(
            self.lab.as_user(argv),
            env=self.environment() | {"GIT_CONFIG_NOSYSTEM": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise LabError(f"{' '.join(argv)} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout


def line_of(shape: StatusShape, name: str) -> ServiceShape | None:
    """The line of a service; None when the table does not have it."""
    return next((one for one in shape.services if one.service == name), None)


def is_healthy(shape: StatusShape, name: str) -> bool:
    """Whether a service runs and is healthy."""
    line = line_of(shape, name)
    return line is not None and (line.state, line.health) == ("Running", "Healthy")
