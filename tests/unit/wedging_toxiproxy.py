"""A Toxiproxy of the tests' own whose control plane wedges as the real one does: whatever asks about the proxy hangs, and so does
the list of all, until something frees it."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANGS_S = 30.0


class WedgingToxiproxy:
    """freed_by   'delete' (of the proxy), 'restart' (of the server), or '' for nothing."""

    def __init__(self, freed_by: str) -> None:
        self.freed_by = freed_by
        self.proxies: dict[str, dict[str, Any]] = {}
        self.wedged = ""
        self.restarts = 0
        self.calls: list[str] = []
        self._over = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}")
                status, answer = outer._answer(self.command, self.path, body)
                if not status:
                    self.close_connection = True
                    return
                text = b"" if status == 204 else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_DELETE = do_PATCH = handle_any

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.api = ("127.0.0.1", int(self._server.server_address[1]))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def restart(self) -> None:
        self.restarts += 1
        if self.freed_by == "restart":
            self.wedged = ""
            self.proxies.clear()

    def _answer(self, verb: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        from urllib.parse import unquote

        self.calls.append(f"{verb} {unquote(path)}")
        parts = [unquote(part) for part in path.strip("/").split("/")]
        if parts == ["version"]:
            return 200, {"version": "2.12.0"}
        name = parts[1] if len(parts) > 1 else ""
        whole = len(parts) == 2
        if self.wedged and (not name or name == self.wedged):
            if verb == "DELETE" and whole and self.freed_by == "delete":
                self.wedged = ""
            elif not (verb == "POST" and not name):
                self._over.wait(HANGS_S)
                return 0, None
        return self._about(verb, parts, name, body)

    def _about(self, verb: str, parts: list[str], name: str, body: dict[str, Any]) -> tuple[int, Any]:
        if not name and verb == "GET":
            return 200, self.proxies
        if not name:
            self.proxies[body["name"]] = {**body, "toxics": []}
            return 201, self.proxies[body["name"]]
        proxy = self.proxies.get(name)
        if proxy is None:
            return 404, {"error": "proxy not found"}
        if len(parts) == 2:
            if verb == "DELETE":
                del self.proxies[name]
            elif verb == "PATCH":
                proxy |= body
            return (204 if verb == "DELETE" else 200), proxy
        if verb == "POST":
            proxy["toxics"] = [*proxy["toxics"], body]
            return 200, body
        proxy["toxics"] = [one for one in proxy["toxics"] if one["name"] != parts[3]]
        return 204, {}
