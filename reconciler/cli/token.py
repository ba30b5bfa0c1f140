"""`reconciler token`: a new bearer token, and the lines that make the daemon know it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.models.proposal import Role

if TYPE_CHECKING:
    from reconciler.desired.nodes import Plain


def token(
    name: Annotated[str, typer.Argument(help="Who gets it: the author of its commits, and the name in audit lines.")],
    role: Annotated[
        Role, typer.Option("--role", help="read: look; propose: also change some services; admin: any service.")
    ] = Role.READ,
    service: Annotated[
        list[str] | None,
        typer.Option("--service", help="A service that it may change, or a pattern such as 'bench-*'; repeatable."),
    ] = None,
    folder: Annotated[
        list[str] | None,
        typer.Option("--folder", help="A folder of the repository that it may change; repeatable; all when unset."),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="90d|2027-01-31", help="When it ends to be valid; never when unset."),
    ] = None,
) -> None:
    """Make a bearer token: print it (on standard output, this once) and the lines for the daemon's settings.

    Nothing is kept: the settings have its SHA-256 only, and who reads them cannot find the token from that.
    """
    from reconciler.desired.check import check
    from reconciler.desired.finding import field_name
    from reconciler.settings import TokenSettings
    from reconciler.settings.secret import hash_of, make_token

    made = make_token()
    until = {"expires": _until(expires, _now()).isoformat()} if expires else {}
    scope: dict[str, list[Plain]] = {"services": [*(service or ())], "folders": [*(folder or ())]}
    kept: dict[str, Plain] = {"name": name, "role": role.value, **{key: some for key, some in scope.items() if some}}
    kept |= {"sha256": hash_of(made), **until}
    settings, findings = check(TokenSettings, kept)
    if settings is None:
        words = (f"{field_name(one.path)}: {one.problem}; expected {one.expected}" for one in findings)
        raise typer.BadParameter("; ".join(words))
    typer.echo("# below http.tokens in the daemon's settings; the daemon reads them when it starts", err=True)
    typer.echo(_lines(kept), err=True)
    typer.echo(f"# the token itself, for {name}; it is shown only now", err=True)
    typer.echo(made)


def _lines(kept: dict[str, Plain]) -> str:
    """An item of a list in YAML; what stands right of a key is JSON, which is YAML too."""
    first, *rest = [f"{key}: {json.dumps(value)}" for key, value in kept.items()]
    return "\n".join([f"- {first}", *(f"  {line}" for line in rest)])


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the front door: a person says `90d` and means from now


def _until(text: str, now: datetime) -> datetime:
    """A duration from now, or a date, which ends with that day in UTC."""
    from reconciler.models.units import parse_duration

    try:
        day = datetime.fromisoformat(text)
    except ValueError:
        try:
            return (now + parse_duration(text)).replace(microsecond=0)
        except ValueError as error:
            words = f"a time from now such as 90d, or a date such as 2027-01-31, not {text!r}"
            raise typer.BadParameter(words, param_hint="--expires") from error
    until = day if day.tzinfo else day.replace(tzinfo=UTC)
    until += timedelta(days=1) if len(text) == len("2027-01-31") else timedelta()
    if until <= now:
        raise typer.BadParameter("that is over already", param_hint="--expires")
    return until
