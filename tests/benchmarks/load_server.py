"""A server that is no bottleneck, and keeps its own book: when each request arrived and was answered, by its id.

python load_server.py PORT HOST        after /__stalls it stands still from 5 s to 7 s of each 10 s
GET /__count     requests so far                        GET /__reset      empty the book
GET /__book      [arrived_us, answered_us, id] of each request, CLOCK_MONOTONIC
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Version: 1\r\nContent-Length: 102\r\n\r\n" + b"x" * 102
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Book:
    count = 0
    keep = False
    lines: list[tuple[int, int, bytes]]


book = Book()
book.lines = []


class Talk(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head, self.buffer = self.buffer[:end], self.buffer[end + 4 :]
            if b" /__" in head[:20]:
                self.control(head.split(b" ", 2)[1])
                continue
            book.count += 1
            if not book.keep:
                self.transport.write(ANSWER)
                continue
            arrived_us = time.monotonic_ns() // 1000
            at = head.find(b"X-Request-ID: ")
            number = head[at + 14 :].split(b"\r\n", 1)[0] if at >= 0 else b""
            self.transport.write(ANSWER)
            book.lines.append((arrived_us, time.monotonic_ns() // 1000, number))

    def control(self, path: bytes) -> None:
        body = b"{}"
        if path == b"/__count":
            body = json.dumps(book.count).encode()
        elif path == b"/__reset":
            book.keep, book.lines = True, []
        elif path == b"/__book":
            body = json.dumps([(a, b, c.decode()) for a, b, c in book.lines]).encode()
            book.keep = False
        elif path == b"/__stalls":
            asyncio.get_running_loop().call_later(5, lambda: time.sleep(2))
        self.transport.write(HEAD % len(body) + body)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Talk, sys.argv[2], int(sys.argv[1]), backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
