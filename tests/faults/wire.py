"""A wire to slurmctld that lets a request through and loses the answer, so that the real client finds its own words."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.slurm import SlurmFacts

_CHUNK = 65536


@contextmanager
def lossy(slurm: SlurmFacts, answered: Callable[[], None]) -> Iterator[Path]:
    """A slurm.conf that leads over such a wire. `answered` is called when an answer has come and is lost."""

    class Handler(socketserver.BaseRequestHandler):
        """One connection: forwards what the client says, and hangs up when slurmctld begins to answer."""

        def handle(self) -> None:
            with socket.create_connection((slurm.address, slurm.port)) as controller:
                threading.Thread(target=_forward, args=(self.request, controller), daemon=True).start()
                if controller.recv(_CHUNK):
                    answered()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server((slurm.address, 0), Handler) as server:
        conf = slurm.run / "lossy.conf"
        port = server.server_address[1]
        conf.write_text(slurm.conf.read_text().replace(f"SlurmctldPort={slurm.port}", f"SlurmctldPort={port}"))
        conf.chmod(0o644)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield conf
        finally:
            server.shutdown()
            conf.unlink()


def _forward(client: socket.socket, controller: socket.socket) -> None:
    try:
        while chunk := client.recv(_CHUNK):
            controller.sendall(chunk)
    except OSError:
        return  # the other side has hung up
