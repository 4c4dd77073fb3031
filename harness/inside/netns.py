"""Being where a caller is: its network namespace, its hosts file, its resolver."""

from __future__ import annotations

import ctypes
import os
import random
import socket
import struct
import time

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def enter(pid: int) -> None:
    """Move the calling thread, and no other, into the network namespace of a process. Raises OSError.

    Only for a thread that ends afterwards. Entering by pid at each look is what keeps a look right after the caller was
    restarted; a helper that joined the namespace once would be left behind in a dead one.
    """
    fd = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        if _libc.setns(fd, CLONE_NEWNET):
            code = ctypes.get_errno()
            raise OSError(code, f"cannot enter the caller's network: {os.strerror(code)}")
    finally:
        os.close(fd)


def namespace(pid: int) -> str:
    """The identity of a process's network namespace; equal for containers that share one. '' when it is gone."""
    try:
        return os.readlink(f"/proc/{pid}/ns/net")
    except OSError:
        return ""


def addresses(host: str, pid: int, within_s: float, dns_only: bool = False) -> list[str]:
    """The addresses of a host name as the process's own libc would find them: hosts file first, then its resolver.

    Call it from a thread that has entered the namespace. Raises OSError when the name does not resolve.
    """
    if _is_address(host):
        return [host]
    if not dns_only:
        found = in_hosts(read(pid, "etc/hosts"), host)
        if found:
            return found
    return _ask(host, read(pid, "etc/resolv.conf"), within_s)


def read(pid: int, path: str) -> str:
    with open(f"/proc/{pid}/root/{path}", encoding="utf-8", errors="replace") as file:
        return file.read()


def in_hosts(text: str, host: str) -> list[str]:
    """All addresses that a hosts file gives a name, in its order."""
    found = []
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) > 1 and host.lower() in (w.lower() for w in words[1:]) and _is_address(words[0]):
            found.append(words[0])
    return found


def resolver(text: str) -> tuple[list[str], list[str], int]:
    """Name servers, search domains and ndots of a resolv.conf."""
    servers: list[str] = []
    search: list[str] = []
    ndots = 1
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) > 1 and words[0] == "nameserver":
            servers.append(words[1])
        elif len(words) > 1 and words[0] in ("search", "domain"):
            search = words[1:]
        elif words and words[0] == "options":
            ndots = next((int(w[6:]) for w in words if w.startswith("ndots:") and w[6:].isdigit()), ndots)
    return servers or ["127.0.0.1"], search, ndots


def _ask(host: str, resolv_conf: str, within_s: float) -> list[str]:
    servers, search, ndots = resolver(resolv_conf)
    qualified = [host, *(f"{host}.{domain}" for domain in search)]
    if host.count(".") < ndots:
        qualified = [*qualified[1:], host]
    ends_s = time.monotonic() + within_s
    why = f"{host} does not resolve"
    for name in qualified:
        for server in servers:
            left_s = ends_s - time.monotonic()
            if left_s <= 0:
                raise OSError(f"{why} (no answer within {within_s:g} s)")
            try:
                found = _query(name, server, min(left_s, max(0.2, within_s / len(servers) / len(qualified))))
            except OSError as error:
                why = f"{host} does not resolve ({server}: {error})"
                continue
            if found:
                return found
            break
    raise OSError(why)


def _query(name: str, server: str, within_s: float) -> list[str]:
    """One DNS question for IPv4 addresses (RFC 1035)."""
    number = random.getrandbits(16)
    labels = b"".join(bytes([len(part)]) + part for part in name.encode("idna").rstrip(b".").split(b"."))
    question = struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 1, 1)
    with socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(within_s)
        sock.connect((server, 53))
        sock.send(question)
        while True:
            answer = sock.recv(4096)
            if answer[:2] == question[:2]:
                return answered(answer)


def answered(answer: bytes) -> list[str]:
    """The IPv4 addresses in a DNS answer; [] when it says that there is none."""
    _, _, questions, answers, _, _ = struct.unpack(">HHHHHH", answer[:12])
    at = 12
    for _ in range(questions):
        at = _past_name(answer, at) + 4
    found = []
    for _ in range(answers):
        at = _past_name(answer, at)
        kind, _, _, length = struct.unpack(">HHIH", answer[at : at + 10])
        at += 10
        if kind == 1 and length == 4:
            found.append(socket.inet_ntoa(answer[at : at + 4]))
        at += length
    return found


def _past_name(data: bytes, at: int) -> int:
    while data[at]:
        if data[at] >= 0xC0:
            return at + 2
        at += data[at] + 1
    return at + 1


def _is_address(text: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text)
        except OSError:
            continue
        return True
    return False
