"""How the log is written: options of the verbs that keep one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.config import load_settings
from reconciler.logs import FORMATS, LEVELS, start_logging

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.settings import Settings


def _one_of(known: tuple[str, ...], what: str, value: str | None) -> str | None:
    if value is None or value.lower() in known:
        return value and value.lower()
    raise typer.BadParameter(f"{value} is no {what}; choose one of {', '.join(known)}")


LogFormat = Annotated[
    str | None,
    typer.Option(
        metavar="text|json",
        envvar="RECONCILER_LOG_FORMAT",
        help="Lines of text, or one JSON object a line; as the settings say when unset.",
        callback=lambda value: _one_of(FORMATS, "format", value),
        show_default=False,
    ),
]
LogLevel = Annotated[
    str | None,
    typer.Option(
        metavar="|".join(LEVELS),
        envvar="RECONCILER_LOG_LEVEL",
        help="Least level that is written; as the settings say when unset.",
        callback=lambda value: _one_of(LEVELS, "level", value),
        show_default=False,
    ),
]


def load_and_log(config: Path, form: str | None, level: str | None, usual: str) -> Settings:
    """The settings; and the log begun as the options say, or else they, at `usual` level where neither says one.

    An option is heeded before the settings are read, so that their errors come in its form too. Raises SettingsError.
    """
    if form:
        start_logging(level or usual, form)
    settings = load_settings(config)
    start_logging(level or settings.log.level or usual, form or settings.log.format)
    return settings
