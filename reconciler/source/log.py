"""Commits along first parents, page by page.

First parents are what the head itself was, one after the other, when changes come in as merges of pull requests: the
commits of a merged branch never were at the head, so a file as it stood in one of them was never in force.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.errors import SourceError
from reconciler.models.revision import Revision
from reconciler.source.commands import Commands
from reconciler.source.reader import path_text

PAGE = 20
#: Id of "no such file" in a raw difference (git-diff-tree(1)).
NOTHING = "0" * 40
_FIELDS = 5
_LAST_SECOND = 253_402_300_799  # 9999-12-31: the last that datetime can hold; commits may claim more
_OPTIONS = ("-z", "--no-color", "--no-ext-diff", "--no-renames", "--no-abbrev", "--encoding=UTF-8")


@dataclass(frozen=True, slots=True)
class Side:
    """A file before or after a commit."""

    mode: str
    blob: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of a raw difference."""

    path: str
    before: Side
    after: Side


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit with its first parent's id ("" for a first commit) and what it changed against it."""

    revision: Revision
    parent: str
    differences: tuple[Difference, ...]


def read_revision(commands: Commands, sha: str) -> Revision:
    """One commit without its differences. Raises SourceError."""
    for commit in _parse(commands.local("log", "-1", "--no-patch", *_OPTIONS, _format(), sha, "--")):
        return commit.revision
    raise SourceError(f"commit {sha} cannot be read")


def read_revisions(commands: Commands, sha: str, count: int) -> list[Commit]:
    """At most `count` commits from `sha` back along first parents, without their differences. Raises SourceError."""
    chosen = ("--first-parent", "--no-patch", f"--max-count={count}")
    return list(_parse(commands.local("log", *chosen, *_OPTIONS, _format(), sha, "--")))


def read_matching(commands: Commands, shas: bytes, text: str) -> Iterator[Revision]:
    """Those of the commits whose messages have this text, in the order given. `shas`: ids, one a line.

    Raises SourceError.
    """
    chosen = ("--no-patch", "--no-walk=unsorted", "--fixed-strings", f"--grep={text}", "--stdin")
    # Without any, Git would take HEAD.
    output = commands.make("log", *chosen, *_OPTIONS, _format(), data=shas) if shas else b""
    return (commit.revision for commit in _parse(output))


def read_page(commands: Commands, sha: str, path: str) -> list[Commit]:
    """The first PAGE commits from `sha` on, along first parents, that changed something at or below `path`.

    The next page begins at the parent of the last one. Raises SourceError.
    """
    chosen = ("--first-parent", "-m", "--raw", "-r", "-t", f"--max-count={PAGE}")
    paths = (path,) if path else ()
    return list(_parse(commands.local("log", *chosen, *_OPTIONS, _format(), sha, "--", *paths)))


def read_messages(commands: Commands, sha: str, since: str) -> list[str]:
    """Messages with a line `Reconciler-…:` of `since` and of all that came after it, up to `sha`.

    At most a thousand. Raises SourceError.
    """
    chosen = ("--extended-regexp", "--regexp-ignore-case", "--grep=^reconciler-[a-z-]+:", "--max-count=1000")
    output = commands.local("log", *chosen, "--encoding=UTF-8", "-z", "--format=%B", sha, f"^{since}^@", "--")
    return [message.decode("utf-8", "replace") for message in output.split(b"\0") if message]


def _format() -> str:
    return "--format=%H%x00%P%x00%an%x00%ct%x00%B%x00"


def _parse(output: bytes) -> Iterator[Commit]:
    """Records of `log -z`: five fields, an empty one, then for each difference its words and its path.

    Neither a message nor a path can hold the NUL between them.
    """
    fields = output.split(b"\0")
    position = 0
    while position + _FIELDS < len(fields):
        head, position = fields[position : position + _FIELDS], position + _FIELDS + 1
        differences = []
        while fields[position].lstrip(b"\n").startswith(b":"):
            differences.append(_difference(fields[position], fields[position + 1]))
            position += 2
        yield _commit(head, tuple(differences))


def _commit(fields: list[bytes], differences: tuple[Difference, ...]) -> Commit:
    sha, parents, author, time, message = (printable(field.decode("utf-8", "replace")) for field in fields)
    seconds = min(max(int(time or 0), 0), _LAST_SECOND)
    revision = Revision(sha, author, message.rstrip("\n"), datetime.fromtimestamp(seconds, UTC))
    return Commit(revision, parents.partition(" ")[0], differences)


def _difference(words: bytes, path: bytes) -> Difference:
    before, after, old, new, _ = words.decode().strip().removeprefix(":").split()
    return Difference(path_text(path), Side(before, old), Side(after, new))


def printable(text: str) -> str:
    """Text without control characters, which would move a terminal's cursor or forge lines of a log."""
    return "".join(char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in text)
