"""`reconciler run`: the daemon."""

from __future__ import annotations

import logging
import signal
import threading

from reconciler.cli.config import DEFAULT, Config
from reconciler.cli.log_options import LogFormat, LogLevel, load_and_log


def run(config: Config = DEFAULT, log_format: LogFormat = None, log_level: LogLevel = None) -> None:
    """Run the daemon: make the clusters match the repository and keep them so, until Ctrl-C or SIGTERM."""
    from reconciler.daemon.run import run_daemon

    settings = load_and_log(config, log_format, log_level, "info")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log = logging.getLogger("reconciler")
    run_daemon(settings, stop, lambda address, _: log.info("metrics at %s/metrics", address))
