"""The probe of raw samples: looks overlap, a failed one is made good, and what cannot be kept is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness import series as raw
from harness.errors import NotApplied
from harness.facts import Blinded, Fact, Looked
from harness.fakeworld import FakeWorld
from harness.probes.series import SeriesProbe
from harness.series import SeriesWriter
from harness.wall import Wall

LABELS = {"job": "api", "instance": "api:80"}


@dataclass
class FakePrometheus:
    """A counter scraped each second since unix second 1000, which is second 0 of the run."""

    world: FakeWorld
    broken: set[str] = field(default_factory=set)
    asked_s: list[float] = field(default_factory=list)

    def samples(self, selector: str, back_s: float) -> Sequence[tuple[Mapping[str, str], Sequence[tuple[int, float]]]]:
        self.asked_s.append(back_s)
        if selector in self.broken:
            raise NotApplied("Prometheus does not answer")
        now_s = self.world.clock.now_s()
        points = [(1_000_000 + 1000 * s, float(s)) for s in range(int(now_s) + 1) if s > now_s - back_s]
        return [(LABELS, points)]


def looks(world: FakeWorld, probe: SeriesProbe, *at_s: float) -> list[Sequence[Fact]]:
    found = []
    for one_s in at_s:
        world.clock.wait_until(one_s)
        found.append(probe.look(world.world))
    return found


def kept(folder: Path, selector: str = "x") -> list[float]:
    return [float(v) for one in raw.read(folder, Wall(((1000.0, 0.0),)))[selector] for v in one.value]


def test_no_sample_is_lost_though_looks_fail(tmp_path: Path) -> None:
    world = FakeWorld()
    prometheus = FakePrometheus(world)
    probe = SeriesProbe(prometheus, SeriesWriter(tmp_path, ("x",)), ("x",), scrape_s=1.0)
    assert looks(world, probe, 2.5, 4.5) == [(Looked(probe="series"),)] * 2
    prometheus.broken = {"x"}
    assert looks(world, probe, 6.5, 40.5) == [(), ()], "it can still be made good"
    prometheus.broken = set()
    assert looks(world, probe, 42.5) == [(Looked(probe="series"),)]
    assert kept(tmp_path) == [float(s) for s in range(43)]
    assert prometheus.asked_s[0] == 300
    assert prometheus.asked_s[1] <= 7, "only what is new, and an overlap"


def test_who_stays_without_an_answer_is_blinded_for_that_selector_alone(tmp_path: Path) -> None:
    world = FakeWorld()
    prometheus = FakePrometheus(world, broken={"y"})
    probe = SeriesProbe(prometheus, SeriesWriter(tmp_path, ("x", "y")), ("x", "y"), scrape_s=1.0)
    first, late = looks(world, probe, 1.0, 61.0)
    assert first == (Looked(probe="series", target="x"),)
    assert late == (
        Looked(probe="series", target="x"),
        Blinded(probe="series", target="y", error="Prometheus does not answer"),
    )


def test_at_its_limit_it_is_blinded(tmp_path: Path) -> None:
    world = FakeWorld()
    probe = SeriesProbe(FakePrometheus(world), SeriesWriter(tmp_path, ("x",), most_bytes=100), ("x",), scrape_s=1.0)
    good, full = looks(world, probe, 4.0, 8.0)
    assert good == (Looked(probe="series"),)
    (said,) = full
    assert isinstance(said, Blinded)
    assert "limit" in said.error
    assert kept(tmp_path) == [0, 1, 2, 3, 4]


def test_the_end_of_a_run_waits_for_the_scrape_after_it(tmp_path: Path) -> None:
    world = FakeWorld()
    probe = SeriesProbe(FakePrometheus(world), SeriesWriter(tmp_path, ("up",)), ("up",), scrape_s=60.0)
    assert probe.lag_s == 72, "as long as no scrape was seen"
    looks(world, probe, 5.0)
    assert probe.lag_s == 4, "scraped each second"
