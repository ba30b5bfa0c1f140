"""HTTPS by two files, which may be renewed while the daemon runs."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from reconciler.errors import SettingsError
from reconciler.settings.http import TlsSettings

_log = logging.getLogger("reconciler.web")


class Tls:
    """The context for new connections; TLS 1.2 at least. Raises SettingsError when the files cannot be used."""

    def __init__(self, files: TlsSettings) -> None:
        self._files = files
        self._stamp = self._look()
        self.context = self._load()

    def renew(self) -> None:
        """Read the files again if they changed. Those that do not fit together yet leave the old ones in force."""
        if (stamp := self._look()) == self._stamp:
            return
        self._stamp = stamp
        try:
            self._load()  # tried on another context first: half of a pair would stay in the one in use
            self.context.load_cert_chain(self._files.certificate, self._files.key, _no_password)
        except (SettingsError, OSError) as error:
            _log.warning("%s; the certificate that was there before stays in use", error)
        else:
            _log.info("http.tls: the certificate was renewed")

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION
        context.set_alpn_protocols(["http/1.1"])
        certificate, key = self._files.certificate, self._files.key
        try:
            context.load_cert_chain(certificate, key, _no_password)
        except (OSError, ValueError) as error:
            advice = "both are PEM, the key without a passphrase, and they belong together"
            raise SettingsError(f"http.tls: {certificate} and {key} cannot be used: {error}; {advice}") from error
        return context

    def _look(self) -> tuple[tuple[int, int, int], ...]:
        return tuple(_stamp(path) for path in (self._files.certificate, self._files.key))


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_ino, found.st_size)


def _no_password() -> str:
    raise ValueError("the key has a passphrase")
