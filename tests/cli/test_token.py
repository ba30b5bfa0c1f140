"""`reconciler token`: what it prints fits into the settings, and the daemon's pages know the token then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.desired.check import check_document
from reconciler.models.proposal import Role
from reconciler.settings import Settings
from reconciler.settings.secret import hash_of
from tests.cli.console import answer, run
from tests.web.door.rooms import room

SETTINGS = """\
owner: lab
source: {url: /tmp/nothing}
targets: {slurm: {kind: slurm, folders: {data: /tmp/d, logs: /tmp/l}}}
state: /tmp/nothing
http:
  tokens:
"""


def made(*argv: str) -> tuple[str, Settings]:
    """The token, and settings with the lines that were printed with it."""
    done = run("token", *argv)
    assert done.returncode == 0, done.stderr
    lines = [f"    {line}\n" for line in done.stderr.splitlines() if not line.startswith("#")]
    return done.stdout.strip(), check_document(Settings, "reconciler.yaml", SETTINGS + "".join(lines))


def test_the_lines_make_the_pages_know_the_token() -> None:
    token, settings = made(
        "bot", "--role", "propose", "--service", "bench-*", "--service", "x", "--folder", "desired/b"
    )
    (known,) = settings.http.tokens
    assert (known.name, known.role, known.services, known.folders) == (
        "bot",
        Role.PROPOSE,
        ("bench-*", "x"),
        ("desired/b",),
    )
    assert known.sha256 == hash_of(token)
    assert known.expires is None
    with room(settings.http) as pages:
        assert pages.ask("POST", "/door-write", b"{}", Authorization=f"Bearer {token}").json == {"name": "bot"}


def test_standard_output_is_the_token_alone_and_each_is_another(tmp_path: Path) -> None:
    first, second = run("token", "a").stdout, run("token", "a", cwd=tmp_path).stdout
    assert first != second
    assert first.startswith("rcl_")
    assert first.count("\n") == 1
    assert first not in run("token", "a").stderr


@pytest.mark.parametrize(("text", "days"), [("90d", 90), ("24h", 1)])
def test_an_end_some_time_from_now(text: str, days: int) -> None:
    _, settings = made("a", "--expires", text)
    expires = settings.http.tokens[0].expires
    assert expires is not None
    left = expires - datetime.now(UTC)  # noqa: TID251 - the command counts from now
    assert timedelta(days=days, minutes=-5) < left <= timedelta(days=days)


@pytest.mark.parametrize("text", ["2099-12-31", "2100-01-01T00:00:00Z", "2100-01-01T02:00:00+02:00"])
def test_an_end_by_date_is_that_of_its_day(text: str) -> None:
    _, settings = made("a", "--expires", text)
    assert settings.http.tokens[0].expires == datetime(2100, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["Bot"], "name: is not allowed"),
        (["a", "--role", "root"], "'root' is not one of"),
        (["a", "--service", "A*"], "services[0]"),
        (["a", "--folder", "../x"], "folders[0]"),
        (["a", "--expires", "soon"], "a time from now such as 90d"),
        (["a", "--expires", "2020-01-01"], "over already"),
    ],
)
def test_what_does_not_fit_is_said_and_no_token_made(argv: list[str], words: str) -> None:
    assert run("token", *argv).stdout == ""
    assert words in " ".join(answer(2, "token", *argv).replace("│", " ").split())
