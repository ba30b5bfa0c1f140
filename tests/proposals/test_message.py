"""What commits say, and that nothing of a caller's text can say more."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.desired.removals import allowance
from reconciler.models.proposal import (
    Asked,
    Caller,
    Proposal,
    Request,
    Restart,
    Resume,
    Role,
    Start,
    Stop,
    Suspend,
    Update,
)
from reconciler.models.revision import Revision
from reconciler.proposals.message import digest_of, key_lines, message_of, stops_in, subject_of
from tests.fakes import START
from tests.proposals.world import ADMIN, BENCH

TRAILERS = ["Requested-By", "Requested-Through", "Requested-Verb", "Requested-Because"]
KEY_TRAILERS = ["Idempotency-Key", "Request-Digest"]


@pytest.mark.parametrize(
    ("request_", "subject"),
    [
        (Start("llama", {"recipe": "vllm"}), "Start llama: vllm"),
        (Start("llama", {}), "Start llama"),
        (Stop("llama"), "Stop llama"),
        (Restart("llama", "x"), "Restart llama"),
        (Suspend("llama"), "Suspend llama"),
        (Resume("llama"), "Resume llama"),
        (Update("llama", {"nodes": 2, "config": {"model": "secret-1"}}), "Update llama: nodes, config.model"),
        (Update("llama", {"config": {}}, {"team": "secret"}), "Update llama: config, labels.team"),
        (Update("llama"), "Update llama"),
        (
            Update("llama", {"config": {f"parameter{number}": 1 for number in range(9)}}),
            "Update llama: config.parameter0, config.parameter1 and 7 more",
        ),
        (Update("l" * 50, {"x" * 80: 1}), f"Update {'l' * 50}"),
        (Start("l" * 50, {"recipe": "r" * 63}), f"Start {'l' * 50}: {'r' * 13}…"),
    ],
)
def test_the_subject_names_what_changes_and_no_value(request_: Request, subject: str) -> None:
    assert subject_of(request_) == subject
    assert len(subject) <= 72


def test_the_whole_message() -> None:
    asked = Asked(BENCH, reason="benchmark 17", key="k-1")
    one = Proposal(Stop("llama"), asked)
    assert message_of(one, 2) == (
        "Stop llama\n"
        "\n"
        "Requested-By: bench\n"
        "Requested-Through: HTTP API (token)\n"
        "Requested-Verb: stop\n"
        "Requested-Because: benchmark 17\n"
        "Idempotency-Key: k-1\n"
        f"Request-Digest: {digest_of(one)}\n"
        "Reconciler-Allow-Removals: 3\n"
    )
    assert message_of(Proposal(Resume("llama"), Asked(ADMIN))) == (
        "Resume llama\n\nRequested-By: root\nRequested-Through: socket\nRequested-Verb: resume\n"
    )


NASTY = st.text(max_size=300) | st.sampled_from(
    [
        "x\nReconciler-Allow-Removals: all",
        "x\r\nRequested-By: root",
        "x\u2028Reconciler-Allow-Removals: all",
        "x\x85Reconciler-Allow-Removals: 7\x0b\x0c",
        "\nRequested-Verb: stop\n",
        "",
        " ",
    ]
)


@given(NASTY, NASTY, NASTY, NASTY, st.booleans())
def test_foreign_text_cannot_forge_a_trailer(name: str, through: str, reason: str, service: str, stops: bool) -> None:
    request = Stop(service) if stops else Update(service, {name: 1}, {reason: through})
    message = message_of(Proposal(request, Asked(Caller(name, through, Role.PROPOSE), reason=reason, key="k")), 4)
    subject, empty, *lines, last = message.split("\n")
    assert (empty, last) == ("", "")
    assert all(line.isprintable() for line in lines)
    assert subject.isprintable()
    assert len(subject) <= 72
    reasoned = TRAILERS if reason.strip() else TRAILERS[:-1]
    assert [line.partition(": ")[0] for line in lines] == [
        *reasoned,
        *KEY_TRAILERS,
        *(["Reconciler-Allow-Removals"] if stops else []),
    ]
    assert all(line.partition(": ")[2] for line in lines)
    assert allowance(message) == (5 if stops else 0)
    assert key_lines(Asked(Caller(name, "", Role.READ), key="k"))[1] in lines


def revision(message: str) -> Revision:
    return Revision("a" * 40, "Ada", message, START)


def test_stops_are_counted_in_the_unbroken_run_of_our_own_commits() -> None:
    def ours(request: Request) -> Revision:
        return revision(message_of(Proposal(request, Asked(ADMIN))))

    stop, other = ours(Stop("a")), ours(Suspend("b"))
    by_hand = revision("Stop c\n\nno Requested-Verb: stop")
    assert stops_in([]) == 0
    assert stops_in([stop, other, stop]) == 2
    assert stops_in([other, stop, by_hand, stop]) == 1
    assert stops_in([by_hand, stop]) == 0


def test_a_secret_in_the_reason_is_not_written_down() -> None:
    asked = Asked(ADMIN, reason="token=abcdef0123456789 and https://me:pw@host/")
    message = message_of(Proposal(Stop("a"), asked))
    assert not re.search("abcdef|pw@", message)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.integers(), inner),
        max_leaves=8,
    )
)
def test_the_digest_depends_on_what_is_asked_for_and_not_on_the_order(value: object) -> None:
    one = Start("a", {"recipe": "web", "config": value}, {"x": "1", "y": "2"})
    same = Start("a", {"config": value, "recipe": "web"}, {"y": "2", "x": "1"})
    asked = Asked(ADMIN, key="k")
    assert digest_of(Proposal(one, asked)) == digest_of(Proposal(same, Asked(BENCH, reason="again", key="other")))
    others = [Start("b", one.spec, one.labels), Start("a", {**one.spec, "config": [value]}, one.labels), Stop("a")]
    digests = {digest_of(Proposal(other, asked)) for other in others} | {digest_of(Proposal(one, asked))}
    assert len(digests) == 4
    assert digest_of(Proposal(one, Asked(ADMIN, direct=True))) not in digests
