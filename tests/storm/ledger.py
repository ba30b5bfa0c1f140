#!/usr/bin/env python3
"""A tiny stateful server: `ledger FOLDER HOST PORT`. Each request adds one to a file; the answer is how many.

It takes a lock on its folder for as long as it lives. When another one has it, that is written down and kept: two
servers on the same data are what must never happen. On SIGTERM it ends at once, with its last line on disk.
"""

import fcntl
import http.server
import os
import pathlib
import signal
import sys
import time

folder = pathlib.Path(sys.argv[1])
lock = (folder / "ledger.lock").open("w")
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    with (folder / "overlaps").open("a") as overlaps:
        overlaps.write(f"{time.time():.3f} job {os.environ.get('SLURM_JOB_ID')} found the lock taken\n")
    sys.exit(9)
ledger = (folder / "ledger").open("ab")


class Handler(http.server.BaseHTTPRequestHandler):
    """GET / adds one and says how many there are; GET /health adds nothing."""

    def do_GET(self) -> None:
        if self.path == "/":
            ledger.write(b".")
            ledger.flush()
            os.fsync(ledger.fileno())
        text = f"{os.fstat(ledger.fileno()).st_size}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *words: object) -> None:
        """Nothing: the log of the job is for what goes wrong."""


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.HTTPServer((sys.argv[2], int(sys.argv[3])), Handler).serve_forever()
