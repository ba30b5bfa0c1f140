"""How a probe can fail: the service's fault, or ours."""

from __future__ import annotations

import errno
import os
import ssl

#: What this machine lacks, not the service: open files, memory, free ports.
_SHORTAGES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}
#: Words for people, shorter than the system's.
_WORDS = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "the connection was cut",
    errno.EPIPE: "the connection was cut",
    errno.EHOSTUNREACH: "no way to the host",
    errno.ENETUNREACH: "no way to the network",
    errno.ETIMEDOUT: "no answer",
}


class NoAnswerError(Exception):
    """The service did not answer as it should; the text says what was asked, what came and what was expected.

    It never quotes what the service sent: that is a stranger's text, and may hold a secret.
    """


class ShortageError(Exception):
    """The probe could not be made for want of something here, which says nothing about the service."""


def translate(doing: str, error: OSError) -> NoAnswerError | ShortageError:
    """The failure that an error of the system means while `doing` something."""
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or type(error).__name__).lower().replace("_", " ")
        return NoAnswerError(f"{doing}: TLS: {reason}")
    if error.errno in _SHORTAGES:
        return ShortageError(f"{doing}: {os.strerror(error.errno).lower()}")
    known = _WORDS.get(error.errno or 0)
    system = os.strerror(error.errno).lower() if error.errno else "no answer"
    return NoAnswerError(f"{doing}: {known or system}")
