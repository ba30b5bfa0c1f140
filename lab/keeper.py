"""The keeper: the process that owns one lab, starts its parts side by side and puts everything back at the end.

It ends on SIGTERM, or when the pipe at its standard input closes, which the kernel does when the process that
started the lab ends in whatever way. Processes that lose their parent come to the keeper (PR_SET_CHILD_SUBREAPER,
prctl(2)), so that nothing that a daemon leaves behind gets away or stays a zombie.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Literal

from lab import control, proc, runs, slurm_start
from lab.host import LabError
from lab.kubernetes_choices import ServerChoices
from lab.run import MARK, Run
from lab.slurm_conf import Choices
from lab.state import PartName, Report
from lab.undo import undo
from lab.user import lab_user

Size = Literal["none", "control-plane", "node"]
Part = Callable[[Run, Callable[[str], None]], object]

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_REAP = 0.5
_JOIN = 3.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What a lab shall consist of. `slurm`: None for none. `detached`: it stays when its starter ends."""

    name: str
    slurm: Choices | None
    kubernetes: Size
    detached: bool = False
    server: ServerChoices = field(default_factory=ServerChoices)


def keep(wish: Wish, claimed: Callable[[str], None]) -> int:
    """Run a lab until it is told to end; returns the exit code.

    `claimed` is called with "" once the lab's folder is there, or with the reason why it cannot be.
    """
    end = threading.Event()
    _listen(end, watch_input=not wish.detached)
    try:
        _complain(runs.clean_dead())
        user = lab_user()
        folder, _lock = runs.claim(wish.name)
    except LabError as error:
        claimed(str(error))
        return 1
    run = Run.at(folder, user)
    _become_keeper(run)
    parts = _parts(wish)
    report = Report(folder, list(parts))
    control.serve(folder, run.daemons)
    claimed("")
    _write_to(run.daemons.log("keeper"))
    threads = [_begin(run, report, name, part) for name, part in parts.items()]
    while not end.wait(_REAP):
        _reap(run)
    return _close(run, threads)


def _parts(wish: Wish) -> dict[PartName, Part]:
    parts: dict[PartName, Part] = {}
    if wish.slurm:
        parts["slurm"] = partial(_slurm, wish.slurm)
    if wish.kubernetes != "none":
        parts["kubernetes"] = partial(_kubernetes, wish.kubernetes, wish.server)
    return parts


def _slurm(choices: Choices, run: Run, progress: Callable[[str], None]) -> object:
    return slurm_start.start(run, choices, progress)


def _kubernetes(
    size: Literal["control-plane", "node"], choices: ServerChoices, run: Run, progress: Callable[[str], None]
) -> object:
    from lab.kubernetes import start  # noqa: PLC0415 - a lab without Kubernetes is up sooner without it

    return start(run, size, choices, progress)


def _listen(end: threading.Event, *, watch_input: bool) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        end.set()

    def watch() -> None:
        while os.read(0, 1024):
            pass
        end.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    if watch_input:
        threading.Thread(target=watch, name="starter", daemon=True).start()


def _become_keeper(run: Run) -> None:
    """Adopt orphans, and mark whatever is started from here on."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
    os.environ[MARK] = str(run.folder)
    run.ledger.process(os.getpid())


def _write_to(log: Path) -> None:
    """From here on, what is printed goes into the lab's own log; the starter's terminal is left alone."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.close(handle)


def _begin(run: Run, report: Report, name: PartName, part: Part) -> threading.Thread:
    def work() -> None:
        try:
            report.ready(name, part(run, partial(report.progress, name)))
        except Exception as error:  # noqa: BLE001 - whatever stops a part is its report, and no other part's
            traceback.print_exc()
            reason = str(error) if isinstance(error, LabError) else f"{type(error).__name__}: {error}"
            with suppress(FileNotFoundError):  # the lab has ended meanwhile
                report.failed(name, reason)

    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread


def _reap(run: Run) -> None:
    """Take leave of adopted processes that have ended.

    Those are the zombies of other sessions: the daemons' own ends belong to Daemons, and what the parts run
    without a session of its own belongs to them.
    """
    own = os.getsid(0)
    daemons = run.daemons.all_pids()
    for process in proc.every():
        if process.zombie and process.parent == os.getpid() and process.session != own and process.pid not in daemons:
            with suppress(ChildProcessError):
                os.waitpid(process.pid, os.WNOHANG)


def _close(run: Run, threads: list[threading.Thread]) -> int:
    """Put everything back: once to stop what the parts wait for, and again for what they did meanwhile."""
    run.daemons.close()
    undo(run.ledger)
    for thread in threads:
        thread.join(_JOIN)
    problems = runs.bury(run.folder)
    _reap(run)
    _complain(problems)
    return 1 if problems else 0


def _complain(problems: list[str]) -> None:
    for problem in problems:
        sys.stderr.write(f"lab: not put back: {problem}\n")
