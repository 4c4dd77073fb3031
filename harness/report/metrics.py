"""The last results of drills as Prometheus reads them.

drill_last_run_timestamp_seconds{drill}               when the last run that is over began
drill_first_run_timestamp_seconds{drill}              when the first run that is still there began
drill_last_pass_timestamp_seconds{drill}              when the last one began that passed with all its faults; none, no sample
drill_run_outcome{drill,outcome}                      1 for what the last run came to, 0 for all else
drill_expectation_outcome{drill,expectation,outcome}  the same of each expectation of that run
drill_detection_seconds{drill,expectation}            as measured in that run: alerts, pages, and until all was well again;
drill_page_seconds, drill_recovery_seconds            what was not seen to its end has no sample
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from harness.history.numbers import DETECTION, PAGE, RECOVERY
from harness.history.results import ENDINGS, OUTCOMES, Result

_SECONDS = {
    DETECTION: ("drill_detection_seconds", "From a fault's beginning until its alert fired, in the drill's last run."),
    PAGE: ("drill_page_seconds", "From a fault's beginning until the page was sent, in the drill's last run."),
    RECOVERY: ("drill_recovery_seconds", "Until all was well again, in the drill's last run."),
}


def registry(results: Callable[[], Sequence[Result]]) -> CollectorRegistry:
    """A registry that asks for the results anew each time that it is read."""
    made = CollectorRegistry()
    made.register(_Results(results))
    return made


class _Results(Collector):
    def __init__(self, results: Callable[[], Sequence[Result]]) -> None:
        self._results = results

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing: to register it must not read a folder."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = self._results()
        yield from _times(found)
        yield from _outcomes(found)
        for topic, (name, told) in _SECONDS.items():
            family = GaugeMetricFamily(name, told, labels=("drill", "expectation"))
            for result in found:
                for expectation, value_s in result.seconds.get(topic, {}).items():
                    family.add_metric((result.drill, expectation), value_s)
            yield family


def _times(found: Sequence[Result]) -> Iterator[GaugeMetricFamily]:
    last = {result.drill: result.last_unix_s for result in found}
    first = {result.drill: result.first_unix_s for result in found}
    passed = {result.drill: result.passed_unix_s for result in found}
    for name, told, times in (
        ("drill_last_run_timestamp_seconds", "When the drill's last run began.", last),
        ("drill_first_run_timestamp_seconds", "When the drill's first run began.", first),
        ("drill_last_pass_timestamp_seconds", "When its last run that passed began.", passed),
    ):
        family = GaugeMetricFamily(name, told, labels=("drill",))
        for drill, at_unix_s in times.items():
            if at_unix_s is not None:
                family.add_metric((drill,), at_unix_s)
        yield family


def _outcomes(found: Sequence[Result]) -> Iterator[GaugeMetricFamily]:
    runs = GaugeMetricFamily(
        "drill_run_outcome", "1 for what the drill's last run came to.", labels=("drill", "outcome")
    )
    claims = GaugeMetricFamily(
        "drill_expectation_outcome",
        "1 for what an expectation of the drill's last run came to.",
        labels=("drill", "expectation", "outcome"),
    )
    for result in found:
        for word in ENDINGS:
            runs.add_metric((result.drill, word.replace(" ", "_")), float(word == result.word))
        for expectation, outcome in result.outcomes.items():
            for word in OUTCOMES:
                claims.add_metric((result.drill, expectation, word), float(word == outcome))
    yield runs
    yield claims
