"""A server that takes its time before it can do its work, as those of large models do."""

#: Answers its health at once, and its work once there is a file `loaded`; writes each request into `asked`.
SERVER = """
import http.server, pathlib, sys
folder = pathlib.Path(sys.argv[2])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        ill = (folder / "ill").exists()
        self.answer(503 if ill else 200, b"fine")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with (folder / "asked").open("ab") as file:
            file.write(body + b"\\n")
        loaded = (folder / "loaded").exists()
        self.answer(200 if loaded else 503, b"token" if loaded else b"loading")
    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
