"""After the faults are out, the steady state comes back in time and stays."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

from pydantic import Field

from harness.expectations.base import Evidence, Expectation, Reach, Steady
from harness.expectations.recovery_by_name import Left, left_behind
from harness.expectations.recovery_shown import Doubt, hold_s, lasts_until_s, shown, since, too_small
from harness.expectations.requests import (
    cites,
    error_rows,
    known_until_s,
    load_was_watched,
    not_begun,
    now_s,
    slowest_row,
)
from harness.facts import Deployed, Injecting, LoadEnded, Mended, NotInjected, PhaseSettled, Restarted, Unavailable
from harness.journal import TICK_S, Journal, Window
from harness.quantities import Seconds, spell
from harness.stats import first_bad, holds
from harness.stats.steady import all_hold, broken, contrast, window_s
from harness.verdict import Finding, Measure, failed, inconclusive, passed

CONTRAST = 5.0
"""A fault that surely makes less than so many times the bad requests that the conditions allow is near their limit: when it is gone
is known less well (a simulation: residual errors of 0.8 % under a limit of 1 % leave 36 % of recoveries undecided)."""


PATIENCE = 3.0
"""On a full machine, what comes back takes so much longer where others leave a third of the processors; later than that is its own."""


class Recovers(Expectation):
    """The steady state is back within a time after the faults were taken out, and holds as long as `steady.for`.

        then:
          - recovers: {within: 20s}

    Units:   a duration, from the end of the phase (and the mend of its last fault, read back) to the beginning of the
             steady state, known to about a second. Stands in `then` alone.
    Counts:  the drill's own `steady` conditions, over windows; a relapse before it was held for `steady.for` starts it
             anew, and is told. Where the fault broke them by less than five times what they allow, the beginning is known to
             two windows. The next phase's first fault, or the load's end, ends the time in which it can be held. A bad release
             is not waited for: what became of it by then (see `rolled_back`) is what the service recovers with.
    Decides: passed when it began surely within the time and was held until so many requests were due as can show each condition
             (errors < 1% 100, p95 59, p99 299), and what came after that until the next phase does not show it broken again, nor
             a request's name that was well before the first fault and is surely far beyond a condition since (open:
             not_all_back; conditions `of` a name ask for that name alone). Unhurt when the steady state was never away: that
             it would recover was not tried. Failed when it surely did not begin within: late, or relapsed when it had looked
             steady for a quarter of `steady.for` before that.
    Source:  the ledger; see harness/stats/steady.py for the estimate.
    """

    word: ClassVar[str] = "recovers"
    timed: ClassVar[tuple[str, ...]] = ("late", "relapsed")
    by_errors: ClassVar[bool] = True

    within_s: Seconds = Field(alias="within", description="from the phase's end to the beginning of the steady state")

    def about(self) -> str:
        return "steady"

    def late_s(self) -> float | None:
        return self.within_s

    def patient(self, evidence: Evidence) -> Recovers:
        """Not longer than the run waited for the phase to settle, in vain: what kept it from that kept it from this."""
        within_s, window = PATIENCE * self.within_s, evidence.window
        settled = evidence.journal.first(PhaseSettled, phase=evidence.phase, steady=False)
        if window is not None and settled is not None:
            looked_s = settled.at_s - window.start_s - 2 * window_s(evidence.steady.for_s)
            within_s = max(self.within_s, min(within_s, looked_s))
        return self.model_copy(update={"within_s": within_s})

    def hold_s(self, steady: Steady, per_s: float | None) -> float:
        return hold_s(steady, per_s)

    def doubtful(self, reach: Reach) -> str:
        return too_small(reach)

    def undecidable(self, reach: Reach) -> str:
        if not reach.then:
            return "recovers is about the time after a phase: write it under `then`"
        if not reach.faulted:
            return "there is no fault in this phase from which to recover"
        return ""

    def check(self, evidence: Evidence) -> Finding:  # noqa: PLR0911 (one return for each thing there is to say)
        journal, steady = evidence.journal, evidence.steady
        window = evidence.window
        if window is None:
            return not_begun(evidence)
        taken_out = [id_ for id_, fault in evidence.faults.items() if not _outlasts(fault)]
        mended = [mend_of(journal, fault) for fault in taken_out]
        if any(m is None for m in mended):
            on = [fault for fault, m in zip(taken_out, mended, strict=True) if m is None]
            absent = [fault for fault in on if journal.first(Unavailable, what=fault)]
            if absent:
                return inconclusive(
                    f"not available here, so that nothing had to recover from it: {', '.join(absent)}",
                    reason="not_mended",
                    decide="a target that offers every fault of the phase, or a stack of the run's own",
                )
            return inconclusive(
                f"still on, or never injected: {', '.join(on)}", reason="not_mended", decide="the mend of every fault"
            )
        start_s = max([window.start_s, *(m.seen_s for m in mended if m)])
        cited = cites(evidence, *mended)
        end_s, known_s = held_until_s(journal, start_s), known_until_s(journal)
        limit_s = start_s + self.within_s
        away = away_of(evidence, start_s)
        found = since(evidence, start_s, end_s, min(known_s, journal.end_s), limit_s)
        doubt, left = None, Left()
        if found.held and found.high_s <= limit_s + 1e-9:
            found, doubt = shown(evidence, found, start_s, end_s, min(known_s, journal.end_s), limit_s)
            left = left_behind(
                evidence, found.high_s, lasts_until_s(evidence, found.low_s, min(end_s, known_s, journal.end_s))
            )
            doubt = doubt or (Doubt.not_all(left) if left.broken else None)
        if (
            found.held and away.weak
        ):  # what is near the limit is found later: a window more (Clopper-Pearson needs the requests)
            found = replace(found, high_s=found.high_s + window_s(steady.for_s))
        after = f"after the end of {evidence.phase!r} (limit {spell(self.within_s)}, held for {spell(steady.for_s)})"
        low, high = found.low_s - start_s, found.high_s - start_s
        measure = Measure(round(low, 3), round(high, 3), "s", "grid" if found.held else "censored")

        seen_until_s = found.high_s + steady.for_s if found.held else found.low_s + steady.for_s
        if not load_was_watched(journal, start_s, min(seen_until_s, end_s, known_s)):
            return inconclusive(
                f"the load was not seen at work all the time {after}",
                reason="not_watched",
                decide="a sample of the load process every second",
                cites=cited,
            )
        relapse = _relapse(evidence, start_s, found.low_s)
        again = (
            f"; it had looked steady, and broke again {relapse - start_s:.1f} s after" if relapse is not None else ""
        )
        if doubt is not None:
            said = f"the steady state was back {_span(low, high)} {after}{again}{doubt.said}"
            cited = (*cited, *left.rows)
            return inconclusive(said, reason=doubt.reason, decide=doubt.decide, measure=measure, cites=cited)
        if found.held and found.high_s <= limit_s + 1e-9:
            if found.low_s == start_s and not away.broke:
                return passed(f"{away.said} {after}{left.told}", reason="unhurt", measure=measure, cites=cited)
            weakly = away.said if away.weak else ""
            sooner = _sooner(evidence) if found.low_s == start_s else ""
            said = f"the steady state was back {_span(low, high)} {after}{again}{sooner}{weakly}{left.told}"
            return passed(said, measure=measure, cites=cited)
        if found.low_s > limit_s + 1e-9:
            later = since(evidence, start_s, end_s, min(known_s, journal.end_s), math.inf)
            span = _span(later.low_s - start_s, later.high_s - start_s)
            was = f"back only {span}" if later.held else "not back"
            what = self._what(evidence, limit_s, min(end_s, known_s))
            examples = self._rows(evidence, limit_s, min(end_s, known_s))
            because = f"the steady state was {was} {after}{again}{what}"
            return failed(because, reason="relapsed" if again else "late", measure=measure, cites=(*cited, *examples))
        if found.held:
            return inconclusive(
                f"the steady state was back {_span(low, high)} {after}{again}: too near the limit to tell",
                reason="too_near",
                decide="a limit further from the time measured, or more load",
                measure=measure,
                cites=cited,
            )
        return inconclusive(
            f"the steady state had not been held long enough by {min(known_s, journal.end_s):.1f} s, {after}",
            reason="window_open",
            decide=f"{spell(steady.for_s)} of load after the limit, without a fault",
            measure=measure,
            cites=cited,
        )

    @staticmethod
    def _rows(evidence: Evidence, limit_s: float, known_s: float) -> tuple[str, ...]:
        """Requests that show it: the first that ended in error right after the limit, else the one that took longest."""
        window = Window(limit_s, min(limit_s + evidence.steady.for_s, known_s))
        return error_rows(evidence, window, "", ()) or slowest_row(evidence, window, "", False)

    @staticmethod
    def _what(evidence: Evidence, limit_s: float, known_s: float) -> str:
        """What did not hold right after the limit."""
        end_s = min(limit_s + evidence.steady.for_s, known_s)
        if end_s <= limit_s:
            return ""
        looks = holds(evidence.steady.conditions, evidence.rows, limit_s, end_s, now_s=now_s(evidence.journal))
        missed = [str(look) for look in looks if look.holds is not True]
        return f"; in the {spell(round(end_s - limit_s, 1))} after the limit {', '.join(missed)}" if missed else ""


def mend_of(journal: Journal, fault: str) -> Mended | None:
    """The mend of a fault: the first after its injection, read back. A later sweep's says nothing new."""
    begun = journal.first(Injecting, fault=fault)
    if begun is None or journal.first(NotInjected, fault=fault) is not None:
        return None
    return journal.first(Mended, fault=fault, since_s=begun.at_s)


def held_until_s(journal: Journal, start_s: float) -> float:
    """Until when the stack is left alone: the next injection, the mend of a release, a restart of ours, or the end of the load."""
    following, put_back = journal.first(Injecting, since_s=start_s), journal.first(Deployed, by="mend", since_s=start_s)
    ended = journal.last(LoadEnded)
    restarted = journal.first(Restarted, since_s=start_s)
    ends = [following.at_s if following else math.inf, ended.ended_s + TICK_S if ended else math.inf]
    ends.append(restarted.begun_s if restarted else math.inf)
    return min([*ends, (put_back.begun_s or put_back.at_s) if put_back else math.inf])


@dataclass(frozen=True)
class Away:
    """Whether the faults broke the steady state while they were on: `weak` when by little, and in words."""

    broke: bool
    weak: bool
    said: str


def away_of(evidence: Evidence, start_s: float) -> Away:
    """Of the claim's own faults, up to start_s, when they were gone."""
    steady = evidence.steady
    begun = [one.at_s for fault in evidence.faults for one in evidence.journal.of(Injecting, fault=fault)[:1]]
    from_s, now = min(begun, default=start_s), now_s(evidence.journal)
    bad = first_bad(evidence.rows, steady.conditions, steady.for_s, from_s, start_s, now)
    if bad is None:
        sent = bool(evidence.rows.between(from_s, start_s).any())
        none = "no request was sent while the faults were on, so nobody knows whether the steady state was away"
        why = "the steady state was never away, so there was nothing to recover from" if sent else none
        return Away(False, False, f"no recovery was seen: {why}; it held")
    times = contrast(evidence.rows, steady.conditions, bad[0], start_s, now)
    weak = times is not None and times < CONTRAST
    return Away(
        True, weak, f"; low contrast: the faults broke it by less than {CONTRAST:g} times what it allows" * weak
    )


def _relapse(evidence: Evidence, start_s: float, until_s: float) -> float | None:
    """When it last broke again, before until_s, after it had looked steady for a quarter of `steady.for`, from start_s on."""
    steady, now = evidence.steady, now_s(evidence.journal)
    bad = broken(evidence.rows, steady.conditions, steady.for_s, start_s, until_s + window_s(steady.for_s), now)
    looked_s = max(steady.for_s / 4, 2 * window_s(steady.for_s))
    held_s = start_s
    found = None
    for begun_s, ended_s in bad:
        calm = (
            holds(steady.conditions, evidence.rows, held_s, begun_s, now_s=now) if begun_s - held_s >= looked_s else ()
        )
        found = begun_s if all_hold(calm) else found
        held_s = ended_s
    return found


def _outlasts(fault: object) -> bool:
    """Whether it stays beyond its phase, so that the stack has to recover with it or with what rolled it back."""
    return bool(getattr(fault, "outlasts", False))


def _sooner(evidence: Evidence) -> str:
    """That a release may have been taken back before the time from which this claim looks."""
    released = any(map(_outlasts, evidence.faults.values()))
    return f"; looked for from then on alone: it may have been back before {evidence.phase!r} ended" if released else ""


def _span(low_s: float, high_s: float) -> str:
    return f"after {low_s:.1f} s or more" if math.isinf(high_s) else f"{low_s:.1f} to {high_s:.1f} s"
