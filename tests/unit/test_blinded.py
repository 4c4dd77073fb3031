"""'Could not be looked at all the time' says why, in the words of the probe that could not look."""

from __future__ import annotations

import pytest
from alert_stories import BOUNDS, alert, judged, looks

from harness import facts as f
from harness.expectations.alert_fires import AlertFires
from harness.expectations.base import Evidence, Expectation, Steady
from harness.expectations.log_quiet import LogQuiet
from harness.expectations.log_seen import LogSeen
from harness.expectations.metric_stays import MetricStays
from harness.expectations.page_sent import PageSent
from harness.testing import WrittenLogs, journal_of, rows_of

QUERY = "sum(rate(x[30s])"
REFUSED = f.Blinded(seen_s=25, probe="alerts", target="", error="Prometheus refused /api/v1/rules: 401: Unauthorized")


@pytest.mark.parametrize(
    ("claim", "blinded", "said"),
    [
        (
            AlertFires(alert="Slow"),
            REFUSED,
            "could not be looked at all the time: Prometheus refused /api/v1/rules: 401: Unauthorized",
        ),
        (
            MetricStays(query=QUERY, above=0),
            f.Blinded(seen_s=25, probe="samples", target=QUERY, error="400: parse error: unclosed left parenthesis"),
            "could not be looked at all the time: 400: parse error: unclosed left parenthesis",
        ),
        (
            PageSent(alert="Slow", receiver="oncall"),
            f.Blinded(seen_s=25, probe="pages", target="", error="a delivery could not be read: it was cut at 1 MiB"),
            "the mailbox could not be looked at all the time: a delivery could not be read: it was cut at 1 MiB",
        ),
    ],
)
def test_the_reason_of_the_probe_is_told_and_cited(claim: Expectation, blinded: f.Blinded, said: str) -> None:
    other = [f.Blinded(seen_s=26, probe="samples", target="another query", error="no such thing")]
    other += [f.Blinded(seen_s=5, probe=blinded.probe, target=blinded.target, error="before the window")]
    probes = ("alerts", "pages", "samples")
    journal = journal_of(*BOUNDS, *(look for probe in probes for look in looks(probe)), blinded, *other)
    found = judged(claim, journal)
    assert (found.outcome.value, found.reason) == ("inconclusive", "not_watched")
    assert found.because.endswith(said)
    assert journal.of(f.Blinded, error=blinded.error)[0].cite in found.cites


def test_a_delivery_that_could_not_be_read_elsewhere_in_the_run_takes_nothing_from_a_claim() -> None:
    torn = f.Blinded(seen_s=60, probe="pages", target="", error="a delivery could not be read: it was cut at 1 MiB")
    journal = journal_of(*BOUNDS, *looks("alerts"), *looks("pages"), alert("firing", 29), torn)
    found = judged(PageSent.model_validate({"alert": "Slow", "receiver": "oncall", "within": "20s"}), journal)
    assert found.outcome.value == "failed"


@pytest.mark.parametrize("claim", [LogQuiet(service="api", matches="x"), LogSeen(service="api", contains="x")])
def test_why_a_log_was_not_followed_is_told(claim: Expectation) -> None:
    why = "the log of api-1 cannot be read: configured logging driver does not support reading"
    facts: list[f.Fact] = [
        f.ContainerSeen(service="api", container="api-1", status="running", seen_s=1.0),
        f.PhaseBegan(phase="p", seen_s=10.0),
        f.PhaseEnded(phase="p", seen_s=20.0),
        f.PhaseSettled(phase="p", steady=True, seen_s=30.0),
        *(f.Blinded(probe="logs", target="api-1", seen_s=s, error=why) for s in range(2, 36)),
    ]
    found = claim.check(Evidence(journal_of(*facts), rows_of([]), WrittenLogs([]), Steady(10.0, ()), phase="p"))
    assert (found.outcome.value, found.reason) == ("inconclusive", "not_watched")
    assert f"was not followed all the time from 10.0 s to 20.0 s: {why}" in found.because
