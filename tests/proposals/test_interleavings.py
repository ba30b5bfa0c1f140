"""Whatever is asked for in whatever batches, and whatever the repository does meanwhile: history tells no lies."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import ReconcilerError
from reconciler.models.proposal import (
    Accepted,
    Asked,
    Proposal,
    Request,
    Restart,
    Resume,
    Stop,
    Suspend,
    Update,
)
from reconciler.models.revision import Revision
from reconciler.proposals.committer import Committer
from reconciler.proposals.message import digest_of, key_lines
from reconciler.proposals.queue import Ticket
from tests.proposals.world import ADMIN, BENCH, FakeRepository, lost, refuse, start, text, tools

NAMES = st.sampled_from(["first", "a", "b", "guilty"])
REQUESTS: st.SearchStrategy[Request] = st.one_of(
    NAMES.map(start),
    NAMES.map(lambda name: start(name, wrong=1)),
    NAMES.map(Stop),
    NAMES.map(Suspend),
    NAMES.map(Resume),
    st.builds(Restart, NAMES, st.sampled_from(["1", "2"])),
    st.builds(Update, NAMES, st.sampled_from([{"replicas": 2}, {"replicas": None}, {"replicas": -1}])),
)
PROPOSALS = st.builds(
    Proposal, REQUESTS, st.builds(Asked, st.sampled_from([ADMIN, BENCH]), key=st.sampled_from(["", "", "k1", "k2"]))
)
MISHAPS = st.sampled_from(["", "", "", "race", "lost", "lost after", "new committer"])
BATCHES = st.lists(st.tuples(MISHAPS, st.lists(PROPOSALS, min_size=1, max_size=6)), min_size=1, max_size=5)


def race(repository: FakeRepository) -> None:
    """Somebody else pushes just before the next push."""
    hook = repository.before_push

    def once(tip: Revision) -> None:
        repository.before_push = hook
        repository.by_hand(
            {f"desired/hand-{len(repository.commits)}.yaml": text(f"h{len(repository.commits)}")}, "Hand"
        )
        hook(tip)

    repository.before_push = once


def outcome_of(ticket: Ticket) -> Accepted | ReconcilerError:
    try:
        return ticket.result()
    except ReconcilerError as error:
        return error


def told(repository: FakeRepository, batches: Sequence[tuple[str, list[Proposal]]]) -> list[tuple[Proposal, object]]:
    """Carry all of it out; each proposal with what it came to."""
    committer, found = Committer(tools(repository)), []
    for mishap, proposals in batches:
        refuse(repository, "guilty")
        repository.after_push = lambda _: None
        if mishap == "race":
            race(repository)
        elif mishap.startswith("lost"):
            lost(repository, landed=mishap == "lost after")
        elif mishap:
            committer = Committer(tools(repository))
        tickets = [Ticket(proposal) for proposal in proposals]
        committer.carry_out(tickets)
        found += [(ticket.proposal, outcome_of(ticket)) for ticket in tickets]
    return found


@given(BATCHES)
def test_history_has_what_was_answered_and_nothing_else(batches: list[tuple[str, list[Proposal]]]) -> None:
    repository = FakeRepository()
    outcomes = told(repository, batches)
    history = repository.history()
    ours = [one for one in history if "Requested-By:" in one.message]
    made = [one for _, one in outcomes if isinstance(one, Accepted) and one.changed and not one.replayed]
    assert [one.commit for one in made] == [one.sha for one in reversed(ours)], "in the order of asking, none twice"
    assert {one.commit for _, one in outcomes if isinstance(one, Accepted)} <= {one.sha for one in history}
    assert not any("guilty" in one.subject for one in history)
    keys = [
        (line, one.author) for one in ours for line in one.message.split("\n") if line.startswith("Idempotency-Key")
    ]
    assert len(keys) == len(set(keys)), "a key is carried out once"


@given(BATCHES)
def test_a_key_gives_the_commit_of_its_own_request(batches: list[tuple[str, list[Proposal]]]) -> None:
    repository = FakeRepository()
    for proposal, outcome in told(repository, batches):
        if isinstance(outcome, Accepted) and outcome.replayed:
            message = repository.commits[outcome.commit][0].message
            assert set(key_lines(proposal.asked)) <= set(message.split("\n"))
            assert digest_of(proposal) in message


@given(BATCHES)
def test_everything_else_in_the_repository_stays(batches: list[tuple[str, list[Proposal]]]) -> None:
    repository = FakeRepository()
    repository.by_hand({"README.md": "# x\n", "desired/other.yaml": text("other")}, "Other")
    told(repository, batches)
    files = repository.files()
    assert (files["README.md"], files["desired/other.yaml"]) == ("# x\n", text("other"))
