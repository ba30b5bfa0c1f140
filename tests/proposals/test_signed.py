"""Proposals where every commit must be signed: those of the daemon are in force, and vouch for nobody else's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.desired.load import Loader
from reconciler.errors import RejectedError
from reconciler.models.proposal import Accepted, Stop
from reconciler.proposals import Scribe
from reconciler.settings import ProposalSettings, SourceSettings, VerifySettings
from reconciler.source.git import GitSource
from reconciler.source.repository import GitRepository
from tests.desired.world import BUILTIN, settings
from tests.proposals.conftest import Bare
from tests.proposals.test_git import at_once
from tests.proposals.world import FIRST, ask, start, text


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A key of the daemon, made and allowed as docs/proposals.md says."""
    folder = tmp_path / "keys"
    folder.mkdir()
    page = (Path(__file__).parents[2] / "docs" / "proposals.md").read_text("utf-8")
    script = next(block for block in page.split("```") if block.strip().startswith("ssh-keygen"))
    subprocess.run(["sh", "-euc", script.replace("/etc/reconciler", str(folder))], check=True, capture_output=True)
    return folder


@pytest.fixture
def source(forge: Bare, keys: Path, tmp_path: Path) -> Iterator[GitSource]:
    verify = VerifySettings(allowed_signers=keys / "allowed_signers", required=True)
    made = GitSource(SourceSettings(url=str(forge.folder), verify=verify), tmp_path / "signed-state", None)
    yield made
    made.close()


def test_signed_proposals_are_in_force_and_stop_where_somebody_did_not_sign(
    forge: Bare, keys: Path, source: GitSource
) -> None:
    options = ProposalSettings(email="reconciler@factory.example.org", signing_key=keys / "sign")
    one = Scribe(GitRepository(source, options), Loader(settings(), BUILTIN), options, "desired", lambda: None)
    with pytest.raises(RejectedError, match="the head, is not trusted"):
        ask(one, start("signed-a"))
    _sign_head(forge, keys / "sign")
    made = at_once(8, lambda number: ask(one, start(f"signed-{number}")))
    assert all(isinstance(outcome, Accepted) for outcome in made), made
    stopped = ask(one, Stop("signed-3"))
    assert source.refresh().sha == stopped.commit
    assert source.trust.verified is True
    _check_all(forge, keys / "allowed_signers", 10)
    files = {FIRST: text("first"), "desired/eve.yaml": text("eve")}
    eve = forge.by_hand(files, "not signed")
    with pytest.raises(RejectedError, match=f"commit {eve[:12]}, the head, is not trusted"):
        ask(one, start("signed-b"))
    assert forge.git("rev-parse", "main") == eve


def _sign_head(forge: Bare, key: Path) -> None:
    options = ("-c", "gpg.format=ssh", "-c", f"user.signingKey={key}")
    signed = forge.git(*options, "commit-tree", "-S", "-m", "By hand", "main^{tree}")
    forge.git("update-ref", "refs/heads/main", signed)


def _check_all(forge: Bare, signers: Path, count: int) -> None:
    """Each commit of the branch, also those between, has a good signature for people who look."""
    words = ["git", "-c", f"gpg.ssh.allowedSignersFile={signers}", "log", "--format=%G?", "main"]
    plain = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    run = subprocess.run(words, cwd=forge.folder, env=plain, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["G"] * count
