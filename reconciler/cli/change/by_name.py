"""`reconciler stop`, `restart`, `suspend` and `resume`: changes of services that are there, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.change.common import (
    LONG,
    Direct,
    Format,
    Key,
    Names,
    Output,
    Reason,
    Timeout,
    seconds_of,
    tell,
    wait_for,
)
from reconciler.cli.config import DEFAULT, Config
from reconciler.cli.where import CaFile, Server, TokenFile, Where, where, words_of
from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from reconciler.cli.change.desk import Desk
    from reconciler.shapes.proposals import AcceptedShape
    from reconciler.shapes.waiting import Until

Healthy = Annotated[bool, typer.Option("--wait", help="Until it is healthy; ends with 1 when it will not be.")]
Gone = Annotated[bool, typer.Option("--wait", help="Until nothing of it runs.")]
_DONE = {"stop": "stopped", "restart": "restarted", "suspend": "suspended", "resume": "resumed"}


@dataclass(frozen=True, slots=True)
class How:
    """The options of a change."""

    reason: str
    key: str
    direct: bool
    output: Format
    until: Until | None = None
    timeout: str = LONG


def stop(
    names: Names,
    reason: Reason = "",
    wait: Gone = False,
    timeout: Timeout = LONG,
    key: Key = "",
    direct: Direct = False,
    output: Output = Format.TEXT,
    config: Config = DEFAULT,
    server: Server = None,
    token_file: TokenFile = None,
    ca_file: CaFile = None,
) -> None:
    """Stop services: their files are removed from the repository, in one commit each. Data is kept by default."""
    how = How(reason, key, direct, output, "gone" if wait else None, timeout)
    _change("stop", names, how, where(config, server, token_file, ca_file))


def restart(
    names: Names,
    reason: Reason = "",
    wait: Healthy = False,
    timeout: Timeout = LONG,
    key: Key = "",
    direct: Direct = False,
    output: Output = Format.TEXT,
    config: Config = DEFAULT,
    server: Server = None,
    token_file: TokenFile = None,
    ca_file: CaFile = None,
) -> None:
    """Restart services once, as their rollout says: a commit each."""
    how = How(reason, key, direct, output, "healthy" if wait else None, timeout)
    _change("restart", names, how, where(config, server, token_file, ca_file))


def suspend(
    names: Names,
    reason: Reason = "",
    key: Key = "",
    direct: Direct = False,
    output: Output = Format.TEXT,
    config: Config = DEFAULT,
    server: Server = None,
    token_file: TokenFile = None,
    ca_file: CaFile = None,
) -> None:
    """Suspend services: nothing of them runs until they are resumed, and their data is kept. A commit each."""
    _change("suspend", names, How(reason, key, direct, output), where(config, server, token_file, ca_file))


def resume(
    names: Names,
    reason: Reason = "",
    wait: Healthy = False,
    timeout: Timeout = LONG,
    key: Key = "",
    direct: Direct = False,
    output: Output = Format.TEXT,
    config: Config = DEFAULT,
    server: Server = None,
    token_file: TokenFile = None,
    ca_file: CaFile = None,
) -> None:
    """Let suspended services run again: a commit each."""
    how = How(reason, key, direct, output, "healthy" if wait else None, timeout)
    _change("resume", names, how, where(config, server, token_file, ca_file))


def _change(verb: str, names: Sequence[str], how: How, place: Where) -> None:
    """Carry it out for each; what fails for one does not hold up the others, and makes it end with 2."""
    from reconciler.cli.change.desk import open_desk

    if how.key and len(names) > 1:
        raise typer.BadParameter("a key is for one change; name one service", param_hint="--key")
    seconds = seconds_of(how.timeout)
    with open_desk(place, waits=how.until is not None) as desk:
        found, failed = _ask(desk, verb, names, how)
        tell(found, _DONE[verb], how.output)
        for line in failed:
            typer.echo(f"error: {line}", err=True)
        reached = wait_for(desk, found, how.until, seconds)
    if failed or not reached:
        raise typer.Exit(2 if failed else 1)


def _ask(desk: Desk, verb: str, names: Sequence[str], how: How) -> tuple[list[AcceptedShape], list[str]]:
    asks = {
        "stop": desk.stop_service,
        "restart": desk.restart_service,
        "suspend": desk.suspend_service,
        "resume": desk.resume_service,
    }
    from reconciler.client import NoAnswerError

    found, failed = [], []
    for name in dict.fromkeys(names):
        try:
            found.append(asks[verb](name, reason=how.reason, key=how.key, direct=how.direct))
        except ReconcilerError as error:
            failed += words_of(error)
            if isinstance(error, NoAnswerError):
                break
    return found, failed
