"""Which version serves, told by a metric or a command, where answers do not name it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.errors import NotApplied
from harness.expectations import seen_versions as module
from harness.expectations.seen_versions import seen_versions
from harness.facts import Blinded, Looked, VersionSeen
from harness.fakeworld import FakeWorld
from harness.probes.versions import CommandSource, MetricSource, VersionsProbe
from harness.testing import journal_of
from harness.world.commands import Commands

FAULT = "release/bad_release-worker"


@dataclass
class One:
    labels: Mapping[str, str]
    points: Sequence[tuple[float, float | None]]


@dataclass
class Answer:
    series: Sequence[One]
    warnings: Sequence[str] = ()


@dataclass
class Prometheus:
    wall_s: float
    told: dict[str, tuple[str, float]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    gone: bool = False

    def query(self, expr: str) -> Answer:
        self.asked.append(expr)
        if self.gone:
            raise NotApplied("Prometheus does not answer")
        return Answer(
            [
                One({"instance": name, "version": version}, [(0.0, self.wall_s + at_s)])
                for name, (version, at_s) in self.told.items()
            ]
        )


def plain(facts: Sequence[object]) -> list[tuple[str, str, float]]:
    return [(f.replica, f.version, round(f.at_s, 3)) for f in facts if isinstance(f, VersionSeen)]


def test_a_metric_tells_each_instances_version_as_of_its_scrape_once_and_when_it_is_gone() -> None:
    world = FakeWorld().world
    prometheus = Prometheus(world.clock.wall_s() - world.clock.now_s(), {"a:1": ("v1", 3.0), "b:1": ("v1", 4.0)})
    probe = VersionsProbe(FAULT, MetricSource(prometheus, "app_info", "version"))
    first = probe.look(world)
    assert prometheus.asked == ["timestamp(app_info)"]
    assert plain(first) == [("a:1", "v1", 3.0), ("b:1", "v1", 4.0)]
    assert isinstance(first[-1], Looked)
    assert plain(probe.look(world)) == []
    prometheus.told = {"a:1": ("v2", 8.0)}
    assert [(name, version) for name, version, _ in plain(probe.look(world))] == [("b:1", ""), ("a:1", "v2")]
    prometheus.gone = True
    assert isinstance(probe.look(world)[0], Blinded)


def test_a_metric_without_the_label_tells_nothing_and_says_so() -> None:
    world = FakeWorld().world
    prometheus = Prometheus(0.0, {"a:1": ("v1", 3.0)})
    (fact,) = VersionsProbe(FAULT, MetricSource(prometheus, "app_info", "release")).look(world)
    assert isinstance(fact, Blinded)
    assert "no label" in fact.error or "label release" in fact.error


def test_a_command_tells_one_version_per_line(tmp_path: Path) -> None:
    import dataclasses

    world = dataclasses.replace(FakeWorld().world, commands=Commands(tmp_path, tmp_path / "levers"))
    probe = VersionsProbe(FAULT, CommandSource("versions", ("printf", "v1\\n\\nv2\\n")))
    assert [(name, version) for name, version, _ in plain(probe.look(world))] == [("1", "v1"), ("2", "v2")]
    (fact,) = VersionsProbe(FAULT, CommandSource("versions", ("false",))).look(world)
    assert isinstance(fact, Blinded)
    assert "ended with 1" in fact.error


def test_what_a_command_warns_of_is_no_version_and_a_cut_output_is_none(tmp_path: Path) -> None:
    import dataclasses

    world = dataclasses.replace(FakeWorld().world, commands=Commands(tmp_path, tmp_path / "levers"))
    warns = ("sh", "-c", "echo 'level=warning msg=unset' >&2; echo v1")
    assert plain(VersionsProbe(FAULT, CommandSource("versions", warns)).look(world))[0][:2] == ("1", "v1")
    for script, why in (("echo no such container >&2; exit 1", "no such container"), ("seq 10000", "more than 4000")):
        (fact,) = VersionsProbe(FAULT, CommandSource("versions", ("sh", "-c", script))).look(world)
        assert isinstance(fact, Blinded)
        assert why in fact.error


# --- what is made of it -------------------------------------------------------------------------------------------------------


def sight(replica: str, version: str, at_s: float, begun_s: float | None = None) -> VersionSeen:
    begun_s = at_s if begun_s is None else begun_s
    return VersionSeen(
        fault=FAULT, replica=replica, version=version, begun_s=begun_s, happened_s=at_s, seen_s=at_s + 0.5
    )


def test_a_release_is_back_when_every_replica_that_told_it_has_told_another() -> None:
    told = seen_versions(
        journal_of(
            *(sight(name, "v1", 15.0) for name in "ab"),
            *(sight(name, "v2", 25.0) for name in "ab"),
            sight("a", "v1", 30.0),
            sight("b", "v2", 31.0),
            sight("b", "v1", 36.0),
        ),
        FAULT,
        20.0,
        60.0,
    )
    assert told.version == "v2"
    assert not told.still
    assert told.back is not None
    assert (told.back.low_s, told.back.high_s) == (31.0, 36.0)


def test_the_replica_that_was_missed_is_named_by_its_last_word() -> None:
    journal = journal_of(sight("a", "v1", 15.0), sight("a", "v2", 25.0), sight("b", "v2", 25.0), sight("a", "v1", 30.0))
    told = seen_versions(journal, FAULT, 20.0, 60.0)
    assert [seen.replica for seen in told.still] == ["b"]
    assert told.back is None


@pytest.mark.parametrize(
    "sights",
    [
        (),
        (sight("a", "v2", 25.0),),  # nobody told anything before: what is new?
        (sight("a", "v1", 15.0), sight("a", "v1", 25.0)),
        (sight("a", "v1", 15.0), sight("a", "v2", 21.0, begun_s=19.0)),  # read before the deployment, for all one knows
    ],
)
def test_without_a_version_that_is_surely_new_nothing_is_known(sights: tuple[VersionSeen, ...]) -> None:
    assert seen_versions(journal_of(*sights), FAULT, 20.0, 60.0).version == ""


def test_where_nobody_tells_anything_any_more_it_is_not_known_to_be_back() -> None:
    journal = journal_of(sight("a", "v1", 15.0), sight("a", "v2", 25.0), sight("a", "", 30.0))
    told = seen_versions(journal, FAULT, 20.0, 60.0)
    assert (told.version, told.still, told.back) == ("v2", (), None)


def test_the_claim_and_the_probe_agree_on_how_often_somebody_must_look() -> None:
    probe = VersionsProbe(FAULT, CommandSource("x", ("true",)))
    assert (probe.name, probe.gap_s, probe.lag_s) == (module.PROBE, module.GAP_S, module.LAG_S)
