"""A page is delivered in time, to whom it should: somebody is called."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from harness.expectations import alerts, known_alerts, page_unseen
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.page_judged import PageJudged
from harness.expectations.slow_pages import slow_page
from harness.quantities import Seconds
from harness.verdict import Finding


class PageSent(Expectation):
    """A notification about an alert is delivered to its receiver in time.

        expect:
          - page_sent: {receiver: oncall, alert: CheckoutLatencyHigh, labels: {severity: page}, count: 1, within: 35s}

    Units:   within: a duration from the phase's beginning (in `then` from its end); the whole phase when left out.
             count: exactly so many notifications within the time; at least one when left out. `status: resolved` is the
             message that the alert has cleared, and the last word on it: of each alert that the receiver was told of since the
             phase's beginning, and none of them fires when the time is over. url: where the receiver really listens; a page that Alertmanager sends to
             another host or path then fails. Without it nobody knows whether the receiver has the path that is configured.
    Counts:  notifications as they arrive at a mailbox under the host name of the receiver's URL, so that no person is paged.
             One per group key, alert, start and status, and with `count` each repeat of it (Alertmanager's repeat_interval):
             a person is called again. A copy from another Alertmanager is none, and one too soon for a repeat may be a
             retry (inconclusive: retry_or_repeat). Of an alert that began to fire, or was pending, before the phase's
             first fault none counts, nor one of an alert that fires by chance as often (pre_existing), nor, as a late one, of
             an alert that held only after the next phase's fault.
    Decides: when the time is over. Failed: late, too_many_pages, too_few_pages, other_service, wrong_labels, and, by the hop at
             which its way ended, rule_missing, rule_broken, rule_too_slow, rule_impossible, missed, pending_only, fired_not_routed,
             wrong_receiver (also one that sends nothing), wrong_url, suppressed (silenced, inhibited or muted, and by what),
             still_waiting (group_wait, group_interval), not_delivered; never_resolved for an all-clear. Inconclusive:
             pre_existing, other_source (Prometheus has the rule, and what it never fired came), not_observable (nobody here sees that
             receiver, or whether its route is muted, or a delivery left alerts out), inhibitor_unsent (what would hold
             the page back fires, and Alertmanager had not heard of it), no_alertmanager,
             below_floor, not_evaluated, too_near (of a polled list), no_series (its rule's `offset` looks back to
             before the run), and no_series or rule_missing of an all-clear (what is gone is what the alert reads, or its rule, and not
             the trouble).
    Source:  what was received (on a target also what its provider's list shows, between two looks), Alertmanager's
             /api/v2/alerts and silences each second, its configuration, and what both servers
             count of alerts on their way (/metrics). Whether anybody acknowledged is a provider's own state: not observable.
    """

    word: ClassVar[str] = "page_sent"
    timed: ClassVar[tuple[str, ...]] = ("late",)

    alert: str = Field(min_length=1, description="the alert's name, as the rule has it")
    receiver: str = Field(default="", description="the receiver's name in Alertmanager; any when left out")
    labels: dict[str, str] = Field(default_factory=dict, description="labels that the alert must have")
    status: Literal["firing", "resolved"] = Field(default="firing", description="firing, or resolved: the all-clear")
    count: int | None = Field(default=None, ge=1, description="exactly so many notifications; at least one without it")
    within_s: Seconds | None = Field(default=None, alias="within", description="from the phase's beginning, or its end")
    url: str = Field(default="", pattern=r"^$|^http://[^/]", description="where the receiver really listens")

    def about(self) -> str:
        return f"{self.alert}-{self.receiver}" if self.receiver else self.alert

    def late_s(self) -> float | None:
        return self.within_s

    def undecidable(self, reach: Reach) -> str:
        return alerts.too_long(reach, self.within_s)

    def pages(self) -> str:
        return self.alert

    def unseen(self, reach: Reach) -> str:
        return alerts.unseen(reach, pages=True) or page_unseen.planned(reach, self.receiver)

    def doubtful(self, reach: Reach) -> str:
        if why := known_alerts.no_alert(reach, self.alert, self.labels):
            return why
        if why := page_unseen.silent(reach, self.receiver):
            return why
        if reach.then or not reach.faulted or reach.alerts is None or self.status == "resolved":
            return ""
        limit_s = reach.window_s if self.within_s is None else min(self.within_s, reach.window_s)
        return slow_page(reach, self.alert, self.receiver, limit_s, self.labels)

    def check(self, evidence: Evidence) -> Finding:
        window = alerts.begun(evidence, pages=True)
        return window if isinstance(window, Finding) else PageJudged(self, evidence, window).finding()
