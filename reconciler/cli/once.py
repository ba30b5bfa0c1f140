"""`reconciler once`: one pass, for cron, scrontab and CI."""

from __future__ import annotations

import typer

from reconciler.cli.config import DEFAULT, Config
from reconciler.cli.log_options import LogFormat, LogLevel, load_and_log
from reconciler.models.text import visible


def once(config: Config = DEFAULT, log_format: LogFormat = None, log_level: LogLevel = None) -> None:
    """Do one full pass and end with 0; with 1 when a file is bad, a target did not answer or an action failed."""
    from reconciler.cli.plan import text_of
    from reconciler.daemon import single_pass

    settings = load_and_log(config, log_format, log_level, "warning")
    result = single_pass(settings, act=True)
    typer.echo(text_of(result), nl=False)
    for report in result.reports.values():
        for outcome in report.outcomes:
            if outcome.error:
                typer.echo(f"failed: {outcome.action.service}: {visible(outcome.error)}", err=True)
    raise typer.Exit(1 if result.failed else 0)
