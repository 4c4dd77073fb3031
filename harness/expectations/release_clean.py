"""When a service was clean after a release: no alert of that time fires any more, and the orders are done with. Pure."""

from __future__ import annotations

import math

from harness.alerting import episodes, watched
from harness.expectations.instants import Instant
from harness.facts import OrdersSettled, SourceRead
from harness.journal import Journal


def clean(journal: Journal, begun_s: float, recovered: Instant) -> Instant | None:
    """None while an alert that began since the deployment fires, orders are not settled, or nobody looked at either."""
    fired = [episode for episode in episodes(journal) if episode.from_s >= begun_s]
    if any(math.isinf(episode.until_s) for episode in fired):
        return None
    kept = {fact.op for fact in journal.of(SourceRead)}
    settled = {fact.op: fact for fact in journal.of(OrdersSettled)}
    if any(op not in settled or not settled[op].quiet for op in kept):
        return None
    if not kept and not watched(journal, begun_s, recovered.high_s):
        return None
    ends = [recovered]
    for episode in fired:
        ended = episode.ended
        assert ended is not None
        ends.append(Instant(ended.at_s if ended.before_s is None else ended.before_s, ended.at_s, ended.cite))
    # Orders are looked at when the load is over: those of that time may have come to rest any time before.
    ends += [Instant(recovered.low_s, fact.seen_s, fact.cite) for op, fact in settled.items() if op in kept]
    found = ends[0]
    for end in ends[1:]:
        found = found.and_then(end)
    return found
