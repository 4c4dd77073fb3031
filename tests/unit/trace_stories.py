"""Traces written by hand, as small trees: what a span is of, how long it took, whether it failed, and what is below it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.spans import CLIENT, CONSUMER, PRODUCER, SERVER, Span

TRACE = "a" * 32
ASKED = "00000000000000aa"


@dataclass(frozen=True)
class Node:
    """A span to be: `at_ms` after its parent began; `skew_ms` is how far its service's clock is off."""

    service: str
    name: str
    kind: int
    at_ms: float
    took_ms: float
    error: bool
    address: str
    below: tuple[Node, ...]
    skew_ms: float = 0.0
    missing: bool = False


def server(
    service: str, took_ms: float, *below: Node, at_ms: float = 1, error: bool = False, skew_ms: float = 0
) -> Node:
    return Node(service, f"serve {service}", SERVER, at_ms, took_ms, error, "", below, skew_ms)


def call(
    service: str,
    address: str,
    took_ms: float,
    *below: Node,
    at_ms: float = 1,
    error: bool = False,
    missing: bool = False,
) -> Node:
    return Node(service, f"call {address}", CLIENT, at_ms, took_ms, error, address, below, missing=missing)


def send(service: str, took_ms: float, *below: Node, at_ms: float = 1) -> Node:
    return Node(service, "send", PRODUCER, at_ms, took_ms, False, "", below)


def process(service: str, took_ms: float, *below: Node, at_ms: float = 50) -> Node:
    return Node(service, "process", CONSUMER, at_ms, took_ms, False, "", below)


def spans(root: Node, trace: str = TRACE, asked: str = ASKED, begin_s: float = 10.0) -> list[Span]:
    """The tree as spans; a node that is `missing` was made, and is named by its children, but never came."""
    numbers = (f"{number:016x}" for number in range(1, 1 << 16))

    def walk(node: Node, parent: str, begin_s: float) -> Iterator[Span]:
        at_s, number = begin_s + node.at_ms / 1e3, next(numbers)
        if not node.missing:
            seen_s = at_s + node.skew_ms / 1e3
            yield Span(
                trace=trace,
                number=number,
                parent=parent,
                name=node.name,
                service=node.service,
                kind=node.kind,
                begin_s=seen_s,
                end_s=seen_s + node.took_ms / 1e3,
                error=node.error,
                address=node.address,
            )
        for child in node.below:
            yield from walk(child, number, at_s)

    return list(walk(root, asked, begin_s))
