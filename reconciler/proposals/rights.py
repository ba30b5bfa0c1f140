"""PURE. Who may propose what: by role, by the name of the service, by the folder of its file."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from reconciler.errors import Complaint, ForbiddenError, InputError
from reconciler.models.proposal import Caller, Proposal, Role
from reconciler.settings import ProposalSettings

_KEY = re.compile(r"[!-~]{1,200}")


def check_caller(proposal: Proposal, settings: ProposalSettings) -> None:
    """Raises ForbiddenError where nothing more needs to be known to say so."""
    asked, caller = proposal.asked, proposal.asked.caller
    if settings.mode == "off":
        raise ForbiddenError("this daemon takes no proposals (`proposals.mode: off`); commit to the repository")
    if caller.role is Role.READ:
        raise ForbiddenError(f"{_who(caller)} may read and not write; it needs the role `propose`")
    if asked.direct and caller.role is not Role.ADMIN:
        raise ForbiddenError(f"{_who(caller)} may not commit past a review; it needs the role `admin`")
    name = proposal.request.name
    if caller.role is Role.PROPOSE and not may_have(caller, name):
        raise ForbiddenError(f"{_who(caller)} may change {_list(caller.services)} and not {name[:100]}")


def may_have(caller: Caller, name: str) -> bool:
    """Whether a service of that name is one of those that a caller may change."""
    return any(fnmatchcase(name, pattern) for pattern in caller.services)


def check_file(caller: Caller, path: str) -> None:
    """Raises ForbiddenError where a caller may not change the file at `path`."""
    if caller.role is not Role.ADMIN and not any(_is_below(path, folder) for folder in caller.folders):
        folders = _list(caller.folders)
        raise ForbiddenError(f"{_who(caller)} may change files below {folders} and not {path}")


def check_place(path: str, desired: str) -> None:
    """Raises InputError where a file at `path` would not be read: it is not below the desired path."""
    if not _is_below(path, desired):
        problem = "services below this folder are not read"
        raise InputError([Complaint(path, 0, 0, "folder", problem, expected=f"{desired} or a folder below it")])


def check_key(key: str) -> None:
    """Raises InputError for a key that could not stand in a commit's message."""
    if key and not _KEY.fullmatch(key):
        expected = "1 to 200 printable ASCII characters without spaces"
        raise InputError([Complaint("request", 0, 0, "Idempotency-Key", "is no key", expected=expected)])


def _is_below(path: str, folder: str) -> bool:
    return folder in ("", ".") or PurePosixPath(folder) in PurePosixPath(path).parents


def _who(caller: Caller) -> str:
    return f"{caller.name} ({caller.through})"


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nothing"
