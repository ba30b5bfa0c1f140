"""GitSource: desired state from a Git repository, without a work tree."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path

from reconciler.models.revision import Change, File, Revision, Snapshot, Trust
from reconciler.ports import Bell
from reconciler.settings import SourceSettings
from reconciler.source.address import parse_address, parse_folder
from reconciler.source.changes import older_versions, read_change
from reconciler.source.clone import Clone, followed
from reconciler.source.log import PAGE, Commit, Side, read_messages, read_page, read_revision
from reconciler.source.reader import Reader
from reconciler.source.remote import Remote
from reconciler.source.tree import read_tree
from reconciler.source.trust import choose, refusal
from reconciler.source.verify import Verifier
from reconciler.source.watch import Watch

#: Most older versions of one file that are looked at.
VERSIONS_LIMIT = 200
#: Most changes of the history that are looked at.
CHANGES_LIMIT = 2_000


class GitSource:
    """A branch, tag or commit of a Git repository; implements ports.Source.

    A bare clone is kept in `folder`/source.git; it can be lost at any time. Files are those below `settings.path`,
    and below `recipes_path` where that is given. Only plain `*.yaml` and `*.yml` files are read; what is too large,
    not UTF-8, a symbolic link or a submodule is in the snapshot as refused, so that it is never taken for removed.

    All methods may be called from several threads; a refresh that makes the clone anew lets readers wait.
    Raises SettingsError when the settings name no repository, or no folder inside it.
    """

    def __init__(self, settings: SourceSettings, folder: Path, recipes_path: str | None) -> None:
        address = parse_address(settings.url)
        self._path = parse_folder(settings.path)
        self._folders = [self._path] if recipes_path is None else [self._path, parse_folder(recipes_path, "recipes")]
        self.remote = Remote(address, settings.timeout.total_seconds())
        self.clone = Clone(folder.absolute() / "source.git", self.remote, followed(settings))
        self._commands = self.clone.commands
        self._watch = Watch(address.folder, settings.interval)
        self._known: dict[str, str] = {}
        self.settings = settings
        self.verifier = Verifier(settings.verify, self._commands.folder) if settings.verify else None
        self._trust = Trust()

    @property
    def trust(self) -> Trust:
        """What the last refresh came to, as far as signatures are concerned."""
        return self._trust

    def refresh(self) -> Revision:
        """Ask the repository for its head, fetch it when it is new, and return it. Raises SourceError.

        Where signatures are required, it is the newest commit that is trusted (see trust.py).
        """
        sha = self.clone.refresh()
        if self.verifier:
            sha = self.clone.reading(partial(self._trusted, sha, self.verifier))
        return self.clone.reading(partial(read_revision, self._commands, sha))

    def _trusted(self, head: str, verifier: Verifier) -> str:
        why = verifier.complaint(head)
        required = self.settings.verify is not None and self.settings.verify.required
        self._trust = Trust(verified=not why, refused=refusal(head, why) if why and required else "")
        return choose(self._commands, head, verifier.complaint) if required else head

    def read(self, revision: Revision) -> Snapshot:
        """All files of `revision`; none where the folder is not there at that commit. Raises SourceError."""
        files = self.clone.reading(partial(read_tree, self._commands, revision.sha, self._folders, self._known))
        self._known = {file.blob: file.text for file in files.values() if file.text is not None}
        return Snapshot(revision, files)

    def earlier(self, revision: Revision, path: str) -> Iterator[tuple[Revision, File]]:
        """Older versions of the file at `path`, newest first, each once, starting before that of `revision`.

        Each comes with the commit that brought it in. Only commits along first parents count (see log.py). At most
        200; a file that was renamed begins a new life. Raises SourceError.
        """
        commits = chain.from_iterable(self._pages(revision.sha, path))
        for brought_in, side in islice(older_versions(commits, path), VERSIONS_LIMIT):
            yield brought_in, self.clone.reading(partial(self._read_file, path, side))

    def history(self, revision: Revision) -> Iterator[Change]:
        """The commits along first parents, from `revision` on, that changed a file below the path, newest first.

        At most 2,000, read page by page as they are asked for. Raises SourceError.
        """
        pages = (
            self.clone.reading(partial(self._read_changes, page)) for page in self._pages(revision.sha, self._path)
        )
        return islice(chain.from_iterable(pages), CHANGES_LIMIT)

    def messages(self, revision: Revision, since: Revision) -> Iterator[str]:
        """Messages with a `Reconciler-…:` line, of `since` and of all that came after it, merged branches included.

        Raises SourceError.
        """
        return iter(self.clone.reading(partial(read_messages, self._commands, revision.sha, since.sha)))

    def watch(self, bell: Bell) -> None:
        """Ring `bell` on each change of a repository on this machine, and once in each interval of any other."""
        self._watch.start(bell)

    def close(self) -> None:
        """Stop watching, and end a refresh that is under way; may be called twice."""
        self.remote.close()
        self._watch.close()

    def _pages(self, sha: str, path: str) -> Iterator[list[Commit]]:
        """Pages of commits from `sha` on; one that is not full is the last, and Git is not asked for another."""
        page = self.clone.reading(partial(read_page, self._commands, sha, path))
        while page:
            yield page
            parent = page[-1].parent if len(page) == PAGE else ""
            page = self.clone.reading(partial(read_page, self._commands, parent, path)) if parent else []

    def _read_changes(self, page: list[Commit]) -> list[Change]:
        with self._commands.objects() as objects:
            reader = Reader(objects, self._known)
            changes = [read_change(reader, commit) for commit in page]
        return [change for change in changes if change.files]

    def _read_file(self, path: str, side: Side) -> File:
        with self._commands.objects() as objects:
            return Reader(objects, self._known).file(path, side.mode, side.blob)
