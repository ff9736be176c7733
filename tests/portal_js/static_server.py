"""A small server on a free port: the modules, the checks, the vectors, a fake device; under the portal's strict policy."""

import contextlib
import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from tests.thread_server import in_thread

HERE = Path(__file__).parent
POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PAGE = '<!doctype html><meta charset="utf-8"><title>checks</title><script type="module" src="/page_main.js"></script>'


@contextlib.contextmanager
def serving(static, vectors, words, device):
    """The address of a server for `static` (folder), `vectors` (JSON value), `words` (text) and `device` (FakeDevice)."""
    files = {"/": ("text/html", PAGE), "/vectors.json": ("application/json", json.dumps(vectors)), "/words-en.txt": ("text/plain", words)}
    for name in ("checks.js", "device_checks.js", "page_main.js"):
        files[f"/{name}"] = ("text/javascript", (HERE / name).read_text())
    for path in static.glob("*.js"):
        files[f"/static/{path.name}"] = ("text/javascript", path.read_text())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            url = urlsplit(self.path)
            query = dict(parse_qsl(url.query))
            if url.path == "/device":
                self._send(device.describe(query["nonce"]))
            elif url.path == "/knobs":
                self._send(device.knobs(query))
            elif url.path in files:
                kind, text = files[url.path]
                self._send((200, kind, text.encode()))
            else:
                self._send((404, "text/plain", b""))

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answers = {"/claim": device.claim, "/command": device.command, "/report": lambda _: (204, "text/plain", b"")}
            self._send(answers[self.path](body))

        def _send(self, answer):
            if answer is None:  # the connection breaks before the answer
                self.close_connection = True
                return
            status, kind, body = answer
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with in_thread(Handler) as port:
        yield f"http://127.0.0.1:{port}"
