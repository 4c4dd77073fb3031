"""An alert stays quiet: nobody is woken for nothing."""

from __future__ import annotations

from functools import cache, partial
from typing import ClassVar

from pydantic import Field

from harness import alerting
from harness.alerting import Episode
from harness.evaluations import key_of
from harness.expectations import alerts, broken_rules, first_error, foreign_alerts, known_alerts, rules_away, selected
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.broken_rules import Broken
from harness.expectations.requests import cites, still_open
from harness.expectations.rules_away import Away, Lines
from harness.expectations.selected import Read
from harness.facts import AlertChanged, RuleSeen
from harness.journal import Journal, Window
from harness.made_elsewhere import Elsewhere, made_elsewhere
from harness.quantities import spell
from harness.scoring import most_per_hour, within
from harness.verdict import Finding, Measure, Outcome, failed, inconclusive, passed


class AlertQuiet(Expectation):
    """No such alert fires: false pages are half of what a rehearsal finds.

        expect:
          - alert_quiet: {alert: OrdersDatabaseDown}
          - alert_quiet: {alert: "*", labels: {severity: page}, allow: [CheckoutLatencyHigh]}

    Units:   alert: a name, or a pattern such as "*". `labels` must be among the alert's own. `allow`: names or patterns of
             alerts that may fire.
    Counts:  every moment of the window, also that of an alert which was firing when it began.
    Decides: failed at the first alert that fires: collateral (a fault was on, or its trouble settled), false_alarm (none was),
             pre_existing (it fired before the window); also one that Prometheus did not make (a log store's ruler, another
             Prometheus), where Alertmanager held it or it was paged, but open where it may be an allowed one under another name and
             with other labels (unknown_maker); passed when the window is over, Prometheus was looked at
             all the time, and a rule of that name, which is not allowed to fire and may have the labels, is loaded, could be
             evaluated all the time (where one name is claimed, so could each of its rules), was, and had something to read and
             asks for what that can give (else its silence says nothing: rule_missing, rule_broken, not_evaluated, no_series,
             rule_impossible). A rule that was taken away in the window leaves a pattern open about itself alone
             (rule_missing), also where it came back later, and what the others showed is told; one that a reload changed goes on in what
             it became (one of its name that asks for the same, or stands in its group with its labels and is not about another
             service or job), and that answers for what it was: what could not fire until a reload mended it counts as one that never
             could, and an alert that was pending then and due before the window's end leaves it open (rule_missing). Where every such
             rule was first loaded in the window, that is open, too (rule_missing); beside others it is told. What appears only with
             the first error may be missing, if a target exposes its help or its type, Prometheus had that metric before the run, or,
             of a name that tells of errors, no request failed from the steady state to the window's end (else open: no_series); that
             is said, and what was pending at the window's end. An alert that is claimed by name and was, with a `for` longer than the
             window, is not decided (below_floor).
    Source:  Prometheus' /api/v1/rules each second; an alert fires at the time of an evaluation, which is exact. What its rule
             reads is asked of Prometheus when the phases are over; where that could not be, nobody knows (not_watched). What
             others made is in Alertmanager's /api/v2/alerts, but for a target's, and in the mailbox.
    """

    word: ClassVar[str] = "alert_quiet"
    faultless: ClassVar[bool] = True  # a false alarm is one with a fault and without
    whenever_sent: ClassVar[bool] = True

    alert: str = Field(min_length=1, description='the alert\'s name; "*" is any')
    labels: dict[str, str] = Field(default_factory=dict, description="only alerts with these labels")
    allow: tuple[str, ...] = Field(default=(), description="alerts that may fire")

    def about(self) -> str:
        return "all" if self.alert == "*" else self.alert

    def unseen(self, reach: Reach) -> str:
        return alerts.unseen(reach)

    def doubtful(self, reach: Reach) -> str:
        return known_alerts.no_alert(reach, self.alert, self.labels, self.allow)

    def check(self, evidence: Evidence) -> Finding:
        journal, window = evidence.journal, alerts.begun(evidence)
        if isinstance(window, Finding):
            return window
        what = self._what()
        heard = [
            episode
            for episode in alerting.episodes(journal, self.alert, self.labels)
            if not self._allowed(episode.alert)
        ]
        loud = alerts.overlapping(heard, window.start_s, window.end_s)
        known = [e for e in loud if e.from_s >= window.start_s or self._still(evidence, e.until_s, window.start_s)]
        if known:
            return self._loud(evidence, window, known)
        others = self._made_elsewhere(journal, window)
        seen = [one for one in others if alerting.watched(journal, one.from_s, one.from_s + alerting.LAG_S)]
        sure = [one for one in seen if not one.perhaps]
        if sure:
            return foreign_alerts.fired(evidence, window, sure)
        if not window.ended:
            return still_open(evidence, window)
        if len(seen) < len(others) or loud or not alerting.watched(journal, window.start_s, window.end_s):
            return alerts.not_watched(evidence, f"{what} was not seen to fire")
        perhaps = foreign_alerts.perhaps(evidence, f"{what} was not seen to fire", others) if others else None
        return perhaps or self._silent(evidence, window)

    def _silent(self, evidence: Evidence, window: Window) -> Finding:
        """None was seen to fire, and Prometheus was looked at all the time: what that says is in the rules."""
        journal = evidence.journal
        left = rules_away.away(journal, self._sightings(journal, window), window, partial(self._pending, journal))
        gone = [one for one in left if not one.seamless]
        loaded = alerting.rules(journal, self.alert, window.end_s, self.labels)
        away = {key for one in gone for key in one.keys}
        rules = [one for one in loaded if not self._allowed(one.rule) and key_of(one) not in away]
        lines = rules_away.lines(rules, left)
        was = [one for line in lines.values() for one in line]
        broken = broken_rules.broken(journal, was, window.start_s, window.end_s)
        vacuous = self._vacuous(evidence, window, lines, gone, broken) or self._held(evidence, window, rules)
        quiet = vacuous or self._quiet(evidence, window, lines, broken)
        return rules_away.left_open(evidence, quiet, gone) if gone and quiet.outcome is Outcome.PASSED else quiet

    def _pending(self, journal: Journal, at_s: float) -> list[AlertChanged]:
        """Those that held at an instant and had not fired: each as it began to."""
        state: dict[alerting.Identity, AlertChanged] = {}
        for change in journal.of(AlertChanged, until_s=at_s):
            if alerting.named(change.alert, self.alert) and alerting.bears(change.labels, self.labels):
                state[alerting.identity(change.alert, change.labels)] = change
        return [one for one in state.values() if one.state == "pending" and not self._allowed(one.alert)]

    def _held(self, evidence: Evidence, window: Window, rules: list[RuleSeen]) -> Finding | None:
        """That what the one claimed alert asks for held at the window's end, and its `for` is longer than the window: nobody knows
        whether it would have fired."""
        if alerting.is_pattern(self.alert):
            return None
        for change in self._pending(evidence.journal, window.end_s):
            mine = [one for one in rules if alerting.may_bear(one, change.labels)]
            quickest = min(mine, key=alerting.held_s, default=None)
            if quickest is not None and alerting.held_s(quickest) > window.length_s:
                return inconclusive(
                    f"{change.alert}{alerting.shown(change.labels)} did not fire, but it was pending since {change.at_s:.1f} s, and its"
                    f" rule's `for` of {spell(quickest.for_s)} is longer than these {spell(round(window.length_s, 1))}",
                    reason="below_floor",
                    decide=f"a window longer than {spell(quickest.for_s)}",
                    cites=cites(evidence, change),
                )
        return None

    def _quiet(self, evidence: Evidence, window: Window, lines: Lines, broken: list[Broken]) -> Finding:
        """None fired, of rules that were evaluated; whether one could have is in what they read, and in what those read that they
        were before: one that a reload mends says nothing of the time until then."""
        journal, what = evidence.journal, self._what()
        ran = alerts.evaluated(journal, [line[0] for line in lines.values()], (window.start_s, window.end_s))
        was = {key_of(one): one for rule in ran for one in lines[key_of(rule)]}
        meeting = cache(partial(first_error.met, evidence, window.end_s))
        read = {key: selected.read(journal, one, window.start_s, window.end_s, meeting) for key, one in was.items()}
        mute = {key: (was[key], one) for key, one in read.items() if one.blind or one.untold}
        able = [line for line in (lines[key_of(rule)] for rule in ran) if not any(key_of(one) in mute for one in line)]
        sound = [line for line in able if not _failed(line, broken)]
        if not sound:
            return self._blind(evidence, what, *next(iter(mute.values())))
        new = rules_away.newcomers(journal, self._sightings(journal, window), window.start_s)
        if late := rules_away.too_late(evidence, what, sound, new):
            return late
        replaced, loaded = [one for line in lines.values() for one in line[1:]], len(ran)
        idle = f", {len(lines) - loaded} not in this time" if loaded < len(lines) else ""
        idle += rules_away.told([one for one in new if key_of(one) in was])
        idle += f", {replaced[0].rule} replaced at {replaced[0].at_s:.1f} s" if replaced else ""
        idle += f" ({len(replaced) - 1} more)" if replaced[1:] else ""
        failing = len({key_of(one.seen) for one in broken})
        idle += f", {failing} not all the time: {broken[0]}" if failing else ""
        blind = [f"{rule.rule} {one.blind}" for rule, one in mute.values() if one.blind]
        idle += f", {len(blind)} could not fire: {blind[0]}" if blind else ""
        untold = [f"{rule.rule} ({one.untold})" for rule, one in mute.values() if one.untold]
        idle += f", of {len(untold)} nobody knows: {untold[0]}" if untold else ""
        pending = self._pending(journal, window.end_s)
        held = [f"{one.alert}{alerting.shown(one.labels)} since {one.at_s:.1f} s" for one in pending]
        unborn = next((one for one in read.values() if one.unborn), None)
        excluded = float(f"{most_per_hour(0, window.length_s):.2g}")
        return passed(
            f"{what} did not fire from {window.start_s:.1f} s to {window.end_s:.1f} s"
            f" ({loaded} rule{'s' if loaded != 1 else ''} evaluated{idle or ' all the time'}){self._let(journal, window)}"
            f"{f'; {len(held)} pending at its end: {held[0]}' if held else ''}; none seen in"
            f" {spell(round(window.length_s, 1))} excludes more than {excluded:g} per hour at 95 %"
            f"{f'; of {unborn.unborn} there was nothing, {first_error.without(evidence, window)}{unborn.unheard}' if unborn else ''}",
            measure=Measure(0, 0, "alerts"),
            cites=cites(
                evidence,
                *(one.seen for one in broken[:1]),
                *(fact for one in read.values() for fact in one.facts[:1]),
                *replaced[:1],
                *pending[:1],
            ),
        )

    @staticmethod
    def _blind(evidence: Evidence, what: str, rule: RuleSeen, read: Read) -> Finding:
        """That no rule could have fired, for they read what is not there or ask for what never is, or nobody knows whether it is."""
        if not read.blind:
            return inconclusive(
                f"{what} did not fire, but whether there was what its rule reads could not be asked: {read.untold}",
                reason="not_watched",
                decide="a Prometheus that answers when the phases are over, and rules in functions that drill knows, which read no more than"
                " it asks for",
                cites=cites(evidence, *read.facts),
            )
        return inconclusive(
            f"{what} did not fire, but the rule {rule.rule}{f', until {rule.at_s:.1f} s,' if rule.gone else ''} {read.blind}, so its"
            " silence says nothing",
            reason=read.reason,
            decide=read.decide,
            cites=cites(evidence, *read.facts),
        )

    @staticmethod
    def _loud(evidence: Evidence, window: Window, known: list[Episode]) -> Finding:
        """What fired, and whether a fault was on that it may have come from."""
        first, others = known[0], len(known) - 1
        more = f" ({others} more)" if others else ""
        what = f"{first.alert}{alerting.shown(first.labels)}"
        measure = Measure(len(known), len(known), "alerts")
        where = cites(evidence, *(episode.began for episode in known[:3]))
        if first.from_s < window.start_s:
            return failed(
                f"{what} was firing already since {first.from_s:.1f} s, before {window.start_s:.1f} s{more}",
                reason="pre_existing",
                measure=measure,
                cites=where,
            )
        around = within(alerts.troubles(evidence.journal), first)
        during = f"in the trouble of {around[0].name!r}" if around else "where no fault was on"
        return failed(
            f"{what} fired at {first.from_s:.1f} s, {during}{more}",
            reason="collateral" if around else "false_alarm",
            measure=measure,
            cites=where,
        )

    def _made_elsewhere(self, journal: Journal, window: Window) -> list[Elsewhere]:
        found = made_elsewhere(journal, self.alert, self.labels)
        return [
            one
            for one in found
            if not self._allowed(one.alert) and one.from_s < window.end_s and one.until_s >= window.start_s
        ]

    @staticmethod
    def _still(evidence: Evidence, until_s: float, start_s: float) -> bool:
        """Whether an older alert is known to have reached into the window: its end was seen, or a look after the beginning."""
        looked = alerting.watched(evidence.journal, start_s, start_s)
        return looked and until_s > start_s

    def _what(self) -> str:
        """The alerts that must not fire, as the claim names them."""
        but = f" but {', '.join(self.allow)}" if self.allow else ""
        return f"{alerts.spoken(self.alert, self.labels)}{but}"

    def _let(self, journal: Journal, window: Window) -> str:
        """Which of those that may fire did, behind the sentence that the others did not; '' where none may."""
        mine = alerting.episodes(journal, self.alert, self.labels)
        let = [one.alert for one in alerts.overlapping(mine, window.start_s, window.end_s) if self._allowed(one.alert)]
        return f"; of these {', '.join(dict.fromkeys(let)) or 'none'} fired" if self.allow else ""

    def _allowed(self, alert: str) -> bool:
        return any(alerting.named(alert, allowed) for allowed in self.allow)

    def _vacuous(
        self, evidence: Evidence, window: Window, lines: Lines, gone: list[Away], broken: list[Broken]
    ) -> Finding | None:
        """Why silence says nothing: no rule that stayed could have broken it, none was evaluated, or could be all the time; where the
        claim names one alert, each of its rules must."""
        journal, name, several = evidence.journal, self._what(), alerting.is_pattern(self.alert)
        loaded = [line[0] for line in lines.values()]
        ran = alerts.evaluated(journal, loaded, (window.start_s, window.end_s))
        unsound = broken if not several or all(_failed(lines[key_of(rule)], broken) for rule in ran) else []
        if loaded and not unsound and (several or not gone):
            return alerts.not_evaluated(evidence, f"{name} did not fire", loaded, (window.start_s, window.end_s))
        why, silence = alerts.no_rule(journal, self.alert, self.labels, window.end_s, self.allow), "its silence"
        if unsound:
            why = str(unsound[0])
        elif gone:
            why, silence = str(gone[0]), gone[0].silence
        return inconclusive(
            f"{name} did not fire, but {why}, so {silence} says nothing",
            reason="rule_broken" if unsound else "rule_missing",
            decide="a rule that could have fired",
            cites=cites(evidence, *(one.seen for one in unsound[:1]), *(one.gone for one in gone[:1])),
        )

    def _sightings(self, journal: Journal, window: Window) -> list[RuleSeen]:
        """Of the rules that the claim means, until the window's end."""
        return [
            seen
            for seen in journal.of(RuleSeen, kind="alerting", until_s=window.end_s)
            if alerting.named(seen.rule, self.alert)
            and alerting.may_bear(seen, self.labels)
            and not self._allowed(seen.rule)
        ]


def _failed(line: list[RuleSeen], broken: list[Broken]) -> bool:
    return any(one.of(rule) for one in broken for rule in line)
