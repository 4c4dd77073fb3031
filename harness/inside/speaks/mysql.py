"""MySQL and MariaDB: log in, COM_PING, COM_QUIT. Never less than a whole login packet.

A server blocks an address after max_connect_errors (100) connections that end before their login (error 1129), and that
address is Toxiproxy's, so the caller would be locked out with us. A login that is denied is a complete exchange and
does not count there; but MariaDB logs it as a warning, so credentials are used where the Compose file tells them.
Source: the client/server protocol chapter of MySQL's internals manual (protocol 10)."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from harness.inside.speaks.secured import Secured
from harness.inside.speaks.wire import Ask, Wire

LONG_PASSWORD, PROTOCOL_41, TLS, SECURE_CONNECTION, PLUGIN_AUTH = 0x1, 0x200, 0x800, 0x8000, 0x80000
NATIVE, SHA2 = "mysql_native_password", "caching_sha2_password"
COM_QUIT, COM_PING = b"\x01", b"\x0e"


@dataclass(frozen=True)
class Greeting:
    """What the server says first."""

    capabilities: int
    salt: bytes
    plugin: str


def exchange(wire: Wire, ask: Ask) -> bytes | None:
    first, number = _packet(wire)
    if (
        first[:1] == b"\xff"
    ):  # too many connections, or blocked: it answered all the same, and ends the connection itself
        wire.note = _error(first)
        return None
    greeting = greeted(first)
    user = ask.user or "drill-witness"
    flags = LONG_PASSWORD | PROTOCOL_41 | SECURE_CONNECTION | (greeting.capabilities & PLUGIN_AUTH)
    if greeting.plugin == SHA2 and ask.password and greeting.capabilities & TLS:
        flags |= TLS  # its full login needs the password itself, which goes only over TLS
        number += 1
        wire.send(_framed(_flags(flags), number))
        wire.start_tls(ask.host)
    plugin = greeting.plugin if greeting.plugin in (NATIVE, SHA2) else NATIVE
    proof = scramble(plugin, ask.password, greeting.salt)
    login = _flags(flags) + user.encode() + b"\0" + bytes([len(proof)]) + proof
    if flags & PLUGIN_AUTH:
        login += plugin.encode() + b"\0"
    wire.send(_framed(login, number + 1))
    answer = _logged_in(wire, ask.password)
    if answer[:1] != b"\x00":
        wire.note = _error(answer)
        return None
    wire.send(_framed(COM_PING, 0))
    answer, _ = _packet(wire)
    wire.note = _error(answer) if answer[:1] == b"\xff" else ""
    return _framed(COM_QUIT, 0)


def greeted(packet: bytes) -> Greeting:
    """Read the first packet of the server. Raises ValueError when it is not protocol 10."""
    if packet[:1] != b"\x0a":
        raise ValueError(f"not MySQL: {packet[:40]!r}")
    at = packet.index(b"\0", 1) + 1 + 4
    salt = packet[at : at + 8]
    at += 9
    low, _, _, high, length = struct.unpack_from("<HBHHB", packet, at)
    at += 8 + 10
    rest = max(13, length - 8)
    salt += packet[at : at + rest].rstrip(b"\0")
    plugin = packet[at + rest :].partition(b"\0")[0].decode("ascii", "replace")
    return Greeting(low | high << 16, salt[:20], plugin)


def scramble(plugin: str, password: str, salt: bytes) -> bytes:
    """The proof that a client knows the password; b'' for an empty one."""
    if not password:
        return b""
    secret = password.encode()
    if plugin == SHA2:
        once = hashlib.sha256(secret).digest()
        mask = hashlib.sha256(hashlib.sha256(once).digest() + salt).digest()
    else:
        once = hashlib.sha1(secret).digest()
        mask = hashlib.sha1(salt + hashlib.sha1(once).digest()).digest()
    return bytes(a ^ b for a, b in zip(once, mask, strict=True))


def _logged_in(wire: Wire, password: str) -> bytes:
    """Go on until the server says yes (0x00) or no (0xff)."""
    while True:
        answer, number = _packet(wire)
        if answer[:1] == b"\xfe":  # it wants another plugin for this user
            name, _, salt = answer[1:].partition(b"\0")
            plugin = name.decode("ascii", "replace")
            known = plugin in (NATIVE, SHA2)
            reply = scramble(plugin, password, salt.rstrip(b"\0")) if known else b""  # refused, but to its end
            wire.send(_framed(reply, number + 1))
        elif answer[:2] == b"\x01\x04":  # caching_sha2_password: not in its cache
            over_tls = isinstance(wire.sock, Secured)
            wire.send(_framed(password.encode() + b"\0" if over_tls else b"\0", number + 1))
        elif answer[:1] != b"\x01":
            return answer


def _flags(flags: int) -> bytes:
    return struct.pack("<IIB23x", flags, 1 << 24, 45)


def _framed(payload: bytes, number: int) -> bytes:
    return struct.pack("<I", len(payload))[:3] + bytes([number & 0xFF]) + payload


def _packet(wire: Wire) -> tuple[bytes, int]:
    head = wire.exactly(4)
    length = int.from_bytes(head[:3], "little")
    if length > 65536:  # no packet of a login is so long: it is another protocol's text, read as a length
        raise ValueError(f"not MySQL: {head!r}")
    return wire.exactly(length), head[3]


def _error(packet: bytes) -> str:
    code = int.from_bytes(packet[1:3], "little")
    return f"{code} {packet[3:160].decode('utf-8', 'replace').lstrip('#')}"
