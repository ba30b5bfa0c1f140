"""Pushes that the other side says no to: by hooks, by its settings, by its faults."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from reconciler.errors import Next, RacedError, RejectedError, SourceError, UnsureError
from reconciler.source.push import judge
from reconciler.source.remote import Said
from tests.source.writing import Write, git, hook, is_clean, refs, start


def test_a_hook_refuses_with_its_own_words(central: Path, write: Write) -> None:
    hook(
        central,
        "pre-receive",
        "echo 'Change 4711 is not approved.'",
        "printf 'Ask \\033[1mBob\\033[0m at https://me:secret@forge/x; token=abc-123\\n' >&2",
        "exit 1",
    )
    writer = write(central)
    head = writer.head()
    with pytest.raises(RejectedError) as caught:
        writer.push(start(writer, "desired/b.yaml"))
    assert str(caught.value) == (
        f"{central}: the push was refused: pre-receive hook declined: "
        "Change 4711 is not approved. Ask  [1mBob [0m at https://forge/x; token=***"
    )
    assert caught.value.next is Next.STOP
    assert refs(central) == {"refs/heads/main": head.sha}
    assert is_clean(central)
    with pytest.raises(RejectedError):
        writer.push(start(writer, "desired/b.yaml"), "reconciler/b")
    assert refs(central) == {"refs/heads/main": head.sha}, "no stray branch"


def test_a_hook_that_never_stops_talking_fills_no_memory(central: Path, write: Write) -> None:
    hook(central, "pre-receive", "echo begin", "head -c 50000000 /dev/zero | tr '\\0' 'x' >&2", "exit 1")
    writer = write(central)
    made = start(writer, "desired/b.yaml")
    tracemalloc.start()
    with pytest.raises(RejectedError, match="pre-receive hook declined: begin x") as caught:
        writer.push(made)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000
    assert len(str(caught.value)) < 1500


def test_a_branch_that_is_protected(central: Path, write: Write) -> None:
    hook(central, "update", '[ "$1" != refs/heads/main ] && exit 0', "echo protected: open a pull request", "exit 1")
    writer = write(central)
    made = start(writer, "desired/b.yaml")
    with pytest.raises(RejectedError, match="hook declined: protected: open a pull request"):
        writer.push(made)
    writer.push(made, "reconciler/b")
    assert refs(central)["refs/heads/reconciler/b"] == made.sha


def test_hidden_refs_and_forbidden_creation(central: Path, write: Write) -> None:
    git(central, "config", "receive.hideRefs", "refs/heads/hidden")
    writer = write(central)
    with pytest.raises(RejectedError, match="the push was refused: deny updating a hidden ref"):
        writer.push(start(writer, "desired/b.yaml"), "hidden/b")


def test_a_remote_that_cannot_keep_it_is_to_be_asked_again(central: Path, write: Write) -> None:
    git(central, "config", "receive.maxInputSize", "10")
    writer = write(central)
    made = start(writer, "desired/b.yaml")
    with pytest.raises(SourceError, match="unpack") as caught:
        writer.push(made)
    assert caught.value.next is Next.RETRY
    git(central, "config", "--unset", "receive.maxInputSize")
    writer.push(made)


def test_why_a_remote_cannot_keep_it_is_said() -> None:
    output = "!\tx:refs/heads/main\t[remote rejected] (unpacker error)"
    errors = "error: remote unpack failed: unable to create temporary object directory"
    assert str(judge("x", Said(1, f"To x\n{output}\nDone\n", errors))) == (
        "x: the push was refused: unpacker error: unable to create temporary object directory"
    )


def test_a_lock_that_a_dead_process_left_is_no_lost_race(central: Path, write: Write) -> None:
    writer = write(central)
    made = start(writer, "desired/b.yaml")
    (central / "refs/heads/main.lock").touch()
    with pytest.raises(SourceError, match=r"Unable to create .*main\.lock': File exists") as caught:
        writer.push(made)
    assert type(caught.value) is SourceError
    (central / "refs/heads/main.lock").unlink()
    writer.push(made)


_FORGES = [
    (
        "!\tx:refs/heads/main\t[remote rejected] (protected branch hook declined)",
        "remote: error: GH006: Protected branch update failed for refs/heads/main.\nremote: error: Use a pull request.",
        RejectedError,
        "protected branch hook declined: error: GH006: Protected branch update failed for refs/heads/main. error: Use",
    ),
    ("!\tx:refs/heads/main\t[remote rejected] (Internal Server Error)", "", SourceError, "Internal Server Error"),
    ("!\tx:refs/heads/main\t[remote failure] (remote failed to report status)", "", UnsureError, "said nothing"),
    ("!\tx:refs/heads/main\t[remote rejected] (incorrect old value provided)", "", RacedError, "pushed first"),
    (
        "",
        "remote: Permission to x denied to bot.\nfatal: unable to access 'https://forge/': … returned error: 403",
        SourceError,
        "Permission to x denied to bot",
    ),
    ("", "error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502", UnsureError, "HTTP 502"),
    ("", "ssh: Could not resolve hostname x\nfatal: Could not read from remote repository.", SourceError, "resolve"),
]


@pytest.mark.parametrize(("output", "errors", "kind", "words"), _FORGES)
def test_what_forges_say(output: str, errors: str, kind: type[SourceError], words: str) -> None:
    error = judge("https://forge/x", Said(1, f"To https://forge/x\n{output}\nDone\n", errors))
    assert type(error) is kind
    assert words in str(error)
