"""Answers its own job well for ever, and the daemon's probes too until the file `broken` lies beside its data."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BROKEN, HOST, PORT = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        from_daemon = self.headers["User-Agent"].startswith("reconciler-probe/")
        self.send_response(503 if from_daemon and BROKEN.exists() else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words: object) -> None:
        del words


ThreadingHTTPServer((HOST, PORT), Handler).serve_forever()
