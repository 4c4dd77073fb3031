"""Holds the network namespace of Toxiproxy and one secondary address per edge in it, so that they outlive Toxiproxy's
restarts.

`python3 -m harness.inside lanes 172.30.5.129/24 …` (or ADDRESSES=…,… in the environment): each address is added to the
interface whose subnet holds it; then it prints 'placed' and waits for SIGTERM. Needs NET_ADMIN and nothing else.
"""

from __future__ import annotations

import fcntl
import ipaddress
import os
import signal
import socket
import struct
import sys
import time

_SIOCGIFADDR, _SIOCGIFNETMASK = 0x8915, 0x891B
_RTM_NEWADDR, _NLM_FLAGS = 20, 0x505  # REQUEST | ACK | CREATE | REPLACE
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
PLACED = "placed"


def main(argv: list[str]) -> int:
    """Returns 1 when an address fits no interface after 10 s (networks are attached before start, but let Docker be
    late)."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    wanted = [ipaddress.IPv4Interface(a) for a in argv or os.environ.get("ADDRESSES", "").split(",") if a.strip()]
    end_s = time.monotonic() + 10
    for address in wanted:
        while not (name := interface_for(address, interfaces())):
            if time.monotonic() > end_s:
                print(f"lanes: no interface holds {address}", file=sys.stderr)
                return 1
            time.sleep(0.05)
        add(name, address)
    print(f"{PLACED} {len(wanted)}", flush=True)
    while True:
        signal.pause()


def interfaces() -> dict[str, ipaddress.IPv4Interface]:
    """The primary IPv4 address of each interface that has one."""
    found = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            try:
                parts = [fcntl.ioctl(probe, code, request)[20:24] for code in (_SIOCGIFADDR, _SIOCGIFNETMASK)]
            except OSError:
                continue
            found[name] = ipaddress.IPv4Interface("/".join(socket.inet_ntoa(part) for part in parts))
    return found


def interface_for(address: ipaddress.IPv4Interface, known: dict[str, ipaddress.IPv4Interface]) -> str:
    """The interface whose subnet holds the address, or ''."""
    return next((name for name, own in known.items() if name != "lo" and address.ip in own.network), "")


def add(name: str, address: ipaddress.IPv4Interface) -> None:
    """Add a secondary address (rtnetlink, man 7 rtnetlink); again is no error. Raises OSError when the kernel
    refuses."""
    packed = address.ip.packed
    body = struct.pack("=BBBBi", socket.AF_INET, address.network.prefixlen, 0, 0, socket.if_nametoindex(name))
    for kind in (_IFA_LOCAL, _IFA_ADDRESS):
        body += struct.pack("=HH4s", 8, kind, packed)
    message = struct.pack("=IHHII", 16 + len(body), _RTM_NEWADDR, _NLM_FLAGS, 1, 0) + body
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.send(message)
        code = struct.unpack_from("=i", kernel.recv(4096), 16)[0]
    if code:
        raise OSError(-code, f"{os.strerror(-code)}: {address} on {name}")
