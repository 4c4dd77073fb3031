"""Whether the keys that the load sent can prove anything: keys of a former run, and one key for many requests."""

from __future__ import annotations

from collections.abc import Iterator

from harness.orders.audit import Audit
from harness.orders.operations import Operations
from harness.orders.review import Open
from harness.quantities import numbered

REPEATED = 0.9
"""Of all requests, so many sent under keys that had been acknowledged are no retries, nor a test of them: it is one key for many orders."""


def doubted_keys(audit: Audit) -> Iterator[Open]:
    """Why an order book in which nothing is surely wrong is not proven right by these keys."""
    former, operations = audit.former, audit.operations
    if len(former):
        keys = numbered(len(former), "key")
        such = ", ".join(operations.names(former[:1]))
        yield Open(
            reason="keys_unreadable",
            why=f"{keys} {'was' if len(former) == 1 else 'were'} there before the load sent {'it' if len(former) == 1 else 'them'}, such "
            f"as {such}: what this run did under a former run's key cannot be told from what that one did",
            decide="keys that no run has sent before: uuid.uuid4(), and no counter or seed of the locustfile's own",
        )
    repeated = operations.repeated()
    if repeated > REPEATED * len(operations.attempts):
        yield Open(
            reason="keys_unreadable",
            why=f"{borne(operations)}, and {repeated} were sent when their key had been acknowledged: they ordered nothing",
            decide="a key for each order, drawn where it is sent, and not once for each user",
        )


def borne(operations: Operations) -> str:
    """'500 requests bore 1 key'."""
    return f"{numbered(len(operations.attempts), 'request')} bore {numbered(len(operations), 'key')}"
