"""What a bad release's declared source of versions told: who served it, since when, and who still did at the end. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from harness.expectations.instants import Instant
from harness.facts import VersionSeen
from harness.journal import Journal

PROBE = "versions"
GAP_S = 5.0  # as the probe promises (harness/probes/versions.py); a test holds them together
LAG_S = 0.5


@dataclass(frozen=True)
class SeenVersions:
    """
    version  how the release calls itself there; '' when that is not known
    sights   each time a replica told it, in the order of their times
    still    the last word of each replica whose last word is this version
    back     when every replica that told it had told another, or was gone, and another replica or version was there
    """

    version: str = ""
    sights: Sequence[VersionSeen] = ()
    still: tuple[VersionSeen, ...] = ()
    back: Instant | None = None

    @property
    def first(self) -> Instant | None:
        """It served when it was first told."""
        return _instant(self.sights[0]) if self.sights else None

    @property
    def last(self) -> Instant | None:
        return _instant(self.sights[-1]) if self.sights else None

    def told_after(self, at_s: float) -> tuple[VersionSeen, ...]:
        """Sights of it that surely are of a time after an instant."""
        return tuple(seen for seen in self.sights if _low_s(seen) > at_s)


def seen_versions(journal: Journal, fault: str, begun_s: float, until_s: float) -> SeenVersions:
    """Of one release, from the beginning of its deployment on. A version is its own when nothing told it before: so somebody
    must have told another before."""
    every = sorted(journal.of(VersionSeen, fault=fault), key=lambda seen: seen.at_s)
    every = [seen for seen in every if seen.at_s <= until_s]
    before = {seen.version for seen in every if seen.at_s < begun_s} - {""}
    later = [seen for seen in every if _low_s(seen) >= begun_s and seen.version]
    name = next((seen.version for seen in later if seen.version not in before), "")
    if not before or not name:
        return SeenVersions()
    sights = tuple(seen for seen in later if seen.version == name)
    words = {seen.replica: seen for seen in every}
    still = tuple(seen for seen in words.values() if seen.version == name)
    return SeenVersions(name, sights, still, None if still else _back(every, sights, words.values()))


def _back(
    every: Sequence[VersionSeen], sights: Sequence[VersionSeen], words: Collection[VersionSeen]
) -> Instant | None:
    last = {seen.replica: seen for seen in sights}
    if not any(word.version for word in words):
        return None  # nobody tells anything any more
    turned = [seen for seen in every if seen.replica in last and seen.at_s > last[seen.replica].at_s]
    first = {seen.replica: seen for seen in reversed(turned)}
    if first.keys() != last.keys():
        return None
    latest = max(first.values(), key=lambda seen: seen.at_s)
    return Instant(max(_low_s(seen) for seen in last.values()), latest.at_s, latest.cite)


def _low_s(seen: VersionSeen) -> float:
    return seen.at_s if seen.begun_s is None else seen.begun_s


def _instant(seen: VersionSeen) -> Instant:
    return Instant(_low_s(seen), seen.at_s, seen.cite)
