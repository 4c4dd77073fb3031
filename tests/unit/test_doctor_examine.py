"""Looking, curing and refusing, on checks of the test's own."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest
from click.testing import CliRunner

from harness.cli.doctor import as_document, as_lines, command
from harness.doctor import examine
from harness.doctor.checks import CHECKS
from harness.doctor.seen import Say, Seen
from harness.errors import CannotRun, Missing


@dataclass
class Thing:
    """A check whose thing is there or not, curable or not."""

    name: str
    there: bool = True
    curable: bool = True
    needs: tuple[str, ...] = ()
    did: list[str] = field(default_factory=list)

    def look(self) -> Seen:
        self.did.append("look")
        return Seen(self.name, "ok", "there") if self.there else Seen(self.name, "missing", "not there", "get it")

    def fix(self, say: Say) -> None:
        self.did.append("fix")
        if not self.curable:
            raise CannotRun(Missing("cannot be got", "ask somebody"))
        say("getting it")
        self.there = True


def test_looking_changes_nothing_and_what_hangs_on_a_missing_thing_is_not_looked_at() -> None:
    engine, image = Thing("engine", there=False), Thing("image", needs=("engine",))
    seen = examine.look([engine, image])
    assert [one.state for one in seen] == ["missing", "unseen"]
    assert image.did == []
    assert "fix" not in engine.did
    assert examine.lacks(seen)


def test_what_is_missing_is_cured_then_looked_at_again_and_the_rest_goes_on() -> None:
    engine, image, said = Thing("engine", there=False), Thing("image", there=False, needs=("engine",)), []
    seen = examine.fix(said.append, [engine, image])
    assert [one.state for one in seen] == ["ok", "ok"]
    assert engine.did == ["look", "fix", "look"]
    assert said == ["engine: not there", "engine: getting it", "image: not there", "image: getting it"]


def test_what_is_there_is_never_touched() -> None:
    engine, said = Thing("engine"), []
    assert not examine.lacks(examine.fix(said.append, [engine]))
    assert engine.did == ["look"]
    assert said == []


def test_what_cannot_be_cured_says_why_and_its_own_cure() -> None:
    (seen,) = examine.fix(lambda line: None, [Thing("engine", there=False, curable=False)])
    assert (seen.state, seen.what, seen.cure) == ("missing", "cannot be got", "ask somebody")


def test_a_run_is_refused_with_everything_missing_at_once() -> None:
    checks = [Thing("engine"), Thing("disk", there=False), Thing("clock", there=False), Thing("command", there=False)]
    with pytest.raises(CannotRun) as refused:
        examine.preflight(checks=checks)
    assert [one.cure for one in refused.value.missing] == ["get it", "get it"]
    assert refused.value.exit_code == 4


def test_a_run_builds_the_harness_image_by_itself_and_nothing_else() -> None:
    image, disk = Thing("harness image", there=False), Thing("disk")
    examine.preflight(checks=[Thing("base image"), image, disk])
    assert image.did == ["look", "fix", "look"]
    examine.preflight(checks=[Thing("base image", there=False), Thing("harness image")])
    with pytest.raises(CannotRun):
        examine.preflight(checks=[Thing("base image", there=False), Thing("harness image", there=False)])
    with pytest.raises(CannotRun):
        examine.preflight(checks=[Thing("toxiproxy image", there=False)])


def test_what_hinders_no_run_is_said_before_it() -> None:
    class Full(Thing):
        def look(self) -> Seen:
            return Seen(self.name, "note", "the machine is full")

    said: list[str] = []
    examine.preflight(said.append, checks=[Full("processors"), Full("command")])
    assert said == ["warning: the machine is full"]


def test_every_check_has_a_name_of_its_own_and_needs_only_earlier_ones() -> None:
    earlier: list[str] = []
    for check in CHECKS:
        assert check.name not in earlier
        assert set(check.needs) <= set(earlier)
        earlier.append(check.name)
    assert set(examine.PREFLIGHT) <= set(earlier)


SEEN = [Seen("engine", "ok", "Docker Engine 26"), Seen("disk", "missing", "too little room", "df -h /")]


def test_the_machines_form_names_its_schema_and_every_check() -> None:
    document = json.loads(as_document(SEEN, lacks=True))
    assert document["schema"] == "drill/doctor/1"
    assert document["ok"] is False
    assert document["checks"][1] == {"check": "disk", "state": "missing", "what": "too little room", "cure": "df -h /"}


def test_each_check_is_one_line_with_its_cure_on_it() -> None:
    ok, missing = as_lines(SEEN).splitlines()
    assert ok.split() == ["ok", "engine", "Docker", "Engine", "26"]
    assert missing.endswith("too little room; cure: df -h /")


@pytest.mark.parametrize(("there", "code"), [(True, 0), (False, 4)])
def test_the_command_ends_with_4_when_something_is_missing(
    monkeypatch: pytest.MonkeyPatch, there: bool, code: int
) -> None:
    checks = [Thing("engine", there=there, curable=False)]
    monkeypatch.setattr(examine, "look", lambda _all: [check.look() for check in checks])
    result = CliRunner().invoke(command, [])
    assert result.exit_code == code
    assert "engine" in result.output
