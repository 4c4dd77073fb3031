"""Sends the machine's load and memory to carbon every ten seconds, over one connection while it lasts."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

host, port = os.environ["CARBON"].split(":")


def lines() -> Iterator[str]:
    now = int(time.time())
    one, five, fifteen = Path("/proc/loadavg").read_text().split()[:3]
    yield f"office.load.one {one} {now}"
    yield f"office.load.five {five} {now}"
    yield f"office.load.fifteen {fifteen} {now}"
    for line in Path("/proc/meminfo").read_text().splitlines():
        name, value = line.split()[:2]
        if name in ("MemFree:", "MemAvailable:"):
            yield f"office.memory.{name[:-1].lower()} {value} {now}"


while True:
    try:
        with socket.create_connection((host, int(port)), 5) as carbon:
            while True:
                carbon.sendall("".join(f"{line}\n" for line in lines()).encode())
                time.sleep(10)
    except OSError as error:
        print(f"carbon: {error}")
        time.sleep(2)
