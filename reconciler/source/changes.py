"""What commits did to files: changes and older versions, out of the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.models.revision import Change, File, Revision
from reconciler.source.log import NOTHING, Commit, Difference, Side
from reconciler.source.reader import Reader, is_wanted


def read_change(reader: Reader, commit: Commit) -> Change:
    """The files that a commit changed, with their texts on both sides; a change of mode only is none."""
    pairs = {
        difference.path: _read_pair(reader, difference)
        for difference in commit.differences
        if difference.before.blob != difference.after.blob
    }
    return Change(commit.revision, {path: pair for path, pair in pairs.items() if pair != (None, None)})


def older_versions(commits: Iterable[Commit], path: str) -> Iterator[tuple[Revision, Side]]:
    """Versions of the file at `path` that the commits brought in, each once, without the one in force now.

    `commits` come newest first, so the first that touched the file left it as it is now.
    """
    sides = (
        (commit.revision, difference.after)
        for commit in commits
        for difference in commit.differences
        if difference.path == path
    )
    _, now = next(sides, (None, None))
    seen = {NOTHING, now.blob if now else NOTHING}
    for revision, side in sides:
        if side.blob not in seen and is_wanted(path, side.mode):
            seen.add(side.blob)
            yield revision, side


def _read_pair(reader: Reader, difference: Difference) -> tuple[File | None, File | None]:
    return _read_side(reader, difference.path, difference.before), _read_side(reader, difference.path, difference.after)


def _read_side(reader: Reader, path: str, side: Side) -> File | None:
    there = side.blob != NOTHING and is_wanted(path, side.mode)
    return reader.file(path, side.mode, side.blob) if there else None
