"""Every packet that a network namespace sends and gets over one device, late: held in a queue of the kernel's, and let go on.

    nsenter --net=/proc/PID/ns/net python late.py DEVICE SECONDS PID

Packets stay in the kernel as they were (NFQUEUE: linux/netfilter/nfnetlink_queue.h); only the verdict upon each comes so much
later, in their order. It needs no `netem`, which many kernels are built without. Ends, and takes its rules away, with process PID;
without it (`--queue-bypass`) packets go on at once. Prints a line once packets are held.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

NETFILTER = 12  # NETLINK_NETFILTER
QUEUE = 3 << 8  # NFNL_SUBSYS_QUEUE; below it NFQNL_MSG_*
PACKET, VERDICT, CONFIG = QUEUE, QUEUE | 1, QUEUE | 2
REQUEST = 1
COMMAND, PARAMETERS, LENGTH = 1, 2, 3  # NFQA_CFG_*
HEADER = 1  # NFQA_PACKET_HDR
JUDGED = 2  # NFQA_VERDICT_HDR
BIND, META, ACCEPT = 1, 1, 1
NUMBER = 7
MOST = 65_536  # packets held
RULES = ("PREROUTING -i", "POSTROUTING -o")


def message(kind: int, attribute: int, body: bytes) -> bytes:
    """One message to the queue with one attribute, padded to four bytes."""
    padded = struct.pack("=HH", 4 + len(body), attribute) + body + b"\0" * (-len(body) % 4)
    inner = struct.pack(">BBH", 0, 0, NUMBER) + padded
    return struct.pack("=IHHII", 16 + len(inner), kind, REQUEST, 0, 0) + inner


def packets(data: bytes) -> Iterator[int]:
    """The numbers of the packets that these messages tell of."""
    while len(data) >= 16:
        length, kind = struct.unpack_from("=IH", data)
        inner = data[20:length]
        while kind == PACKET and len(inner) >= 4:
            size, attribute = struct.unpack_from("=HH", inner)
            if attribute & 0x3FFF == HEADER:
                yield int(struct.unpack_from(">I", inner, 4)[0])
            inner = inner[max(4, size + -size % 4) :]
        data = data[max(16, length + -length % 4) :]


@contextlib.contextmanager
def queued(device: str) -> Iterator[None]:
    """Everything over the device goes through the queue."""

    def rule(word: str, where: str) -> None:
        chain, way = where.split()
        words = ["iptables", "-w", "-t", "mangle", word, chain, way, device]
        words += ["-j", "NFQUEUE", "--queue-num", str(NUMBER), "--queue-bypass"]
        subprocess.run(words, check=word == "-A", capture_output=True)

    try:
        for where in RULES:
            rule("-A", where)
        yield
    finally:
        for where in RULES:
            rule("-D", where)


def hold(device: str, seconds: float, pid: int) -> None:
    queue = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER)
    queue.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    queue.bind((0, 0))
    queue.send(message(CONFIG, COMMAND, struct.pack(">BBH", BIND, 0, socket.AF_INET)))
    queue.send(message(CONFIG, PARAMETERS, struct.pack(">IB", 0, META)))
    queue.send(message(CONFIG, LENGTH, struct.pack(">I", MOST)))
    held: deque[tuple[float, int]] = deque()
    with queued(device):
        print(f"what {device} carries is {seconds:g} s late", flush=True)
        while Path(f"/proc/{pid}").exists():
            wait_s = max(0.0, held[0][0] - time.monotonic()) if held else 0.2
            if select.select([queue], [], [], wait_s)[0]:
                came_s = time.monotonic()
                held += ((came_s + seconds, number) for number in packets(queue.recv(65_536)))
            while held and held[0][0] <= time.monotonic():
                queue.send(message(VERDICT, JUDGED, struct.pack(">II", ACCEPT, held.popleft()[1])))


if __name__ == "__main__":
    hold(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
