"""A page tells whoever it wakes what is wrong, how bad, and what to do."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from harness import alerting
from harness.edges import edge_id
from harness.expectations import alerts, known_alerts
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.notifications import GAP_S, LAG_S, PROBE, Notification, notifications
from harness.expectations.page_items import ITEMS, Asked, Item, as_listed
from harness.expectations.requests import cites, still_open
from harness.facts import Paged
from harness.journal import Window
from harness.verdict import Finding, Measure, failed, inconclusive, passed


class PageQuality(Expectation):
    """Every page about an alert carries what its reader needs: each item is looked at by itself.

        expect:
          - page_quality: {alert: CheckoutLatencyHigh, receiver: oncall, runbooks: ../dashboards/runbooks, except: [dependency]}
          - page_quality: {alert: "*", labels: {severity: page}, require: [summary, runbook, template]}

    Units:   alert: a name, or a pattern such as "*". Items: severity (one of `severities`), summary, description, runbook (a
             file of the folder `runbooks`, with the sections Meaning, Impact, Diagnosis, Mitigation), dashboard (its URL),
             service, dependency (that is named, in a label or in the text: the one given, else the one the phase hurts), value
             (two numbers in the description: what it is, by `{{ $value }}` in the rule, and what it is held against), template (none broke), generator (the
             link back), whole (no alert was left out of it), size (at most `most` alerts in one page), receiver (the one
             given). `require` names those that count, all when left out; `except` names those that do not.
    Counts:  each notification that such an alert fires, by its first delivery.
    Decides: failed (bad_page) at the first page that lacks an item; passed when the window is over and one came at least. An
             item that nobody here can tell, a runbook behind a URL, is not observable, and then it does not pass.
    Source:  what was delivered to the mailbox; the runbooks as they were when the run began.
    """

    word: ClassVar[str] = "page_quality"

    alert: str = Field(min_length=1, description="the alert's name, or a pattern")
    receiver: str = Field(default="", description="the receiver that must get it")
    labels: dict[str, str] = Field(default_factory=dict, description="only pages about alerts with these labels")
    runbooks: str = Field(default="", description="the folder of runbooks, relative to the drill file")
    service: str = Field(default="", description="the service that must be named; else any label that says one")
    dependency: str = Field(
        default="", description="the dependency that must be named; else the one that the phase hurts"
    )
    severities: tuple[str, ...] = Field(default=("critical", "warning", "info", "page", "ticket"), min_length=1)
    most: int = Field(default=5, ge=1, description="alerts in one page")
    require: tuple[str, ...] = Field(default=(), description="the items that count; all when left out")
    but: tuple[str, ...] = Field(default=(), alias="except", description="items that do not count")

    @model_validator(mode="after")
    def _known_items(self) -> PageQuality:
        unknown = [name for name in (*self.require, *self.but) if name not in ITEMS]
        if unknown:
            raise ValueError(f"there is no item {unknown[0]!r}; there are {', '.join(ITEMS)}")
        if "receiver" in self.require and not self.receiver:
            raise ValueError("the item receiver needs a `receiver`")
        if not self.items:
            raise ValueError("no item is left that counts")
        return self

    @property
    def items(self) -> tuple[str, ...]:
        """Those that count, in their order. Whom it goes to counts where that was said."""
        wanted = self.require or tuple(name for name in ITEMS if name != "receiver" or self.receiver)
        return tuple(name for name in ITEMS if name in wanted and name not in self.but)

    def about(self) -> str:
        return "all" if self.alert == "*" else self.alert

    def pages(self) -> str:
        return self.alert

    def unseen(self, reach: Reach) -> str:
        return alerts.unseen(reach, pages=True)

    def doubtful(self, reach: Reach) -> str:
        if doubt := known_alerts.no_alert(reach, self.alert, self.labels):
            return doubt
        if "runbook" not in self.items or self.runbooks:
            return ""
        return (
            "a page with a runbook's URL will leave it inconclusive, for a URL cannot be looked at from here: name the folder that it is "
            "served from with `runbooks`, or leave it out with `except: [runbook]`"
        )

    def check(self, evidence: Evidence) -> Finding:  # noqa: PLR0911 (one return for each thing there is to say)
        journal, window = evidence.journal, alerts.begun(evidence, pages=True)
        if isinstance(window, Finding):
            return window
        pages = [
            note
            for note in notifications(journal)
            if window.start_s <= note.low_s <= note.at_s < window.end_s
            and note.first.status == "firing"
            and alerting.named(note.first.alert, self.alert)
            and alerting.bears(note.first.labels, self.labels)
        ]
        looked = {name: self._looked(evidence, window, name, pages) for name in self.items}
        lacking = {name: found for name, found in looked.items() if found and found[0].held is False}
        blind = {name: found for name, found in looked.items() if found and found[0].held is None}
        good = len(self.items) - len(lacking) - len(blind)
        measure = Measure(good, good, f"of {len(self.items)} items") if pages else None
        details = tuple((name, f"{_word(found[0].held)}: {found[0].said}") for name, found in looked.items() if found)
        told = [fact for found in (*lacking.values(), *blind.values()) if found for fact in (found[1], *found[0].facts)]
        where = cites(evidence, *(told or [note.first for note in pages[:3]]))
        what = f"{len(pages)} page{'s' if len(pages) != 1 else ''} about {alerts.spoken(self.alert, self.labels)}"
        watched = journal.watched(PROBE, "", window.start_s, window.end_s, GAP_S, LAG_S)
        if not watched:  # it may yet have gone, or go, to the right one as well
            lacking.pop("receiver", None)
        if lacking:
            said = "; ".join(f"{name}: {found[0].said}" for name, found in lacking.items() if found)
            return failed(
                f"{what}: {said}",
                reason="bad_page",
                measure=measure,
                cites=tuple(dict.fromkeys(where)),
                details=details,
            )
        if not window.ended:
            return still_open(evidence, window)
        if not pages:
            return inconclusive(
                f"no page about {alerts.spoken(self.alert, self.labels)} came, so there was none to read",
                decide="a page in the window",
                cites=where,
            )
        if not watched:
            return alerts.not_watched(evidence, f"{what} came, and each had all items", "the mailbox", probe=PROBE)
        if blind:
            return inconclusive(
                f"{what}: " + "; ".join(f"{name}: {found[0].said}" for name, found in blind.items() if found),
                reason="not_observable",
                decide=f"{'`runbooks`, or ' if 'runbook' in blind and not self.runbooks else ''}`except: [{', '.join(blind)}]`",
                measure=measure,
                cites=tuple(dict.fromkeys(where)),
                details=details,
            )
        return passed(f"{what}: all {len(self.items)} items are there", measure=measure, cites=where, details=details)

    def _looked(
        self, evidence: Evidence, window: Window, name: str, pages: list[Notification]
    ) -> tuple[Item, Paged] | None:
        """The item on the page that lacks it, else on one where nobody can tell, else on the first; None without a page."""
        dependencies = (self.dependency,) if self.dependency else _hurt(evidence)
        receivers: dict[tuple[str, str], dict[str, None]] = {}
        for note in pages:
            receivers.setdefault(_alert(note), {})[note.first.receiver] = None
        found = []
        for note in pages:
            asked = Asked(
                evidence.journal,
                self.receiver,
                tuple(receivers[_alert(note)]),
                self.severities,
                self.service,
                dependencies,
                self.runbooks,
                self.most,
            )
            item = ITEMS[name](note.first, asked)
            found.append((item if note.first.before_s is None else as_listed(name, item), note.first))
        order = {False: 0, None: 1, True: 2}
        return min(found, key=lambda one: order[one[0].held], default=None)


def _alert(note: Notification) -> tuple[str, str]:
    """One alert, whoever is told of it."""
    return note.first.fingerprint, note.first.start


def _hurt(evidence: Evidence) -> tuple[str, ...]:
    """The dependencies that the phase's faults hurt: the far end of an edge, or the service itself."""
    targets = [target for fault in evidence.faults.values() for target in fault.targets]
    return tuple(dict.fromkeys(edge_id(target)[1] if "->" in target else target for target in targets))


def _word(held: bool | None) -> str:
    return {True: "yes", False: "no", None: "not observable"}[held]
