"""When the containers of a bad release were taken back, as looks at Docker told. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from harness.expectations.instants import Instant
from harness.expectations.seen_versions import SeenVersions
from harness.facts import Deployed, Looked, ReleaseSeen
from harness.journal import Journal


@dataclass(frozen=True)
class Containers:
    """
    any     whether any container was seen to run the release
    first   when the first was taken back, and `last` when all had been
    partly  whether some had been, and others had not
    halved  whether one was seen to be taken back in part, with something of the release still in it
    """

    any: bool = False
    first: Instant | None = None
    last: Instant | None = None
    partly: bool = False
    halved: bool = False


def taken_from(journal: Journal, services: tuple[str, ...], end_s: float) -> Containers:
    """What Docker told of the release's containers until an instant."""
    bad = [s for s in journal.of(ReleaseSeen, release="bad", until_s=end_s) if s.service in services]
    if not bad:
        return Containers()
    later = [s for s in journal.of(ReleaseSeen, until_s=end_s, since_s=bad[0].at_s) if s.service in services]
    names = {s.container for s in bad}
    left = [s for s in later if s.release in ("good", "other", "gone") and s.container in names]
    # A container found good before the last one turned bad has still to get it: a deployment goes one by one.
    left = [s for s in left if s.at_s >= bad[-1].at_s]
    first = last = None
    if left:
        looks = (k.seen_s for k in journal.of(Looked, probe="releases", until_s=end_s) if k.seen_s < left[0].at_s)
        first = Instant(max([bad[-1].at_s, *looks]), left[0].at_s, left[0].cite)
    backs = [d for d in journal.of(Deployed, by="rollback", until_s=end_s) if d.service in services]
    if backs and {d.service for d in backs} == {s.service for s in bad}:
        latest = max(backs, key=lambda d: d.at_s)
        last = Instant(latest.at_s if latest.begun_s is None else latest.begun_s, latest.at_s, latest.cite)
    return Containers(True, first, last, bool(left) and last is None, any(s.stayed for s in later))


def taken_back(containers: Containers, seen: SeenVersions) -> dict[str, Instant]:
    """taken_back (by every container, and every replica that told its version), and decided: when the first was, where nobody
    said so before."""
    found: dict[str, Instant] = {}
    if containers.first is not None:
        found["decided"] = containers.first
    if containers.last is not None:
        found["taken_back"] = containers.last.and_then(seen.back) if not seen.still else containers.last
    elif not containers.any and seen.back is not None:
        found["taken_back"] = seen.back
    return found
