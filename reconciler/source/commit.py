"""A commit made in the bare clone: plumbing only, so that nobody's configuration or hook has a say in it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from reconciler.errors import SourceError
from reconciler.models.revision import Revision
from reconciler.settings import ProposalSettings
from reconciler.source.commands import CloneError, Commands
from reconciler.source.log import printable
from reconciler.source.new_tree import write_tree
from reconciler.source.paths import split_path

#: What Git takes away at the ends of a name; of a name that has nothing else it complains (ident.c).
_CRUD = " \t\n.,:;<>\"\\'"
_NAME_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Person:
    """A name and an address, as a commit has them."""

    name: str
    email: str


def person(name: str, email: str, instead: str) -> Person:
    """One line of printable text without angle brackets; `instead` where nothing is left of the name."""
    printable_name = "".join(char if char.isprintable() and char not in "<>" else " " for char in name)
    text = " ".join(printable_name.split()).strip(_CRUD)[:_NAME_LIMIT].strip(_CRUD)
    return Person(text.encode("utf-8", "replace").decode() or instead, email)


def make_commit(
    commands: Commands,
    parent: str,
    files: Mapping[str, str | None],
    message: str,
    author: str,
    settings: ProposalSettings,
) -> Revision:
    """A commit on `parent`, which no ref names yet. Raises RejectedError for a path, CloneError, SourceError."""
    paths = {split_path(path): text for path, text in files.items()}
    with commands.objects() as objects:
        blobs = {path: None if text is None else _blob(commands, text) for path, text in paths.items()}
        tree = write_tree(commands, objects, parent, blobs)
    who = person(author, settings.email, "somebody")
    text = message.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}").rstrip("\n") + "\n"
    seconds = int(time.time())
    environment = _environment(who, person(settings.committer, settings.email, "Reconciler"), seconds)
    words = ("commit-tree", tree, "-p", parent)
    sha = _run(commands, words, text.encode(), environment, settings.signing_key)
    return Revision(sha, who.name, printable(text).rstrip("\n"), datetime.fromtimestamp(seconds, UTC))


def _blob(commands: Commands, text: str) -> str:
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise SourceError("a file's text cannot be written as UTF-8") from error
    return commands.make("hash-object", "-w", "--stdin", data=data).decode().strip()


def _run(
    commands: Commands, words: tuple[str, ...], data: bytes, environment: Mapping[str, str], key: Path | None
) -> str:
    """Run commit-tree, which asks ssh-keygen for a signature where there is a key."""
    if key is None:
        return commands.make(*words, data=data, environment=environment).decode().strip()
    options = ("gpg.format=ssh", "gpg.ssh.program=ssh-keygen", f"user.signingKey={key.absolute()}")
    signing = [*(word for option in options for word in ("-c", option)), words[0], "-S", *words[1:]]
    if not key.is_file():
        raise SourceError(f"proposals.signingKey: {key} is no file that this daemon can read")
    try:
        return commands.make(*signing, data=data, environment=environment).decode().strip()
    except CloneError as error:
        if "sign" not in str(error) and "key" not in str(error):
            raise
        raise SourceError(f"proposals.signingKey: {key} does not sign: {error}") from error


def _environment(author: Person, committer: Person, seconds: int) -> dict[str, str]:
    return {
        "GIT_AUTHOR_NAME": author.name,
        "GIT_AUTHOR_EMAIL": author.email,
        "GIT_AUTHOR_DATE": f"{seconds} +0000",
        "GIT_COMMITTER_NAME": committer.name,
        "GIT_COMMITTER_EMAIL": committer.email,
        "GIT_COMMITTER_DATE": f"{seconds} +0000",
        "SSH_ASKPASS_REQUIRE": "never",
    }
