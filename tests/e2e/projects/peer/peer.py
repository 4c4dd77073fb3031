"""A service of the stack tests.

serve PORT[/udp] …   answer each line with 'NAME PORT LINE' (NAME is $NAME or the host name)
dial HOST PORT       print one answer, or the error; exit code 1 on an error
direct HOST PORT     the same, with a resolver that skips the hosts file (asks Docker's DNS)
udp HOST PORT        the same, with one datagram
need HOST PORT       dial once and end with 1 when that fails; otherwise serve 8080
once CODE [LINE]     print LINE and end with CODE
sleep                do nothing
"""

import os
import signal
import socket
import struct
import sys
import threading

NAME = os.environ.get("NAME") or socket.gethostname()


def serve(words):
    for word in words:
        port, _, kind = word.partition("/")
        threading.Thread(target=serve_udp if kind == "udp" else serve_tcp, args=(int(port),), daemon=True).start()
    signal.pause()


def serve_tcp(port):
    listener = socket.create_server(("0.0.0.0", port), backlog=100)
    while True:
        threading.Thread(target=answer, args=(listener.accept()[0], port), daemon=True).start()


def answer(one, port):
    with one, one.makefile("rw") as lines:
        for line in lines:
            lines.write(f"{NAME} {port} {line}")
            lines.flush()


def serve_udp(port):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind(("0.0.0.0", port))
    while True:
        data, peer = one.recvfrom(1000)
        one.sendto(f"{NAME} {port} ".encode() + data, peer)


def dial(host, port):
    with socket.create_connection((host, port), 3) as one, one.makefile("rw") as lines:
        lines.write("hello\n")
        lines.flush()
        said = lines.readline().strip()
        if not said:
            raise OSError("closed without an answer")
        return said


def dns(host):
    query = struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0)
    query += b"".join(bytes([len(part)]) + part.encode() for part in host.split(".")) + b"\0" + struct.pack(">HH", 1, 1)
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.settimeout(3)
    one.sendto(query, ("127.0.0.11", 53))
    return socket.inet_ntoa(one.recv(512)[-4:])


def datagram(host, port):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.settimeout(3)
    one.sendto(b"hello", (host, port))
    return one.recv(1000).decode()


def main(verb, *words):
    if verb == "serve":
        serve(words)
    elif verb == "once":
        print(*words[1:], flush=True)
        sys.exit(int(words[0]))
    elif verb == "sleep":
        signal.pause()
    host, port = words[0], int(words[1])
    try:
        if verb in ("dial", "need"):
            print(dial(host, port), flush=True)
        elif verb == "direct":
            print(dial(dns(host), port))
        elif verb == "udp":
            print(datagram(host, port))
    except OSError as error:
        print(repr(error), flush=True)
        sys.exit(1)
    if verb == "need":
        serve(["8080"])


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
main(*sys.argv[1:])
