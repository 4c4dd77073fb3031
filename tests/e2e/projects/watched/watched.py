"""web: answers GET with what the store says, and /metrics with whether it did; store: answers GET."""

import os
import signal
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

seen = {"up": 1, "ok": 0, "failed": 0}


def ask():
    try:
        with urllib.request.urlopen(os.environ["STORE"], timeout=0.5) as answer:
            body = answer.read()
        seen.update(up=1, ok=seen["ok"] + 1)
        return 200, body
    except OSError as error:
        print(f"ERROR store: {error}", flush=True)
        seen.update(up=0, failed=seen["failed"] + 1)
        return 500, b"no store"


def metrics():
    lines = [f"web_store_up {seen['up']}", f"web_asked_total {seen['ok'] + seen['failed']}"]
    return ("\n".join(lines) + "\n").encode()


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        code, body = 200, b"a lamp"
        if self.path == "/metrics":
            body = metrics()
        elif sys.argv[1] == "web" and self.path != "/healthz":
            code, body = ask()
        self.send_response(code)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def ask_on():
    while True:
        ask()
        time.sleep(0.5)


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
if sys.argv[1] == "web":
    threading.Thread(target=ask_on, daemon=True).start()
ThreadingHTTPServer.request_queue_size = 100
ThreadingHTTPServer(("0.0.0.0", 8080), Answers).serve_forever()
