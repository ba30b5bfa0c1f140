"""Commits on a head, one for each proposal, each on the one before; nobody sees them before they are pushed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from reconciler.desired.edit import edit
from reconciler.desired.load import Loader
from reconciler.errors import InputError, ProposalError
from reconciler.logs import clean
from reconciler.models.proposal import Accepted, Edit, Proposal, Request, Start
from reconciler.models.revision import Revision
from reconciler.ports import Repository
from reconciler.proposals.base import Base
from reconciler.proposals.check import check
from reconciler.proposals.keys import Keys, same
from reconciler.proposals.message import key_lines, message_of, stops_in, subject_of
from reconciler.proposals.rights import check_file, check_place

Outcome = Accepted | ProposalError | InputError
#: Commits of ours that are looked at for stops, at most.
_RUN = 1000


@dataclass(frozen=True, slots=True)
class Tools:
    """What commits are made with. `path` is the desired folder, `folder` where files of new services go."""

    repository: Repository
    loader: Loader
    keys: Keys
    path: str
    folder: str


class Chain:
    """Built on `base`; `branch` is what the head is of. What it comes to holds only once it is pushed."""

    def __init__(self, tools: Tools, base: Base, branch: str) -> None:
        self._tools = tools
        self._head = base.revision
        self._branch = branch
        self._stops: int | None = None
        self._made: dict[tuple[str, str], Revision] = {}
        self.base = base

    @property
    def tip(self) -> Revision:
        """The newest commit: the head itself while nothing is to be changed."""
        return self.base.revision

    def take(self, proposal: Proposal) -> Outcome:
        """Make the commit, where one is needed. What is wrong with the proposal is returned. Raises SourceError."""
        try:
            return self._replayed(proposal) or self._carry_out(proposal)
        except (ProposalError, InputError) as error:
            return error

    def remember(self) -> None:
        """The chain was pushed: keep its keys in mind."""
        self._tools.keys.remember(self._made.values(), self._head, self.tip)

    def _replayed(self, proposal: Proposal) -> Accepted | None:
        """What an earlier request with the same key came to, in the chain or below it."""
        asked = proposal.asked
        if not asked.key:
            return None
        found = self._made.get(key_lines(asked)) or self._tools.keys.find(self._head, asked)
        if found is None:
            return None
        return replace(self._accepted(proposal, same(proposal, found), self.path_of(proposal.request)), replayed=True)

    def _carry_out(self, proposal: Proposal) -> Accepted:
        request, tools = proposal.request, self._tools
        change = edit(self.base.snapshot.files, self.base.desired.files, request, self._folder_of(request))
        check_file(proposal.asked.caller, change.path)
        if not change.changes:
            return replace(self._accepted(proposal, self.tip, change.path), changed=False)
        if isinstance(request, Start):
            check_place(change.path, tools.path)
        desired = check(tools.loader, self.base, change, request.name)
        commit = self._commit(proposal, change)
        self.base = self.base.after(change, desired, commit)
        return self._accepted(proposal, commit, change.path)

    def _commit(self, proposal: Proposal, change: Edit) -> Revision:
        repository, asked = self._tools.repository, proposal.asked
        message = message_of(proposal, self._stops_before())
        commit = repository.commit(self.tip, {change.path: change.after}, message, clean(asked.caller.name))
        self._stops = self._stops_before() + stops_in([commit])
        if asked.key:
            self._made[key_lines(asked)] = commit
        return commit

    def _stops_before(self) -> int:
        """Stops in the unbroken run of our commits that ends with the tip."""
        if self._stops is None:
            self._stops = stops_in(self._tools.repository.log(self._head, _RUN))
        return self._stops

    def _accepted(self, proposal: Proposal, commit: Revision, path: str) -> Accepted:
        request = proposal.request
        return Accepted(request.name, commit.sha, self._branch, path, subject_of(request))

    def path_of(self, request: Request) -> str:
        """The file that a request is about; "" where it is not there any more."""
        files = self.base.desired.files.get(request.name, ())
        if files or not isinstance(request, Start):
            return files[0] if files else ""
        return str(PurePosixPath(self._folder_of(request)) / f"{request.name}.yaml")

    def _folder_of(self, request: Request) -> str:
        """Where a new file goes."""
        return (request.folder.rstrip("/") if isinstance(request, Start) else "") or self._tools.folder
