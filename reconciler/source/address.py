"""The repository's address, checked: nothing that Git could take for an option, a helper program or a command."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from reconciler.errors import SettingsError

_SCP = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^-:][^:]*")
_SCP_LIKE = re.compile(r"[^/]*@[^/]*:")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[:/]")
_ENCRYPTED = frozenset({"https", "ssh"})
_PLAIN = frozenset({"http", "git"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_EXPECTED = "expected a path on this machine, https://…, ssh://… or git@host:path"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the repository is.

    `url` is what Git is given and what may be printed: a password is never part of it. `folder` is set for a
    repository on this machine. `protocols` are those that Git may use on the way (git(1), GIT_ALLOW_PROTOCOL).
    `header` is an HTTP header with the credentials that the URL had, or "".
    """

    url: str
    folder: Path | None
    protocols: str
    header: str = field(default="", repr=False)


def parse_address(text: str) -> Address:
    """A path, `file://`, `https://`, `ssh://` or `git@host:path` → Address. Raises SettingsError otherwise.

    `http://` and `git://` prove nothing about who answers; they are taken for loopback addresses only. A relative
    path counts from the working directory.
    """
    if text.startswith("-") or not text.strip():
        raise _wrong(text, "is not an address")
    if _SCP.fullmatch(text):
        return _remote(text, "ssh")
    if _SCP_LIKE.match(text):
        raise _wrong(text.rpartition("@")[2], "is no place on a host")
    return _parse_url(text) if _SCHEME.match(text) else _local(Path(text))


def parse_folder(text: str, field_name: str = "source.path") -> str:
    """A folder inside the repository, normalised; "" is the whole repository. Raises SettingsError."""
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if text.startswith(("/", "-")) or ".." in parts or not text.isprintable():
        raise SettingsError(
            f"{field_name}: {text!r} is not a folder inside the repository; "
            "expected a relative path without `..` that does not begin with `-`, such as desired"
        )
    return "/".join(parts)


def _parse_url(text: str) -> Address:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise _wrong(_strip(text), "is not a URL") from None
    if parts.scheme == "file" and host in ("", "localhost"):
        return _local(Path(unquote(parts.path)))
    if parts.scheme in _PLAIN and host not in _LOOPBACK:
        raise _wrong(_public(parts), f"uses {parts.scheme}://, which proves nothing about who answers")
    if parts.scheme not in _ENCRYPTED | _PLAIN or not host or host.startswith("-") or text[len(parts.scheme)] != ":":
        raise _wrong(_strip(text), f"uses {parts.scheme}:, which is not supported")
    if (parts.username or "").startswith("-"):
        raise _wrong(_public(parts), "has a user name that begins with `-`")
    return _remote(_public(parts), parts.scheme, _header(parts))


def _local(path: Path) -> Address:
    folder = path.expanduser().absolute()
    return Address(url=str(folder), folder=folder, protocols="file")


def _remote(url: str, scheme: str, header: str = "") -> Address:
    return Address(url=url, folder=None, protocols=":".join(sorted(_ENCRYPTED | {scheme})), header=header)


def _public(parts: SplitResult) -> str:
    """The URL without its password, and without the user too where that may be a token (HTTP)."""
    user = f"{parts.username}@" if parts.scheme == "ssh" and parts.username else ""
    return urlunsplit((parts.scheme, user + parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _header(parts: SplitResult) -> str:
    """Basic authorization (RFC 7617) out of the URL's user and password."""
    if parts.scheme not in ("http", "https") or parts.username is None:
        return ""
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Authorization: Basic {base64.b64encode(pair.encode()).decode()}"


def _strip(text: str) -> str:
    return re.sub(r"//.*@", "//", text)


def _wrong(shown: str, problem: str) -> SettingsError:
    return SettingsError(f"source.url: {shown!r} {problem}; {_EXPECTED}")
