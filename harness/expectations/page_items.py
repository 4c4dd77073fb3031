"""What a page needs so that whoever it wakes can act: each item true, false or not observable, with what shows it. Pure.

Sources: monitoring-mixins' annotations; prometheus-operator/runbooks; the literal texts that Prometheus leaves where a
template broke (template.go).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.alerting import may_bear
from harness.expectations import page_receivers
from harness.expectations.alerts import PLACES
from harness.facts import AlertRouted, Fact, Paged, RuleSeen, RunbookFound
from harness.journal import Journal
from harness.runbooks import kept_by, lacking, led_to, served_at, stated_in, written_otherwise
from harness.templates import measures

BROKEN = re.compile(r"<error expanding template|<no value>|%!\w?\(")
"""The last: what Go's printf leaves of a value that is not of its verb's kind, such as %!f(string=)."""
NUMBER = re.compile(r"(?<![\w.])(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[+-]?\d+)?|\.\d+|[+-]?Inf\b)")
"""As Go and people write them: 0.5, .5, 1,000, 1.2e+06, +Inf."""
NO_VALUE = re.compile(r"https?://\S+|\b[1-5]xx\b", re.IGNORECASE)
SPAN = re.compile(
    r"\b(for|in|over|within|during|last|past|previous)\s+((the|more|at|than|least|last|past|about)\s+)*\d+(\.\d+)?"
    r"[\s-]?(ms|[smhdw]|sec|min|second|minute|hour|day|week)s?\b",
    re.IGNORECASE,
)
"""Since when, or over what: mostly no value, but "waited for 2.1 s" is one."""


@dataclass(frozen=True)
class Item:
    """`held` None: nobody here can tell. `facts` are cited beside the page itself."""

    held: bool | None
    said: str
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What a claim wants of its pages. receivers: those to which this very alert was sent."""

    journal: Journal
    receiver: str
    receivers: tuple[str, ...]
    severities: tuple[str, ...]
    service: str
    dependencies: tuple[str, ...]
    runbooks: str
    most: int


def _severity(page: Paged, asked: Asked) -> Item:
    found = page.labels.get("severity", "")
    return Item(found in asked.severities, f"severity is {found!r}" if found else "there is no label severity")


def _summary(page: Paged, asked: Asked) -> Item:
    return _text(page, "summary")


def _description(page: Paged, asked: Asked) -> Item:
    return _text(page, "description")


def _text(page: Paged, name: str) -> Item:
    found = page.annotations.get(name, "").strip()
    return Item(bool(found), repr(_short(found)) if found else f"there is no {name}")


def _runbook(page: Paged, asked: Asked) -> Item:
    """A file of the folder that the claim names, by the end of its URL, with all four sections."""
    url = _link(page.annotations)
    if not url:
        return Item(False, "there is no runbook_url")
    if not asked.runbooks:
        return Item(None, f"{url} cannot be looked at from here; `runbooks` names the folder it is served from")
    there = asked.journal.of(RunbookFound, folder=asked.runbooks)
    unread = [one for one in there if one.why]
    if unread or not there:
        why = unread[0].why if unread else "it was not read in this run"
        return Item(None, f"{asked.runbooks}: {why}", tuple(unread[:1]))
    links = dict.fromkeys(link for rule in asked.journal.of(RuleSeen) if (link := _link(rule.annotations)))
    return _served(url, {one.file: one for one in there}, asked.runbooks, tuple(links))


def _link(annotations: Mapping[str, str]) -> str:
    return annotations.get("runbook_url", "") or annotations.get("runbook", "")


def _served(url: str, files: Mapping[str, RunbookFound], folder: str, links: Sequence[str]) -> Item:
    """What the files of a folder tell of a URL that is served from it. `links`: those of all rules, which tell how it is."""
    mine = [files[name] for name in led_to(url, tuple(files))]
    if not mine:
        return _elsewhere(url, files, folder, links) or _nowhere(url, files, folder, links)
    poor = [one for one in mine if lacking(one.sections)]
    if poor and len(poor) < len(mine):
        names = ", ".join(one.file for one in mine)
        return Item(None, f"{url} may be any of {names}, and {poor[0].file} lacks sections", tuple(mine))
    if poor:
        return Item(False, f"{poor[0].file} lacks {', '.join(lacking(poor[0].sections))}", (poor[0],))
    return Item(True, f"{url}, with all of its sections", (mine[0],))


def _elsewhere(url: str, files: Mapping[str, RunbookFound], folder: str, links: Sequence[str]) -> Item | None:
    """Why a URL that fits no file by its name may lead to one all the same, on a site that names its pages itself; else None."""
    fits = f"{url} fits no file of {folder} by its name"
    if name := written_otherwise(url, tuple(files)):
        return Item(None, f"{fits}, and may be {name} on a site that writes names in its own way", (files[name],))
    roots = served_at(links, tuple(files))
    stated = next((one for one in files.values() if stated_in(one.address, url, roots)), None)
    if stated is None:
        return None
    return Item(None, f"{fits}, and {stated.file} states where a site shows it: `{_short(stated.address)}`", (stated,))


def _nowhere(url: str, files: Mapping[str, RunbookFound], folder: str, links: Sequence[str]) -> Item:
    """What is said of a URL that no file of the folder can be meant by."""
    if link := kept_by(url, links, tuple(files)):
        return Item(
            False, f"{url} leads nowhere: {folder} has no such file, and is served with its folders, as {link} shows"
        )
    if any("/" in name for name in files):
        return Item(None, f"{url} fits no file of {folder} by its name, and may be one of its folders' all the same")
    return Item(False, f"{url} leads nowhere: {folder} has no file of that name")


def _dashboard(page: Paged, asked: Asked) -> Item:
    url = page.annotations.get("dashboard_url", "") or page.annotations.get("dashboard", "")
    return Item(bool(re.match(r"https?://|/", url)), url or "there is no dashboard_url")


def _service(page: Paged, asked: Asked) -> Item:
    """By name where the claim gives one, else by any label that says whom it is about."""
    if asked.service:
        return _named(page, (asked.service,), "service")
    mine = [f"{name}={page.labels[name]}" for name in PLACES[:-1] if page.labels.get(name)]
    return Item(bool(mine), mine[0] if mine else f"no label of {', '.join(PLACES[:-1])}")


def _dependency(page: Paged, asked: Asked) -> Item:
    if asked.dependencies:
        return _named(page, asked.dependencies, "dependency")
    found = page.labels.get("dependency", "")
    return Item(bool(found), f"dependency={found}" if found else "there is no label dependency")


def _named(page: Paged, names: Sequence[str], what: str) -> Item:
    """Whether one of the names stands as a word in a label or in what people read."""
    told = " ".join(
        (*page.labels.values(), page.annotations.get("summary", ""), page.annotations.get("description", ""))
    )
    for name in names:
        if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", told, re.IGNORECASE):
            return Item(True, f"names {name}")
    return Item(False, f"does not name the {what} {' or '.join(names)}")


def _value(page: Paged, asked: Asked) -> Item:
    """Two numbers, and by the rule's own template one of them at least is measured. Where that is not known, spans of time may be none."""
    text = NO_VALUE.sub(" ", page.annotations.get("description", ""))
    found = NUMBER.findall(text)
    said = f"numbers in the description: {', '.join(found[:4]) or 'none'}"
    if len(found) < 2:
        return Item(False, said)
    named = [rule for rule in asked.journal.of(RuleSeen) if rule.rule == page.alert]
    mine = [rule for rule in named if may_bear(rule, page.labels)]
    known = [
        rule for rule in mine or named if rule.annotations.get("description")
    ]  # labels may be rewritten on the way
    measured = {measures(rule.annotations["description"]) for rule in known}
    if measured == {False}:
        return Item(
            False, f"{said}, but the rule's description holds no {{{{ $value }}}}: it says so always", (known[-1],)
        )
    if not mine and len(measured) > 1:
        return Item(
            None,
            f"{said}; whether one of them is the value is not known: not every rule of that name holds {{{{ $value }}}}",
        )
    if not known and len(NUMBER.findall(SPAN.sub(" ", text))) < 2:
        return Item(None, f"{said}; whether one of them is the value is not known: Prometheus' rule was not seen")
    return Item(True, said)


def _template(page: Paged, asked: Asked) -> Item:
    for name, text in (*page.annotations.items(), *page.labels.items()):
        if broken := BROKEN.search(text):
            return Item(False, f"{name} holds {broken.group()!r}")
    return Item(True, "no template broke")


def _generator(page: Paged, asked: Asked) -> Item:
    return Item(bool(page.generator), "generatorURL is set" if page.generator else "generatorURL is empty")


def _whole(page: Paged, asked: Asked) -> Item:
    return Item(page.truncated == 0, f"{page.truncated} alerts were left out" if page.truncated else "nothing left out")


def _size(page: Paged, asked: Asked) -> Item:
    return Item(page.count <= asked.most, f"{page.count} alerts in one page (at most {asked.most})")


def _receiver(page: Paged, asked: Asked) -> Item:
    went = f"went to {', '.join(asked.receivers)}"
    blind = page_receivers.unobservable(asked.journal, (asked.receiver,), asked.journal.end_s)
    held = asked.journal.of(AlertRouted, fingerprint=page.fingerprint)
    elsewhere = bool(held) and not any(asked.receiver in seen.receivers for seen in held)
    if asked.receiver in asked.receivers or blind is None or elsewhere:
        return Item(asked.receiver in asked.receivers, went)
    return Item(None, f"{went}; {page_receivers.unseen(blind)}", (blind,))


ITEMS: Mapping[str, Callable[[Paged, Asked], Item]] = {
    "severity": _severity,
    "summary": _summary,
    "description": _description,
    "runbook": _runbook,
    "dashboard": _dashboard,
    "service": _service,
    "dependency": _dependency,
    "value": _value,
    "template": _template,
    "generator": _generator,
    "whole": _whole,
    "size": _size,
    "receiver": _receiver,
}


def as_listed(name: str, item: Item) -> Item:
    """The same of a page that was read from a provider's list: it need not hold all that the page did, and tells not what came together."""
    if name in ("whole", "size"):
        return Item(None, "a list of pages does not tell which alerts came in one page")
    if item.held is False and name not in ("template", "receiver"):
        return Item(None, f"{item.said} in the list of pages, which need not hold all that the page does", item.facts)
    return item


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"
