"""A Git server over SSH on loopback: OpenSSH's sshd(8) with keys of its own, never started as a service."""

from __future__ import annotations

import os
import pwd
import shlex
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from lab import host, proc
from lab.host import LabError

_READY = 20.0
_PAUSE = 0.02
_TRIES = 3
#: Where sshd locks up its part that speaks with strangers, when root starts it; the package makes it at boot only.
_JAIL = Path("/run/sshd")


class SshGit:
    """Serves the repositories below `folder`, as the user that this process has.

    The client's key can do nothing else there (git-shell(1)). Keys and the log are in `folder`/.ssh-server.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.port = 0
        self._own = self.folder / ".ssh-server"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What sshd writes."""
        return self._own / "log"

    @property
    def environment(self) -> dict[str, str]:
        """What git needs to get in."""
        return {"GIT_SSH_COMMAND": self._command("client"), "GIT_SSH_VARIANT": "ssh"}

    @property
    def stranger(self) -> dict[str, str]:
        """The same with a key that nobody knows."""
        return {"GIT_SSH_COMMAND": self._command("stranger"), "GIT_SSH_VARIANT": "ssh"}

    def url(self, name: str) -> str:
        """Address of a repository below the folder."""
        return f"ssh://{pwd.getpwuid(os.geteuid()).pw_name}@127.0.0.1:{self.port}{self.folder / name}"

    def start(self) -> Self:
        """Listen, on the port of before where there was one. Raises LabError."""
        host.install("git-ssh")
        self._prepare()
        for _ in range(_TRIES):
            port = self.port or host.free_ports(1)[0]
            self._process = self._spawn(port)
            if self._comes(port):
                self.port = port
                known = (self._own / "host.pub").read_text().split()[:2]
                (self._own / "known_hosts").write_text(f"[127.0.0.1]:{port} {' '.join(known)}\n")
                return self
            self.stop()
        raise LabError(
            f"sshd is not ready: {self.log.read_text(errors='replace')[-1200:].strip() or 'its log is empty'}"
        )

    def stop(self) -> None:
        """Refuse connections, and end those under way with what they started; may be called twice."""
        process, self._process = self._process, None
        root = proc.look(process.pid) if process else None
        if process and root:
            all_of_it = proc.with_descendants([root])
            proc.end(lambda: {one for one in all_of_it if proc.lives(one)}, 2.0)
        if process:
            process.wait()

    def pause(self, *, on: bool = True) -> None:
        """Take connections and say nothing, until `on` is False."""
        if self._process:
            self._process.send_signal(signal.SIGSTOP if on else signal.SIGCONT)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.pause(on=False)
        self.stop()

    def _prepare(self) -> None:
        if self._own.exists():
            return
        self._own.mkdir(mode=0o700, parents=True)
        for name in ("host", "client", "stranger"):
            words = ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(self._own / name)]
            subprocess.run([host.program("ssh-keygen"), *words], check=True)
        shell = self._own / "shell"
        shell.write_text('#!/bin/sh\nexec git-shell -c "$SSH_ORIGINAL_COMMAND"\n')
        shell.chmod(0o700)
        public = (self._own / "client.pub").read_text()
        (self._own / "authorized_keys").write_text(f'restrict,command="{shell}" {public}')
        (self._own / "config").write_text(_CONFIG.format(own=self._own))
        if host.is_root():
            _JAIL.mkdir(mode=0o755, exist_ok=True)

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        words = [
            host.program("sshd"),
            "-D",
            "-e",
            "-f",
            str(self._own / "config"),
            "-o",
            f"ListenAddress=127.0.0.1:{port}",
        ]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [host.program("setpriv"), "--pdeathsig", "KILL", "--", *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _comes(self, port: int) -> bool:
        deadline = time.monotonic() + _READY
        while self._process and self._process.poll() is None and time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                    return connection.recv(4) == b"SSH-"
            except OSError:
                time.sleep(_PAUSE)
        return False

    def _command(self, key: str) -> str:
        """No configuration of the user's counts, and nothing is asked."""
        options = ["BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none", "StrictHostKeyChecking=yes"]
        options += ["KexAlgorithms=curve25519-sha256"]  # the usual one takes a tenth of a second more
        options += [f"UserKnownHostsFile={self._own / 'known_hosts'}", "GlobalKnownHostsFile=none"]
        words = [
            "ssh",
            "-F",
            "none",
            "-i",
            str(self._own / key),
            *(word for option in options for word in ("-o", option)),
        ]
        return shlex.join(words)


_CONFIG = """\
HostKey {own}/host
AuthorizedKeysFile {own}/authorized_keys
AuthenticationMethods publickey
PermitRootLogin forced-commands-only
PidFile none
UsePAM no
StrictModes no
AcceptEnv GIT_PROTOCOL
LogLevel VERBOSE
MaxStartups 100
"""
