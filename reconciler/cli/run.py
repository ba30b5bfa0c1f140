"""`reconciler run`: the daemon."""

from __future__ import annotations

import logging
import signal
import threading
from typing import Annotated

import typer

from reconciler.cli.config import DEFAULT, Config, load_settings


def run(
    config: Config = DEFAULT,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """Run the daemon: make the clusters match the repository and keep them so, until Ctrl-C or SIGTERM."""
    from reconciler.daemon import run_daemon

    start_logging(log_level)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log = logging.getLogger("reconciler")
    run_daemon(load_settings(config), stop, lambda address, _: log.info("metrics at %s/metrics", address))


def start_logging(level: str) -> None:
    """Log lines to standard error: time, level, part, message."""
    known = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
    if level.lower() not in known:
        raise typer.BadParameter(f"{level} is no level; choose one of {', '.join(known)}")
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s", datefmt="%Y-%m-%dT%H:%M:%S%z"
    )
    logging.getLogger("reconciler").setLevel(known[level.lower()])
