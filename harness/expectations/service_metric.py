"""What the claims about a service's own metrics share: which series, whose requests they count, and when anything can be said."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from pydantic import Field, field_validator

from harness.expectations import alerts
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.census import Edges, events_alone
from harness.expectations.counters import START, Counters, Unclear, counters
from harness.expectations.metric_names import Groups, grouped, held, leaves_out_redirects, matchers
from harness.expectations.metric_sides import TOO_WIDE, Told, counted_late, if_late, most_under_way_s, told
from harness.expectations.requests import cites, not_begun, still_open
from harness.facts import Blinded
from harness.journal import Window
from harness.quantities import Seconds, spell
from harness.surroundings import prometheus_off, stepped
from harness.verdict import Finding, Outcome, inconclusive

PROBE = "series"
GAP_S = 60.0  # as the probe promises (harness/probes/series.py); a test holds them together
LEAST_S = 0.2  # under way at a window's end is an ordinary request for less than this
HOPS = 5  # redirects that one request follows: one for a form, one for a slash, a few for a login
UP, TOOK = "up", "scrape_duration_seconds"


class ServiceMetric(Expectation):
    """The common part: a metric of the service, held against the ledger."""

    metric: str = Field(
        pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$", description="the metric's name, as the service exposes it"
    )
    only: str = Field(
        default="", description="label matchers that leave this service's series and the load's requests: job=\"api\""
    )
    request: str = Field(
        default="",
        description="how labels spell the load's request names: '{method} {route}'; left out: all series, all requests",
    )
    in_front: tuple[int, ...] | None = Field(
        default=None,
        description="statuses that a proxy in front of the service answers by itself, and the service does not: [502, 504]; "
        "[]: none; left out: not known",
    )
    linger_s: Seconds | None = Field(
        default=None,
        alias="linger",
        description="how long the service may go on after its asker gave up; the load's time-out",
    )
    skew_s: Seconds = Field(
        default=0.05, alias="skew", description="how far clocks may be apart, and a count behind its answer"
    )

    @field_validator("only")
    @classmethod
    def _matchers(cls, text: str) -> str:
        return matchers(text)

    @field_validator("request")
    @classmethod
    def _holds_labels(cls, text: str) -> str:
        if text and not held(text):
            raise ValueError(f"labels stand in braces, such as '{{method}} {{route}}'; {text!r} has none")
        return text

    def about(self) -> str:
        return self.metric

    def unsure(self, reach: Reach) -> str:
        """What keeps both bounds near enough to each other, with this window's numbers."""
        most_s = most_under_way_s(reach.window_s, self.skew_s)
        return (
            f"requests under way for at most {max(0.0, most_s) * 1000:.0f} ms at either end of the window, and an answer to all but "
            f"{TOO_WIDE:.0%} of them"
        )

    def too_short(self, reach: Reach) -> str:
        """Why both bounds may lie too far apart in so short a window, or ''."""
        if most_under_way_s(reach.window_s, self.skew_s) >= LEAST_S:
            return ""
        enough_s = math.ceil(round(2 * (LEAST_S + 2 * self.skew_s) / TOO_WIDE, 6))
        return (
            f"it lasts {spell(round(reach.window_s, 1))}: requests that are under way at its ends make the bounds too wide to tell "
            f"(more than {TOO_WIDE:.0%}); {enough_s}s would do for requests of {LEAST_S * 1000:.0f} ms"
        )

    def led_on(self, reach: Reach) -> str:
        """That nobody knows on which routes requests are counted that redirects lead on, though redirects are left out; or ''."""
        if not (reach.follows and self.request and leaves_out_redirects(self.only)):
            return ""
        return (
            "requests that follow a redirect are counted where it leads, which `request` takes for others than the load sent, and nothing "
            "is decided (redirected): leave `request` out as well, or let the locustfile follow redirects itself (allow_redirects=False)"
        )

    def unseen(self, reach: Reach) -> str:
        return alerts.unseen(reach)

    def selector(self, *more: str, suffix: str = "") -> str:
        """The metric with `only` and further matchers."""
        inner = ",".join(text for text in (self.only, *more) if text)
        return f"{self.metric}{suffix}{{{inner}}}" if inner else f"{self.metric}{suffix}"

    def selectors(self) -> tuple[str, ...]:
        """What the claim counts."""
        return (self.selector(),)

    def series(self) -> tuple[str, ...]:
        return (*self.selectors(), UP, TOOK, START)

    def held(self, evidence: Evidence, judge: Callable[[Told], Finding]) -> Finding:
        """Both sides of the claim's window, judged; a counter that is late is held to no more than it had surely come to, and what
        fails then fails."""
        met = self.known(evidence)
        both = met if isinstance(met, Finding) else told(self, evidence, *met)
        if isinstance(both, Finding):
            return both
        finding = judge(both)
        slow = if_late(both) if finding.outcome is Outcome.FAILED else None
        if slow is None or isinstance(slow, Finding):
            return slow or finding
        again = judge(slow)
        return again if again.outcome is Outcome.FAILED else counted_late(slow, self.metric)

    def edges(self, evidence: Evidence, found: Counters) -> Edges:
        """Between which instants the counters' rises are known, and what else tells what is in them."""
        linger_s = evidence.timeout_s if self.linger_s is None else self.linger_s
        return Edges(
            found.begin,
            found.end,
            found.lost,
            self.skew_s,
            linger_s,
            self.in_front or (),
            self.hops,
            self._events(evidence),
        )

    def _events(self, evidence: Evidence) -> frozenset[int]:
        """Endpoints that events alone tell of, and that series are spelt as: requests to the service, each one."""
        alone = events_alone(evidence.rows) if self.request else frozenset()
        if not alone:
            return alone
        groups = self.groups(evidence, [one.labels for one in evidence.series.get(self.selectors()[0], ())])
        return alone.intersection(
            *[frozenset[int]().union(*(groups.endpoints[name] for name in groups.series.values()))]
        )

    def known(self, evidence: Evidence) -> tuple[Window, Counters] | Finding:
        """The window and the counters over it, or why nothing can be said of them."""
        if evidence.window is None:
            return not_begun(evidence)
        if (missing := alerts.without(evidence)) is not None:
            return missing
        window = evidence.window
        if not window.ended:
            return still_open(evidence, window)
        if (unkept := self._unkept(evidence, window) or clocks(evidence, window)) is not None:
            return unkept
        try:
            found = counters(self.selectors(), evidence.series, window, evidence.journal, over=evidence.over)
        except Unclear as why:
            return inconclusive(
                str(why),
                reason="window_open" if why.still_open else "no_scrapes",
                decide=why.decide,
                cites=cites(evidence),
            )
        return window, found

    def _unkept(self, evidence: Evidence, window: Window) -> Finding | None:
        """Why the series are not there, or not all of them."""
        journal = evidence.journal
        for selector in self.selectors():
            if selector not in evidence.series:
                return inconclusive(
                    f"raw samples of {selector} were not kept in this run",
                    reason="not_recorded",
                    decide="a run with this claim in its drill, in which Prometheus answered",
                    cites=cites(evidence),
                )
            if not journal.watched(PROBE, selector, window.start_s, window.end_s, GAP_S, 0.0):
                what = f"raw samples of {selector} were not kept all the time"
                finding = alerts.not_watched(evidence, what, probe=PROBE, target=selector)
                blinded = journal.last(Blinded, probe=PROBE)
                return finding if evidence.over or blinded else still_open(evidence, window)
        return None

    @property
    def hops(self) -> int:
        """So many requests more to the service, at most, is one that redirects lead on; 0: one alone is counted, its last."""
        if not leaves_out_redirects(self.only):
            return HOPS
        return 1 if self.request else 0

    def groups(self, evidence: Evidence, labels: Sequence[Mapping[str, str]]) -> Groups:
        """Which requests and which series speak of the same, and the series that speak of none of the load's."""
        return grouped(self.request, evidence.rows.endpoints, labels, self.only)


def clocks(evidence: Evidence, window: Window) -> Finding | None:
    """Why the stamps of samples do not say when they were: both sides of a claim are compared by time."""
    known = evidence.journal.cut(window.end_s)
    set_, off = stepped(known), prometheus_off(known)
    if not set_ and not off:
        return None
    return inconclusive(
        set_ or off,
        reason="clock_stepped" if set_ else "clock_off",
        decide="a run in which nobody sets the clock, and a Prometheus on this machine",
        cites=cites(evidence),
    )
