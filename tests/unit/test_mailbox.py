"""The mailbox before all that pages people, and what they really run held against it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.cli.inputs import doubts_of
from harness.drill.monitor import Monitor
from harness.drill.stack import Observe
from harness.errors import CannotRun, NotApplied
from harness.facts import ReceiverSeen
from harness.run import mailbox
from harness.run.mailbox import put_mailbox, really_pages
from harness.run.observing import Observing
from harness.stack import configfile
from harness.stack.project import Project
from harness.stack.senders.sender import Sender
from harness.world.receivers import paging

FILE = "route: {receiver: NAME}\nreceivers: [{name: NAME, webhook_configs: [{url: 'http://pager.example/x'}]}]\n"


class Told:
    """A session, a stack with its networks, an Alertmanager with its configuration, and what is told of them."""

    def __init__(self, **networks: tuple[tuple[str, str], ...]) -> None:
        self.facts: list[Any] = []
        self.said: list[str] = []
        self.places: list[Any] = []
        self.running: str | None = None
        folder, clock = SimpleNamespace(run="r"), SimpleNamespace(opened_ns=0)
        display = SimpleNamespace(say=self.said.append)
        self.session = cast(
            "Any", SimpleNamespace(record=self.facts.append, display=display, folder=folder, clock=clock)
        )
        self.stack = cast("Any", SimpleNamespace(project_name="x-r", attachments=lambda name: networks.get(name, ())))
        self.closing = cast("Any", SimpleNamespace(callback=lambda *_: None))

    def pager(self, place: Any, ports: Any, *rest: Any) -> Any:
        self.places.append((dict(place.networks), tuple(place.aliases), tuple(ports)))
        return SimpleNamespace(start=lambda: None, close=lambda: None)

    def config(self) -> str:
        if self.running is None:
            raise NotApplied("it does not answer")
        return self.running


def sender(name: str, receiver: str) -> Sender:
    known = paging(FILE.replace("NAME", receiver))
    return Sender(name, known.hosts or {}, (), known)


def test_one_mailbox_is_on_the_networks_of_all_under_all_their_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(one=(("x_a", "10.0.0.9"), ("x_b", "")), other=(("x_b", ""), ("x_c", "")))
    monkeypatch.setattr(mailbox, "Pager", told.pager)
    other = Sender("other", {"events.pagerduty.com": (), "pager.example": (8080,)})
    assert put_mailbox(told.session, told.stack, (sender("one", "oncall"), other), told.closing)
    networks = {"x_a": "10.0.0.9", "x_b": "", "x_c": ""}
    assert told.places == [(networks, ("pager.example", "events.pagerduty.com"), (80, 8080))]
    assert [(one.receiver, one.observable) for one in told.facts] == [("oncall", True)]


def test_receivers_of_one_on_no_network_are_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    monkeypatch.setattr(mailbox, "Pager", told.pager)
    assert put_mailbox(told.session, told.stack, (sender("one", "oncall"),), told.closing) is None
    assert told.places == []
    assert [(one.observable, one.why) for one in told.facts] == [(False, "one is on no network of the project")]


def test_one_that_runs_with_other_receivers_than_were_read_ends_the_run_before_anything_is_hurt() -> None:
    told = Told()
    told.running = FILE.replace("NAME", "real")
    with pytest.raises(CannotRun, match=r"runs with the receivers real, and not with those .* \(oncall\)"):
        really_pages(told.session, sender("one", "oncall"), cast("Any", told))


def test_one_that_runs_with_what_was_read_is_as_it_should_be_whatever_it_hides() -> None:
    told = Told()
    told.running = FILE.replace("NAME", "oncall").replace("http://pager.example/x", "<secret>")
    really_pages(told.session, sender("one", "oncall"), cast("Any", told))
    assert (told.said, told.facts) == ([], [])


@pytest.mark.parametrize("name", ["on", "no", "0123", "1.10"])
def test_a_receiver_has_its_name_as_it_is_written(name: str) -> None:
    told = Told()
    told.running = FILE.replace("NAME", f'"{name}"')
    really_pages(told.session, sender("one", name), cast("Any", told))
    assert (told.said, told.facts) == ([], [])


def test_whom_one_pages_whose_configuration_was_not_known_is_told_once_it_runs() -> None:
    told = Told()
    told.running = FILE.replace("NAME", "real")
    really_pages(told.session, Sender("one", why="it is written when it starts"), cast("Any", told))
    (seen,) = told.facts
    assert isinstance(seen, ReceiverSeen)
    assert (seen.receiver, seen.observable) == ("real", False)
    assert "it is written when it starts" in seen.why
    assert "real (webhook)" in told.said[0]


def test_what_such_a_one_sends_to_hosts_that_the_mailbox_bears_reaches_nobody() -> None:
    told = Told()
    told.running = (
        "route: {receiver: pd}\nreceivers: [{name: pd, pagerduty_configs: [{routing_key: <secret>}]}, {name: none}]\n"
    )
    really_pages(told.session, Sender("one", {"events.pagerduty.com": ()}, why="it is written"), cast("Any", told))
    assert (told.said, [one.receiver for one in told.facts]) == ([], ["pd", "none"])


@pytest.mark.parametrize("lone", [True, False])
def test_so_does_what_it_sends_to_itself_where_nobody_else_is_in_its_network(lone: bool) -> None:
    told = Told()
    told.running = FILE.replace("NAME", "web.hook").replace("pager.example/x", "127.0.0.1:5001/")
    really_pages(told.session, Sender("one", why="it is written", lone=lone), cast("Any", told))
    assert bool(told.said) is not lone


def test_one_that_does_not_answer_is_not_waited_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    monkeypatch.setattr(mailbox, "READY_S", 0.0)
    really_pages(told.session, sender("one", "oncall"), cast("Any", told))
    assert told.said == []


AT = "/etc/alertmanager/alertmanager.yml"


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with two Alertmanagers, of which none is named."""
    monkeypatch.setattr(configfile, "inspected", lambda *_: [])
    (tmp_path / "am.yml").write_text(FILE.replace("NAME", "oncall"))
    mount = {"type": "bind", "source": str(tmp_path / "am.yml"), "target": AT}
    body = {"image": "prom/alertmanager", "command": [f"--config.file={AT}"], "volumes": [mount]}
    guarded = {**body, "command": [*body["command"], "--web.config.file=/etc/web.yml"]}
    return Project("x", (), tmp_path, {"name": "x", "services": {"a": body, "b": body, "c": guarded}})


def drill_of(alertmanager: str = "", **stated: str) -> Any:
    observe = Observe(prometheus=Monitor(at="off"), alertmanager=Monitor(at=alertmanager, **stated))
    return SimpleNamespace(stack=SimpleNamespace(observe=observe, data={}), claims=lambda: [])


def test_a_run_puts_its_mailbox_before_both_of_a_pair_and_asks_both_what_they_run(
    pair: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told(a=(("x_a", ""),), b=(("x_b", ""),))
    told.session.drill, told.stack.project = drill_of(), pair
    told.stack.address = lambda target: (target, 1)
    monkeypatch.setattr(mailbox, "Pager", told.pager)
    monkeypatch.setattr(Observing, "_take_traces", lambda *_: None)
    observing = Observing.begin(told.session, told.stack, cast("Any", None), told.closing)
    assert [place[:2] for place in told.places] == [({"x_a": "", "x_b": ""}, ("pager.example",))]
    asked: list[str] = []
    monkeypatch.setattr("harness.run.observing.really_pages", lambda session, sender, am: asked.append(sender.service))
    observing.probes()
    assert sorted(asked) == ["a", "b"], "one that wants a password cannot be asked"
    together: list[int] = []
    monkeypatch.setattr("harness.run.observing.side_by_side", lambda *parts: together.append(len(parts)))
    observing.probes()
    assert together == [2]


def test_what_cannot_be_kept_from_people_is_told_before_anything_starts(pair: Project) -> None:
    told = doubts_of(drill_of("off"), pair, "")
    assert [text.partition(" is left alone")[0] for text in told] == ["a", "b", "c"]
    (guarded,) = doubts_of(drill_of("c:9093"), pair, "")
    assert "c asks for TLS or a password" in guarded
    assert doubts_of(drill_of("c:9093", user="drill", password_file="pw"), pair, "") == ()
