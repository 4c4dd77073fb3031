"""What each reason code of a finding means, for reports and `drill explain`. A test holds them to the codes in use."""

from __future__ import annotations

from collections.abc import Mapping

REASONS: Mapping[str, str] = {
    # passed
    "met": "what the claim says was seen, or what it forbids was not seen while somebody was looking",
    # failed
    "not_met": "what was measured is beyond the claim's limit, or what should be seen was not, though it was looked for",
    "late": "it came, or may still come, but surely after the claim's limit",
    "logged": "a line that must not be in the log is in it; this stands whatever the gates say",
    "died": "a container died, ran out of memory or was restarted, not by a fault of ours; this stands whatever the gates say",
    "not_settled": "after a phase the stack did not hold its steady state again; the next phase was not begun",
    "missed": "the alert never fired, or the page never came, though somebody was looking",
    "pending_only": "the alert's expression held, but not as long as its rule asks: it never fired",
    "other_service": "the alert fired, or the page came, for another service or instance than the claim names",
    "wrong_labels": "the alert fired, or the page came, but without the labels that the claim asks for",
    "wrong_receiver": "the page was delivered, but to another receiver than the claim names",
    "suppressed": "the alert fired, but Alertmanager held its page back: a silence, or another alert that inhibits it",
    "not_delivered": "Alertmanager held the alert for its receiver, but no page arrived where the receiver's URL points",
    "too_many_pages": "more notifications came than the claim allows, retries and repeats not counted",
    "too_few_pages": "fewer notifications came than the claim asks for",
    "collateral": "an alert that must stay quiet fired while a fault was on or its trouble settled: it blames what was not hurt",
    "false_alarm": "an alert that must stay quiet fired where no fault was on",
    "flapping": "the alert fired, cleared and fired anew, so that one trouble calls people more than once",
    "never_resolved": "the alert was still firing when the run's evidence ended",
    "production_late": "it fired in the rehearsal, but with a full history before the fault it fires too late, or never",
    "beyond": "a value of the query was beyond its limit",
    "no_samples": "a panel of the dashboard never gave a sample, though it was asked all the time",
    "never_decided": "the bad release still served at the end, and nobody had begun to roll it back",
    "decided_late": "the bad release was rolled back, but the lever was pulled only after the claim's limit",
    "said_done_but_still_serving": "the rollback said that it was done, but the bad release still served",
    "rollback_failed": "the rollback's command failed, or was killed at its time-out, and the bad release still served",
    "wrong_trigger": "the bad release was rolled back, but by another hand or another signal than the claim names",
    "restored_without_rollback": "the steady state came back though the bad release still served: it healed by itself",
    "rolled_back_and_still_broken": "the bad release had left, but the steady state did not come back: it left something behind",
    "false_rollback": "a release was rolled back that had broken no steady condition",
    # failed, or inconclusive where the claim is about detection
    "pre_existing": "the alert was firing already before the fault or the phase began, so it tells nothing of it",
    "rule_missing": "Prometheus has no such alerting rule, or it was taken away",
    # inconclusive: nothing passes without evidence
    "no_evidence": "nothing was there to judge by, such as no request of that name in the window",
    "not_begun": "the run ended before the stretch that the claim is about",
    "window_open": "the evidence ends before the claim's window does: no share and no percentile is decided before its end",
    "not_watched": "nobody looked all the time, so that having seen nothing means nothing",
    "clock_stepped": "somebody set this machine's clock in the run, so that time stamps do not say when a line was logged",
    "unanswered": "requests were still waiting, and their answers could turn the result",
    "too_few": "one event more or less would turn the result",
    "too_near": "the time measured is an interval, and the limit lies within it",
    "not_mended": "a fault of the phase is still on, or was never injected, so there is no end to count from",
    "fault_not_landed": "the witness did not feel the fault, so what the claim says of the service under it was not tried",
    "fault_not_measurable": "the witness cannot tell whether the fault was felt, so neither can the claim",
    "invalid_run": "the experiment did not happen as planned (see the run's own reasons); nothing in it can pass",
    "no_prometheus": "the stack has no Prometheus that the harness knows of",
    "no_alertmanager": "the stack has no Alertmanager that the harness knows of",
    "not_observable": "what is sent to that receiver cannot be seen here; the finding says what would make it so",
    "below_floor": "the claim's time is shorter than scrape, evaluation, `for` and waits together: nothing could have met it",
    "never_fired": "the alert did not fire in the phase, so there was nothing to clear",
    "not_replayed": "the rule could not be tried on the recorded series, so that its time in production is not known",
    "rule_broken": "Prometheus cannot evaluate the rule, so that its silence says nothing",
    "no_data": "the query gave no series, or no number, at some time",
    "not_deployed": "the bad release was never deployed, so there was nothing to roll back",
    "no_version": "no answer named its version and no container's image was read, so nobody knows which release served",
    "not_asked": "a person was to be asked, but there was no terminal to ask on",
    "check_broke": "the code of the expectation itself broke; the evidence is kept and can be judged again",
}
"""By code: a sentence for the person who reads a finding."""
