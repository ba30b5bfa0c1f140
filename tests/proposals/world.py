"""A repository in memory, implementing ports.Repository over a dict, and scribes that write to it."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from reconciler.board import Board
from reconciler.desired.load import Loader
from reconciler.errors import RacedError, ReconcilerError, RejectedError, SourceError, UnsureError
from reconciler.models.proposal import Accepted, Asked, Caller, Proposal, Request, Role, Start
from reconciler.models.revision import File, Revision, Snapshot
from reconciler.proposals import Scribe
from reconciler.proposals.chain import Tools
from reconciler.proposals.keys import Keys
from reconciler.settings import ProposalSettings
from tests.desired.world import BUILTIN, settings

Files = dict[str, str]
FIRST = "desired/first.yaml"
#: Its answers depend on its arguments alone, so that all may share it, one thread at a time.
LOADER = Loader(settings(), BUILTIN)


def text(name: str, spec: str = "{recipe: faiss, target: meluxina}") -> str:
    """A service as a person wrote it."""
    return f"# by hand\napiVersion: reconciler/v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {spec}\n"


@dataclass
class FakeRepository:
    """Commits by id, and the branches of the other side. What goes wrong is asked of `before_push` and `after_push`."""

    branch: str = "main"
    heads: dict[str, str] = field(default_factory=dict)
    commits: dict[str, tuple[Revision, str, Files]] = field(default_factory=dict)
    before_push: Callable[[Revision], None] = lambda _: None
    after_push: Callable[[Revision], None] = lambda _: None
    down: str = ""
    pushes: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.by_hand({FIRST: text("first")}, "By hand")

    def by_hand(self, files: Mapping[str, str | None], message: str) -> Revision:
        """Somebody else pushes."""
        with self.lock:
            made = self._make(self.heads.get(self.branch, ""), files, message, "Ada")
            self.heads[self.branch] = made.sha
            return made

    def head(self) -> Revision:
        if self.down:
            raise SourceError(self.down)
        return self.commits[self.heads[self.branch]][0]

    def read(self, revision: Revision) -> Snapshot:
        files = self.commits[revision.sha][2]
        return Snapshot(revision, {path: _as_file(path, content) for path, content in files.items()})

    def commit(self, parent: Revision, files: Mapping[str, str | None], message: str, author: str) -> Revision:
        with self.lock:
            return self._make(parent.sha, files, message, author)

    def push(self, revision: Revision, branch: str = "") -> None:
        self.pushes += 1
        self.before_push(revision)
        with self.lock:
            there = self.heads.get(branch or self.branch)
            if branch and there is not None:
                raise RacedError("the branch is there")
            if not branch and there not in self._line(revision.sha):
                raise RacedError("non-fast-forward")
            self.heads[branch or self.branch] = revision.sha
        self.after_push(revision)

    def log(self, revision: Revision, count: int) -> Iterator[Revision]:
        yield from (self.commits[sha][0] for sha in self._line(revision.sha)[:count])

    def find(self, revision: Revision, lines: Sequence[str]) -> Revision | None:
        found = (one for one in self.log(revision, 10_000) if set(lines) <= set(one.message.split("\n")))
        return next(found, None)

    def marked(self, revision: Revision, since: str, prefix: str) -> Iterator[Revision]:
        known = set(self._line(since)) if since in self.commits else set()
        for one in self.log(revision, 10_000):
            if one.sha not in known and any(line.startswith(prefix) for line in one.message.split("\n")):
                yield one

    def branches(self, prefix: str) -> Mapping[str, str]:
        with self.lock:
            return {name: sha for name, sha in self.heads.items() if name.startswith(prefix)}

    def contains(self, revision: Revision, commit: str) -> bool:
        return commit in self._line(revision.sha)

    def history(self) -> list[Revision]:
        """What the branch has, newest first."""
        return list(self.log(self.head(), 10_000))

    def files(self) -> Files:
        """What is at the head of the branch."""
        return self.commits[self.heads[self.branch]][2]

    def _line(self, sha: str) -> list[str]:
        found = []
        while sha:
            found.append(sha)
            sha = self.commits[sha][1]
        return found

    def _make(self, parent: str, files: Mapping[str, str | None], message: str, author: str) -> Revision:
        before = self.commits[parent][2] if parent else {}
        after = {path: content for path, content in {**before, **files}.items() if content is not None}
        sha = hashlib.sha1(f"{len(self.commits)} {parent} {message}".encode()).hexdigest()
        revision = Revision(sha, author, message.rstrip("\n"), datetime.fromtimestamp(len(self.commits), UTC))
        self.commits[sha] = (revision, parent, after)
        return revision


def refuse(repository: FakeRepository, name: str) -> None:
    """A rule of the repository: no commit whose subject has this name is let in, nor what stands on it."""

    def hook(tip: Revision) -> None:
        for one in repository.log(tip, 1000):
            if f" {name}" in one.subject and not repository.contains(repository.head(), one.sha):
                raise RejectedError(f"hook: not {one.subject}")

    repository.before_push = hook


def lost(repository: FakeRepository, *, landed: bool) -> None:
    """The next push that the rules of the repository let in gets no answer."""
    hook = repository.before_push

    def once(tip: Revision) -> None:
        if not landed:
            hook(tip)
        repository.before_push, repository.after_push = hook, lambda _: None
        raise UnsureError("no answer")

    if landed:
        repository.after_push = once
    else:
        repository.before_push = once


ADMIN = Caller("root", "socket", Role.ADMIN)
BENCH = Caller("bench", "token", Role.PROPOSE)


def scribe(repository: FakeRepository, board: Board | None = None, ring: Any = None, **proposals: Any) -> Scribe:
    """One that writes to a repository."""
    options = ProposalSettings(**proposals)
    return Scribe(repository, LOADER, options, "desired", ring or (lambda: None), board)


def tools(repository: FakeRepository) -> Tools:
    """What commits are made with."""
    return Tools(repository, LOADER, Keys(repository), "desired", "desired")


def start(name: str, **spec: Any) -> Start:
    """A service of a recipe that needs nothing."""
    return Start(name, {"recipe": "faiss", "target": "meluxina", **spec})


def ask(one: Scribe, request: Request, caller: Caller = ADMIN, **asked: Any) -> Accepted:
    """Propose it."""
    return one.propose(Proposal(request, Asked(caller, **asked)))


def attempt(work: Callable[[], Accepted]) -> Accepted | ReconcilerError:
    """What came of it, also where that is an error."""
    try:
        return work()
    except ReconcilerError as error:
        return error


def together(
    repository: FakeRepository, count: int, work: Callable[[int], Accepted]
) -> list[Accepted | ReconcilerError]:
    """All at once: the first push waits until all the others have asked."""
    started, first = threading.Barrier(count), threading.Event()
    hook = repository.before_push

    def hold(tip: Revision) -> None:
        if not first.is_set():
            time.sleep(0.2)
            first.set()
        hook(tip)

    repository.before_push = hold

    def one(number: int) -> Accepted | ReconcilerError:
        started.wait()
        return attempt(lambda: work(number))

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def _as_file(path: str, content: str) -> File:
    data = content.encode()
    return File(path, hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest(), content)
