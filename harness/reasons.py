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
    "check_broke": "the code of the expectation itself broke; the evidence is kept and can be judged again",
}
"""By code: a sentence for the person who reads a finding."""
