"""A fake reach that answers readers of sources as it is told to, and the readers that it is asked by."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.drill.readers import HttpReader, RabbitmqReader, Reader, RedisReader
from harness.errors import NotApplied
from harness.orders.readers import read
from harness.world.handles import Login, Page, Said

Answer = Callable[[Sequence[str], Mapping[str, str]], Said]


def printed(text: str, code: int = 0, err: str = "") -> Said:
    return Said(code, io.BytesIO(text.encode()), err)


@dataclass
class FakeReach:
    """Answers as it is told to; `asked` has each command, each path, each peek, and `taken` how many messages each peek may take.
    `refuses`: why no login is let in."""

    answers: Answer = lambda command, environment: printed("")
    pages: dict[str, Page] = field(default_factory=dict)
    messages: list[bytes] = field(default_factory=list)
    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[Any] = field(default_factory=list)
    told: list[Mapping[str, str]] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    refuses: str = ""

    def inside(
        self, service: str, command: Sequence[str], environment: Mapping[str, str], within_s: float, most_bytes: int
    ) -> Said:
        self.asked.append(command)
        self.told.append(environment)
        return self.answers(command, environment)

    def here(self, command: Sequence[str], within_s: float, most_bytes: int) -> Said:
        return self.inside("", command, {}, within_s, most_bytes)

    def get(
        self, service: str, port: int, path: str, headers: Mapping[str, str], within_s: float, most_bytes: int
    ) -> Page:
        self.asked.append(path)
        return self.pages.get(path, Page(404, {}, b"nothing here"))

    def peek(self, service: str, login: Login, queue: str, most: int, within_s: float) -> Sequence[bytes]:
        self.asked.append((login.user, login.password, login.path, queue))
        self.taken.append(most)
        if self.refuses:
            raise NotApplied(f"RabbitMQ at 127.0.0.1:5672, as {login.user}: {self.refuses}")
        return self.messages[:most]


def rows(reader: Reader, reach: FakeReach, **limits: int) -> list[dict[str, Any]]:
    return [dict(row) for row in read(reader, reach, **limits)]


def page(told: Any, status: int = 200, **headers: str) -> Page:
    return Page(status, headers, told if isinstance(told, bytes) else json.dumps(told).encode())


def http(**more: Any) -> HttpReader:
    return HttpReader.model_validate({"service": "payments", "port": 8080, "path": "/charges", **more})


def redis(**more: Any) -> RedisReader:
    return RedisReader.model_validate({"service": "redis", **more})


def paged(*pages: tuple[str, str, Any]) -> FakeReach:
    left = list(pages)
    return FakeReach(lambda *_: printed(json.dumps(left.pop(0))))


def counted(ready: int, held: int) -> Answer:
    queue = {"name": "work", "messages_ready": ready, "messages_unacknowledged": held}
    return lambda *_: printed(f"[\n{json.dumps(queue)}\n]\n")


def rabbitmq(**more: Any) -> RabbitmqReader:
    return RabbitmqReader.model_validate({"service": "mq", "queue": "work", **more})
