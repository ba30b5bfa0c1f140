"""The wire between a lab's keeper and those who use the lab: one JSON line there, one back, on a private socket.

Daemons are children of the keeper, so that only it can stop one, start it again and know that it has ended.
"""

from __future__ import annotations

import json
import signal
import socket
import socketserver
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from lab.host import LabError
from lab.process import Daemons

Verb = Literal["pids", "start", "stop", "signal"]
_SECONDS = 30.0


def serve(folder: Path, daemons: Daemons) -> socketserver.BaseServer:
    """Answer on `control.sock` in `folder`, which only the user that runs the keeper may open."""

    class Handler(socketserver.StreamRequestHandler):
        """One request."""

        def handle(self) -> None:
            verb, *words = json.loads(self.rfile.readline())
            try:
                answer = {"error": "", "pids": _obey(daemons, verb, words)}
            except LabError as error:
                answer = {"error": str(error), "pids": {}}
            self.wfile.write(json.dumps(answer).encode() + b"\n")

    path = _path(folder)
    server = socketserver.ThreadingUnixStreamServer(str(path), Handler)
    path.chmod(0o600)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="control", daemon=True).start()
    return server


def ask(folder: Path, verb: Verb, *words: str) -> dict[str, int | None]:
    """Have the keeper of the lab in `folder` do something; returns name → pid (None: ended) of all its daemons.

    `pids`; `start NAME [ARGUMENT…]` starts one again; `stop NAME [SIGNAL]` waits for its end (SIGTERM unless said
    otherwise, such as SIGKILL); `signal NAME SIGNAL` does not wait (SIGSTOP, SIGCONT). Raises LabError.
    """
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(_SECONDS)
        try:
            wire.connect(str(_path(folder)))
            wire.sendall(json.dumps([verb, *words]).encode() + b"\n")
            answer = json.loads(wire.makefile().readline())
        except (OSError, ValueError) as error:
            raise LabError(f"the keeper of the lab in {folder} does not answer: {error}") from error
    if answer["error"]:
        raise LabError(answer["error"])
    pids: dict[str, int | None] = answer["pids"]
    return pids


def _obey(daemons: Daemons, verb: Verb, words: Sequence[str]) -> dict[str, int | None]:
    match verb, words:
        case "pids", []:
            pass
        case "start", [name, *extra]:
            daemons.start_again(name, *extra)
        case "stop", [name]:
            daemons.stop(name)
        case "stop", [name, number]:
            daemons.stop(name, signal.Signals[number])
        case "signal", [name, number]:
            daemons.send(name, signal.Signals[number])
        case _:
            raise LabError(f"the keeper does not know {verb} {' '.join(words)}")
    return daemons.pids()


def _path(folder: Path) -> Path:
    return folder / "control.sock"
