"""What a proposal is made on: a revision, its files, and what they want."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from reconciler.desired.load import Desired, Loader
from reconciler.models.proposal import Edit
from reconciler.models.revision import File, Revision, Snapshot
from reconciler.ports import Repository


@dataclass(frozen=True, slots=True)
class Base:
    """A revision that was read. What is wanted is without history: what is in a bad file is held."""

    snapshot: Snapshot
    desired: Desired

    @classmethod
    def read(cls, repository: Repository, loader: Loader, head: Revision) -> Base:
        """Raises SourceError."""
        snapshot = repository.read(head)
        return cls(snapshot, loader.load(snapshot, nothing_earlier))

    @property
    def revision(self) -> Revision:
        """Which it is."""
        return self.snapshot.revision

    def after(self, edit: Edit, desired: Desired, revision: Revision) -> Base:
        """The same with one file changed, as it is in the commit `revision`; `desired` is what that wants."""
        return Base(replace(edited(self.snapshot, edit), revision=revision), desired)


def edited(snapshot: Snapshot, edit: Edit) -> Snapshot:
    """The files with one of them changed. The revision is still the one before."""
    files = {path: file for path, file in snapshot.files.items() if path != edit.path}
    if edit.after is not None:
        data = edit.after.encode()
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()  # as Git names it
        files[edit.path] = File(edit.path, blob, edit.after)
    return Snapshot(snapshot.revision, files)


def nothing_earlier(path: str) -> Iterator[tuple[Revision, File]]:
    """No older version of any file: what is bad is then held."""
    del path
    return iter(())
