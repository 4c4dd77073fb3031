"""web: answers GET with what the store says (500 when it does not, within a second); store: PING and GET, as Redis has them.

RESOLVER=own makes web look its store up in Docker's DNS itself, past the hosts file. STUBBORN=1 makes web need a
restart once its store was gone: it never connects a second time. RELEASE=bad makes it answer 500 to half of what is asked.
"""

import itertools
import os
import signal
import socket
import socketserver
import struct
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STORE = os.environ.get("STORE_HOST", "store")
RELEASE = os.environ.get("RELEASE", "good")
gave_up = []
asked = itertools.count()


def resolved(name):
    if os.environ.get("RESOLVER") != "own":
        return name
    query = (
        struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0)
        + bytes([len(name)])
        + name.encode()
        + b"\0"
        + struct.pack(">HH", 1, 1)
    )
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.settimeout(1)
    one.sendto(query, ("127.0.0.11", 53))
    return socket.inet_ntoa(one.recv(512)[-4:])


def ask():
    if gave_up and os.environ.get("STUBBORN"):
        raise OSError("gave up on the store")
    with socket.create_connection((resolved(STORE), 6379), 1) as one:
        one.sendall(b"*2\r\n$3\r\nGET\r\n$4\r\nitem\r\n")
        said = one.recv(100)
    if not said:
        raise OSError("the store closed the connection")
    return said


class Web(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        try:
            code, body = (404 if self.path == "/unhealthy" else 200), b"ok" if self.path == "/healthz" else ask()
        except OSError as error:
            gave_up.append(error)
            print(f"ERROR store: {error}", flush=True)
            code, body = 500, b"no store"
        if RELEASE == "bad" and self.path != "/healthz" and next(asked) % 2:
            code, body = 500, b"no price"
        self.send_response(code)
        self.send_header("X-Version", RELEASE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form, *args):
        if os.environ.get("LOG"):
            print(f"INFO {form % args}", flush=True)


class Store(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline().strip():
            if line.startswith(b"*"):
                words = [self.rfile.readline() and self.rfile.readline().strip() for _ in range(int(line[1:]))]
            else:
                words = line.split()
            verb = words[0].upper() if words else b""
            self.wfile.write(b"+PONG\r\n" if verb == b"PING" else b"+OK\r\n" if verb == b"QUIT" else b"$4\r\nlamp\r\n")
            if verb == b"QUIT":
                return


class Stores(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
if sys.argv[1] == "web":
    ThreadingHTTPServer.request_queue_size = 100
    ThreadingHTTPServer(("0.0.0.0", 8080), Web).serve_forever()
else:
    Stores(("0.0.0.0", 6379), Store).serve_forever()
