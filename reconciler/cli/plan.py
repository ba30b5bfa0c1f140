"""`reconciler plan`: what the daemon would do now, from the same code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.config import DEFAULT, Config, load_settings
from reconciler.models.text import visible

if TYPE_CHECKING:
    from reconciler.daemon import Pass
    from reconciler.models.action import Action

_SIGNS = {"deploy": "+", "cancel": "-", "hold": "!"}


class Format(StrEnum):
    """How the plan is written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def plan(
    config: Config = DEFAULT,
    output: Annotated[Format, typer.Option("--output", "-o", help="How it is written.")] = Format.TEXT,
) -> None:
    """Show what would be done now. Ends with 0 when there is nothing to do, 1 for changes, 2 for errors."""
    from reconciler.daemon import single_pass

    result = single_pass(load_settings(config), act=False)
    writers = {Format.TEXT: text_of, Format.JSON: json_of, Format.MARKDOWN: markdown_of}
    typer.echo(writers[output](result), nl=False)
    if result.failed:
        raise typer.Exit(2)
    raise typer.Exit(1 if any(report.plan.changes for report in result.reports.values()) else 0)


def text_of(result: Pass) -> str:
    """The plan for a terminal."""
    revision = result.desired.revision
    lines = [f"revision {revision.short} by {visible(revision.author)}: {visible(revision.subject)}"]
    for name, report in sorted(result.reports.items()):
        lines.append(f"{name}: {_summary(report.seen.complete, report.seen.why, len(report.plan.changes))}")
        rows = _rows(report.plan.actions)
        lines += [f"  {_SIGNS.get(kind, '~')} {kind:8}{subject}: {visible(reason)}" for kind, subject, reason in rows]
        lines += [f"    {made}" for made in _made(result, report.plan.actions)]
    lines += [f"error: {complaint}" for complaint in result.desired.complaints]
    return "\n".join(lines) + "\n"


def markdown_of(result: Pass) -> str:
    """The plan for a comment on a pull request."""
    revision = result.desired.revision
    lines = [f"### Plan for `{revision.short}`", "", f"{_code(revision.subject)} by {_code(revision.author)}", ""]
    for name, report in sorted(result.reports.items()):
        summary = _summary(report.seen.complete, report.seen.why, len(report.plan.changes))
        lines += [f"**{name}**: {summary if report.seen.complete else _code(summary)}", ""]
        rows = [f"| {kind} | `{subject}` | {_cell(reason)} |" for kind, subject, reason in _rows(report.plan.actions)]
        lines += ["| action | what | why |", "|---|---|---|", *rows, ""] if rows else []
        made = [f"- {one}" for one in _made(result, report.plan.actions)]
        lines += [*made, ""] if made else []
    lines += [f"- error: {_code(str(complaint))}" for complaint in result.desired.complaints]
    return "\n".join(lines).rstrip() + "\n"


def json_of(result: Pass) -> str:
    """The plan for programs, as the daemon's page /plan has it."""
    from reconciler.shapes.plans import PlanShape

    return PlanShape.of(result.status, result.views).model_dump_json(indent=2) + "\n"


def _rows(actions: tuple[Action, ...]) -> Iterator[tuple[str, str, str]]:
    from reconciler.shapes.plans import ActionShape

    for one in map(ActionShape.of, actions):
        yield one.action, one.subject, one.reason


def _made(result: Pass, actions: tuple[Action, ...]) -> Iterator[str]:
    """The secrets that come into being with new services: their names only, as no plan makes a value."""
    from reconciler.models.action import kind_of

    for service in dict.fromkeys(action.service for action in actions if kind_of(action) == "deploy"):
        resolved = result.desired.services.get(service)
        if resolved is not None and resolved.generated:
            name = resolved.service.spec.secrets[next(iter(resolved.generated))].name
            yield f"{service}: {', '.join(resolved.generated)} will be made as {name}, where there is none yet"


def _summary(complete: bool, why: str, changes: int) -> str:  # noqa: FBT001 - read from a look, passed on as it is
    if not complete:
        return f"unknown, so nothing would be done: {visible(why)}"
    return f"{changes} change{'s' if changes != 1 else ''}" if changes else "nothing to do"


def _code(text: str) -> str:
    """Foreign text as a code span, in which nothing is markup, a link, a mention or the number of an issue.

    The fence is longer than any run of backticks in the text (CommonMark 6.1).
    """
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {visible(' '.join(text.split()))} {fence}"


def _cell(text: str) -> str:
    """A code span in a table, where a pipe would end the cell even so."""
    return _code(text).replace("|", "\\|")
