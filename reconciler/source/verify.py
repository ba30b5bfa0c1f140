"""Whether a commit is signed by somebody whom the operator trusts (git-verify-commit(1), SSH signatures).

Git asks ssh-keygen(1), with the operator's file of allowed signers and nobody's configuration. A signature of any other
kind counts as none: the daemon's user may have a keyring that the operator never thought of.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from subprocess import Popen, TimeoutExpired

from reconciler.errors import SettingsError, SourceError
from reconciler.settings import VerifySettings
from reconciler.source.commands import LOCAL_ENVIRONMENT, describe, start_git

_SECONDS = 20.0
#: So many verdicts are remembered; an old commit is asked about again only after that many others.
_REMEMBERED = 500


class Verifier:
    """Verdicts on commits of the clone in `folder`, each remembered until one of the operator's files changes.

    Raises SettingsError when a file of the settings is not there.
    """

    def __init__(self, settings: VerifySettings, folder: Path) -> None:
        self._signers = settings.allowed_signers.absolute()
        self._revoked = settings.revoked_keys and settings.revoked_keys.absolute()
        self._folder = folder
        self._known: dict[str, str] = {}
        self._files = self._state()
        for name, file in (("allowedSigners", self._signers), ("revokedKeys", self._revoked)):
            if file and not file.is_file():
                raise SettingsError(f"source.verify.{name}: {file} is no file; expected {_EXPECTED[name]}")

    def complaint(self, sha: str) -> str:
        """What is wrong with a commit's signature; "" for one that is signed as it must be. Raises SourceError."""
        files = self._state()
        if files != self._files or len(self._known) >= _REMEMBERED:
            self._files, self._known = files, {}
        if sha not in self._known:
            self._known[sha] = self._ask(sha)
        return self._known[sha]

    def _state(self) -> tuple[tuple[int, int], ...]:
        """What tells that a file was changed; none of one that is not there."""
        return tuple(_stamp(file) for file in (self._signers, self._revoked) if file)

    def _ask(self, sha: str) -> str:
        with start_git([*self._options(), "verify-commit", "--raw", sha], self._environment()) as process:
            try:
                output, errors = process.communicate(timeout=_SECONDS)
            except TimeoutExpired:
                _kill(process)
                raise SourceError(f"the signature of commit {sha[:12]} was not verified in {_SECONDS:g} s") from None
        if process.returncode == 0:
            return ""
        return _words((errors or output).decode(errors="replace"))

    def _options(self) -> list[str]:
        options = ["gpg.format=ssh", f"gpg.ssh.allowedSignersFile={self._signers}", "gpg.ssh.program=ssh-keygen"]
        options += [f"gpg.ssh.revocationFile={self._revoked}"] if self._revoked else []
        # Git takes the program that fits the signature, whatever the format is set to.
        options += [
            "gpg.program=false",
            "gpg.openpgp.program=false",
            "gpg.x509.program=false",
            "gpg.minTrustLevel=fully",
        ]
        return [word for option in options for word in ("-c", option)]

    def _environment(self) -> dict[str, str]:
        return {"GIT_DIR": str(self._folder), **LOCAL_ENVIRONMENT, "LC_ALL": "C", "TZ": "UTC"}


_EXPECTED = {
    "allowedSigners": "lines like `ada@example.org ssh-ed25519 AAAA…` (ssh-keygen(1), ALLOWED SIGNERS)",
    "revokedKeys": "public keys, one a line, or a list made by `ssh-keygen -k`",
}


def _words(said: str) -> str:
    """From what ssh-keygen says, which calls any signature good that was made with the key that it names."""
    if not said.strip():
        return "it is not signed with an SSH key"
    return "its signature is not trusted: " + describe(said.replace('Good "git" signature', "signed"))


def _stamp(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except OSError:
        return (0, -1)
    return (status.st_mtime_ns, status.st_size)


def _kill(process: Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
