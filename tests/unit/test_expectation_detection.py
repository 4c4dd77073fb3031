"""How a run's alerts did as a detector: the phases' own claims say what was meant to tell of their faults."""

from __future__ import annotations

import pytest
from alert_stories import alert, judged, story

from harness.expectations.alert_fires import AlertFires
from harness.expectations.alert_quiet import AlertQuiet
from harness.expectations.detection import detection
from harness.expectations.errors_below import ErrorsBelow
from harness.facts import Fact, MonitoringFound
from harness.report.detector import detected

CLAIMS = [
    ("hurt", False, AlertFires(alert="Slow", labels={"severity": "page"}, within_s="15s")),
    ("hurt", False, AlertQuiet(alert="*", allow=("Queue*",))),
    ("", False, ErrorsBelow(ratio="1%")),
]


def test_each_alert_of_a_run_is_put_in_its_place() -> None:
    journal = story(
        alert(
            "firing", 5, "Watchdog"
        ),  # from before the run's window on: it belongs to no trouble and is no false alarm
        alert("firing", 15, "Noise"),
        alert("inactive", 16, "Noise"),
        alert("firing", 29),
        alert("firing", 30, "QueueLong"),
        alert("firing", 31, "Disk"),
        alert("firing", 85, "Noise"),
    )
    found = detection(journal, CLAIMS)
    assert found is not None
    assert dict(found.score.told) == {"hurt": "detected"}
    assert [one.alert for one in found.score.collateral] == ["Disk"]
    assert [(one.alert, one.from_s) for one in found.score.false] == [("Noise", 15), ("Noise", 85)]
    assert (
        found.calm_s == 81 - 59
    )  # from the gate at 10 s to the load's end at 91 s, less the trouble from 21 s to 80 s


def test_late_and_missed_are_told_and_the_words_say_how_little_one_run_proves() -> None:
    late = detection(story(alert("firing", 40)), CLAIMS)
    missed = detection(story(alert("firing", 40, labels={"severity": "ticket"})), CLAIMS)
    assert late is not None
    assert missed is not None
    assert (late.score.told["hurt"], missed.score.told["hurt"]) == ("late", "missed")
    told = {
        "told": dict(late.score.told), "detected": 0, "counted": 1, "recall": list(late.score.recall), "flaps": {},
        "collateral": [], "false_alarms": [], "calm_s": late.calm_s, "false_per_hour_at_most": late.false_per_hour,
    }  # fmt: skip
    assert "0 of 1 troubles detected in time (hurt: late), so 0% to 98% of such" in detected(told)


def test_without_claims_or_looks_or_prometheus_nothing_is_said() -> None:
    assert detection(story(), CLAIMS[1:]) is None
    assert detection(story(hole=(30, 40)), CLAIMS) is None
    assert detection(story(but=(MonitoringFound,)), CLAIMS) is None
    assert detection(story().cut(60), CLAIMS) is None


@pytest.mark.parametrize(
    "happened",
    [
        (alert("pending", 15, active_s=15.0), alert("firing", 27, active_s=15.0)),
        (
            *(
                alert(state, at_s + rest)
                for at_s in range(11, 20, 2)
                for state, rest in (("firing", 0), ("inactive", 1))
            ),
            alert("firing", 27),
        ),
    ],
)
def test_what_the_claim_itself_takes_for_no_detection_is_none(happened: tuple[Fact, ...]) -> None:
    journal = story(*happened)
    assert judged(CLAIMS[0][2], journal).reason == "pre_existing"
    found = detection(journal, CLAIMS)
    assert found is not None
    assert (dict(found.score.told), found.score.counted) == ({"hurt": "pre_existing"}, 0)
