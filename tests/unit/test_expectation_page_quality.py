"""page_quality: a good page passes; each of its mutations breaks one item and no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from alert_stories import FAULT, Hurt, looks, page, story
from pydantic import ValidationError

from harness import facts as f
from harness.expectations.base import Evidence, Reach, Steady
from harness.expectations.page_items import ITEMS, NUMBER
from harness.expectations.page_quality import PageQuality
from harness.journal import Journal
from harness.ledger import NO_ROWS
from harness.run.observing import read_runbooks
from harness.runbooks import address, headings, lacking
from harness.testing import WrittenLogs, journal_of
from harness.verdict import Finding

if TYPE_CHECKING:
    from harness.drill.model import Drill

LABELS = {"service": "api", "severity": "page"}
SAYS = {
    "summary": "Shoppers wait.",
    "description": "21% of the requests to db took longer than 0.5 s.",
    "runbook_url": "https://wiki.example.test/runbooks/Slow",
    "dashboard_url": "/d/checkout",
}
BOOK = f.RunbookFound(
    seen_s=1, folder="books", file="Slow.md", sections=("Slow", "Meaning", "Impact", "Diagnosis", "Mitigation")
)
GOOD = page(30, start_s=29, annotations=SAYS, generator="http://prometheus:9090/graph?g0.expr=slow")
CLAIM = {"alert": "Slow", "receiver": "oncall", "runbooks": "books"}


def found(journal: Journal, **more: Any) -> Finding:
    evidence = Evidence(
        journal, NO_ROWS, WrittenLogs(), Steady(5.0, ()), phase="hurt", faults={FAULT: Hurt(id=FAULT)}, over=True
    )
    return PageQuality(**{**CLAIM, **more}).check(evidence)


def without(name: str) -> dict[str, str]:
    return {key: text for key, text in SAYS.items() if key != name}


def came_out(finding: Finding) -> tuple[str, str]:
    return finding.outcome.value, finding.reason


def test_a_page_with_everything_passes_and_shows_what_each_item_was_seen_by() -> None:
    finding = found(story(GOOD, BOOK))
    assert came_out(finding) == ("passed", "met")
    assert [name for name, _ in finding.details] == list(ITEMS)
    assert all(text.startswith("yes: ") for _, text in finding.details)


@pytest.mark.parametrize(
    ("item", "changed"),
    [
        ("severity", {"labels": {"service": "api", "severity": "urgent"}}),
        ("severity", {"labels": {"service": "api"}}),
        ("summary", {"annotations": without("summary")}),
        ("runbook", {"annotations": without("runbook_url")}),
        ("runbook", {"annotations": {**SAYS, "runbook_url": "https://wiki.example.test/runbooks/Sloww"}}),
        ("dashboard", {"annotations": without("dashboard_url")}),
        ("service", {"labels": {"severity": "page"}}),
        ("dependency", {"annotations": {**SAYS, "description": "21% of the requests took longer than 0.5 s."}}),
        ("value", {"annotations": {**SAYS, "description": "Many requests to db took longer than 0.5 s."}}),
        ("template", {"annotations": {**SAYS, "summary": "<error expanding template: no such function>"}}),
        ("value", {"annotations": {**SAYS, "description": "More than 2% of the requests to db end in 5xx."}}),
        ("value", {"annotations": {**SAYS, "description": "More than 2% of db: https://wiki.example.test/42"}}),
        ("template", {"annotations": {**SAYS, "summary": "<no value> waits."}}),
        ("template", {"annotations": {**SAYS, "summary": "%!f(string=)ms of waiting."}}),
        ("template", {"annotations": {**SAYS, "summary": "One waits %!(EXTRA string=a)"}}),
        ("generator", {"generator": ""}),
        ("whole", {"truncated": 3}),
        ("size", {"count": 6}),
        ("receiver", {"receiver": "tickets"}),
    ],
)
def test_a_page_that_lacks_one_item_fails_by_that_item_alone(item: str, changed: dict[str, Any]) -> None:
    finding = found(story(replace(GOOD, **changed), BOOK))
    assert came_out(finding) == ("failed", "bad_page")
    assert [name for name, text in finding.details if not text.startswith("yes: ")] == [item]
    assert f"{item}: " in finding.because


STATIC = "p95 of db has been above 500ms for 5m."
WAITED = "Requests to db waited for 2.1 s, more than 0.5 s."


@pytest.mark.parametrize(
    ("template", "says", "came"),
    [
        (STATIC, STATIC, "failed"),
        ("p95 of {{ $labels.db }} has been above 500ms, 1 of 3.", "p95 of db has been above 500ms, 1 of 3.", "failed"),
        ("Requests to db waited for {{ $value }} s, more than 0.5 s.", WAITED, "passed"),
        ("{{ with query `up` }}{{ . | first | value }}{{ end }} of 3 db", "1 of 3 db", "passed"),
        ("", STATIC, "inconclusive"),
        ("", WAITED, "inconclusive"),
        (
            "",
            "p95 of db is 823ms, over the 500ms that are allowed, in the last 5 minutes; CPU at 100%! (really)",
            "passed",
        ),
    ],
)
def test_a_number_that_the_rule_says_always_is_no_value(template: str, says: str, came: str) -> None:
    rule = f.RuleSeen(seen_s=6, rule="Slow", group="g", annotations={"description": template} if template else {})
    other = f.RuleSeen(
        seen_s=6, rule="Slow", group="t", labels={"severity": "ticket"}, annotations={"description": "{{ $value }}"}
    )
    finding = found(story(replace(GOOD, annotations={**SAYS, "description": says}), BOOK, rule, other))
    assert finding.outcome.value == came, finding.because
    assert [name for name, text in finding.details if not text.startswith("yes: ")] == (
        [] if came == "passed" else ["value"]
    )


@pytest.mark.parametrize(
    ("labels", "others", "came"),
    [
        ({"severity": "critical"}, [], "failed"),
        ({"severity": "critical"}, [({"severity": "warning"}, "{{ $value }} of 5")], "inconclusive"),
        ({"severity": "page"}, [({"severity": "warning"}, "{{ $value }} of 5")], "failed"),
    ],
)
def test_a_rule_whose_labels_were_rewritten_on_the_way_is_known_by_its_name(
    labels: dict[str, str], others: list[tuple[dict[str, str], str]], came: str
) -> None:
    rules = [
        f.RuleSeen(seen_s=6, rule="Slow", group=str(i), labels=given, annotations={"description": text})
        for i, (given, text) in enumerate([(labels, STATIC + " 1 of 3."), *others])
    ]
    says = {**SAYS, "description": STATIC + " 1 of 3."}
    finding = found(story(replace(GOOD, annotations=says), BOOK, *rules, but=(f.RuleSeen,)), require=["value"])
    assert finding.outcome.value == came, finding.because


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("is 2.1s, limit .5s", ["2.1", ".5"]),
        ("is +Inf, limit 0.5", ["+Inf", "0.5"]),
        ("lag is 1.2e+06", ["1.2e+06"]),
        ("lag is 1,200,000", ["1,200,000"]),
        ("v1.5 of Information, x.5", []),
    ],
)
def test_a_number_is_one_however_it_is_written(text: str, numbers: list[str]) -> None:
    assert NUMBER.findall(text) == numbers


def test_a_page_without_a_description_has_no_value_and_names_no_dependency_either() -> None:
    finding = found(story(replace(GOOD, annotations=without("description")), BOOK))
    assert [name for name, text in finding.details if text.startswith("no: ")] == ["description", "dependency", "value"]


def test_a_runbook_needs_all_of_its_sections() -> None:
    finding = found(story(GOOD, replace(BOOK, sections=("Meaning", "IMPACT"))))
    assert came_out(finding) == ("failed", "bad_page")
    assert "Slow.md lacks Diagnosis, Mitigation" in finding.because


@pytest.mark.parametrize(
    ("url", "came"),
    [
        ("https://wiki.example.test/checkout/Slow", "passed"),
        ("https://wiki.example.test/Fast.html", "passed"),
        ("https://wiki.example.test/Fast/index.html", "passed"),
        ("https://wiki.example.test/books/#/Fast", "passed"),
        ("https://wiki.example.test/books?page=Fast", "passed"),
        ("https://git.example.test/books/Fast.md#diagnosis", "passed"),
        ("https://wiki.example.test/stock/slow", "failed"),
        ("https://wiki.example.test/slow-queries", "passed"),
        ("https://wiki.example.test/checkout/Slow%20Queries", "inconclusive"),
        ("https://wiki.example.test/Slow", "inconclusive"),
        ("https://wiki.example.test/Elsewhere", "inconclusive"),
    ],
)
def test_a_runbook_is_found_in_folders_and_behind_the_ways_in_which_sites_are_served(url: str, came: str) -> None:
    names = ("README.md", "Fast.md", "checkout/Slow.md", "db/Slow Queries.md")
    books = [replace(BOOK, file=name) for name in names]
    books.append(replace(BOOK, file="stock/Slow.md", sections=("Meaning",)))
    finding = found(story(replace(GOOD, annotations={**SAYS, "runbook_url": url}), *books), require=["runbook"])
    assert finding.outcome.value == came, finding.because


WIKI = "https://wiki.example.test/books"


@pytest.mark.parametrize(
    ("url", "links", "came"),
    [
        (f"{WIKI}/checkout/nosuch", (f"{WIKI}/db/slow-queries",), "failed"),
        (f"{WIKI}/nosuch.html", (f"{WIKI}/db/slow-queries.html",), "failed"),
        (f"{WIKI}/Slow", (f"{WIKI}/db/slow-queries",), "failed"),
        (f"{WIKI}/checkout/", (f"{WIKI}/db/slow-queries",), "inconclusive"),  # perhaps the folder's own page
        (f"{WIKI}/", (f"{WIKI}/db/slow-queries",), "inconclusive"),
        (f"{WIKI}/checkout/nosuch", (f"{WIKI}/Fast",), "inconclusive"),  # shows not that folders are kept
        (f"{WIKI}/checkout/nosuch", (f"{WIKI}/slow-queries",), "inconclusive"),
        (f"{WIKI}?page=nosuch", (f"{WIKI}/db/slow-queries",), "inconclusive"),
        (f"{WIKI}/#/nosuch", (f"{WIKI}/db/slow-queries",), "inconclusive"),
        ("https://wiki.example.test/other/nosuch", (f"{WIKI}/db/slow-queries",), "inconclusive"),
        ("https://git.example.test/books/nosuch", (f"{WIKI}/db/slow-queries", "no URL", ""), "inconclusive"),
        (f"{WIKI}/checkout/nosuch", (f"{WIKI}/checkout/nosuch",), "inconclusive"),
        (f"{WIKI}/checkout/Slow", (f"{WIKI}/db/slow-queries",), "passed"),
    ],
)
def test_other_rules_links_show_where_the_folder_is_served_and_so_what_is_not_there(
    url: str, links: tuple[str, ...], came: str
) -> None:
    books = [replace(BOOK, file=name) for name in ("Fast.md", "checkout/Slow.md", "db/Slow Queries.md")]
    rules = [f.RuleSeen(rule=f"R{n}", annotations={"runbook_url": link}, seen_s=2.0) for n, link in enumerate(links)]
    paged = replace(GOOD, annotations={**SAYS, "runbook_url": url})
    finding = found(story(paged, *books, *rules), require=["runbook"])
    assert finding.outcome.value == came, finding.because
    if came == "failed":
        assert finding.because.endswith(
            f"{url} leads nowhere: books has no such file, and is served with its folders, as {links[0]} shows"
        )


@pytest.mark.parametrize(
    ("url", "came"),
    [
        (f"{WIKI}/db/slow-queries", "inconclusive"),  # Docusaurus leaves the numbers out
        (f"{WIKI}/db/SlowQueries", "inconclusive"),
        (f"{WIKI}/01-db/02_slow-queries", "passed"),
        (f"{WIKI}/db/slow", "failed"),
        (f"{WIKI}/errors", "failed"),
        (f"{WIKI}/404-errors", "failed"),
        (f"{WIKI}/slow-queries", "failed"),  # not where its folder is
    ],
)
def test_a_site_may_write_the_names_of_its_files_in_its_own_way(url: str, came: str) -> None:
    books = [replace(BOOK, file=name) for name in ("01-db/02-slow-queries.md", "api/500-errors.md", "api/Slow.md")]
    shows = f.RuleSeen(rule="Other", annotations={"runbook_url": f"{WIKI}/api/Slow"}, seen_s=2.0)
    paged = replace(GOOD, annotations={**SAYS, "runbook_url": url})
    finding = found(story(paged, *books, shows), require=["runbook"])
    assert finding.outcome.value == came, finding.because
    if came == "inconclusive":
        assert "may be 01-db/02-slow-queries.md on a site that writes names in its own way" in finding.because


@pytest.mark.parametrize("names", [("api/errors.md", "db/Slow.md"), ("errors.md", "Slow.md")])
def test_a_runbook_that_states_its_own_address_may_be_where_a_url_leads(names: tuple[str, ...]) -> None:
    shows = f.RuleSeen(rule="Other", annotations={"runbook_url": f"{WIKI}/db/Slow"}, seen_s=2.0)
    paged = replace(GOOD, annotations={**SAYS, "runbook_url": f"{WIKI}/high-errors"})
    books = [replace(BOOK, file=name) for name in names]
    assert found(story(paged, *books, shows), require=["runbook"]).outcome.value == "failed"
    books[0] = replace(books[0], address="slug: /high-errors")
    finding = found(story(paged, *books, shows), require=["runbook"])
    assert finding.outcome.value == "inconclusive"
    assert f"{names[0]} states where a site shows it: `slug: /high-errors`" in finding.because


@pytest.mark.parametrize(
    ("front", "came"),
    [
        ("slug: /high-errors", "inconclusive"),
        ("slug: High Errors  # as people say", "inconclusive"),
        ("id: RB-17\nslug: high-errors", "inconclusive"),
        ("ID: high-errors", "inconclusive"),
        ("url: https://wiki.example.test/api/high-errors.html", "inconclusive"),
        ("aliases: [/api/5xx, '/api/high-errors/']", "inconclusive"),
        ("aliases: [\n  /api/5xx,\n  /api/high-errors\n]", "inconclusive"),
        ("redirect_from:\n- /api/5xx\n- /api/high-errors", "inconclusive"),
        ("permalink: /api/:title/", "inconclusive"),
        ("id: RB-17", "failed"),
        ("id: errors\ntitle: high-errors", "failed"),
        ("aliases: [/books/api/5xx]", "failed"),
        ("slug: /5xx", "failed"),
        ("slug: /", "failed"),
        ("slug:", "failed"),
        ("url: https://grafana.example.test/d/abc", "failed"),
        ("path: services/api", "failed"),
    ],
)
def test_what_a_runbook_states_of_itself_excuses_the_urls_that_end_like_it_alone(front: str, came: str) -> None:
    stated = address(f"---\n{front}\n---\n# Errors\n")
    books = [replace(BOOK, file="api/errors.md", address=stated), replace(BOOK, file="db/Slow.md")]
    shows = f.RuleSeen(rule="Other", annotations={"runbook_url": f"{WIKI}/db/Slow"}, seen_s=2.0)
    paged = replace(GOOD, annotations={**SAYS, "runbook_url": f"{WIKI}/high-errors"})
    finding = found(story(paged, *books, shows), require=["runbook"])
    assert finding.outcome.value == came, finding.because


@pytest.mark.parametrize(
    ("url", "shows", "came"),
    [
        ("https://wiki.example.test/", "", "inconclusive"),
        ("https://wiki.example.test", "", "inconclusive"),
        (f"{WIKI}/", f"{WIKI}/Slow", "inconclusive"),
        (WIKI, f"{WIKI}/Slow.md", "inconclusive"),
        (f"{WIKI}/", "", "failed"),  # nothing shows that the folder is served there
        (f"{WIKI}/", f"{WIKI}/Sloww", "failed"),
        (f"{WIKI}/", "https://other.example.test/books/Slow", "failed"),
        (f"{WIKI}/Sloww", f"{WIKI}/Slow", "failed"),
        (f"{WIKI}/Sloww/", f"{WIKI}/Slow", "failed"),
        ("https://wiki.example.test/Sloww/", "https://wiki.example.test/Slow", "failed"),
        ("https://wiki.example.test/Sloww", "https://wiki.example.test/Slow", "failed"),
        ("https://wiki.example.test/?page=Sloww", "", "failed"),
        ("https://[wiki/", "", "failed"),
    ],
)
def test_a_runbook_at_the_root_is_where_the_url_leads_of_the_site_or_of_where_the_folder_is_served(
    url: str, shows: str, came: str
) -> None:
    books = [replace(BOOK, file="intro.md", address="slug: /"), replace(BOOK, file="Slow.md")]
    paged = replace(GOOD, annotations={**SAYS, "runbook_url": url})
    other = f.RuleSeen(rule="Other", annotations={"runbook_url": shows}, seen_s=2.0)
    finding = found(story(paged, *books, other), require=["runbook"])
    assert finding.outcome.value == came, finding.because


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("---\ntitle: Errors\nslug: /high-errors\n---\n# Errors\n", "slug: /high-errors"),
        ('+++\nurl = "/high-errors/"\n+++\n', 'url = "/high-errors/"'),
        ("---\naliases:\n  - /old\n  - /older\ntitle: x\n---\n", "aliases: - /old - /older"),
        ("---\nid: RB-17\nslug: /high\n---\n", "id: RB-17, slug: /high"),
        ("---\ntitle: slug: x\n---\n# Errors\n", ""),
        ("# Errors\n\n---\nslug: /high-errors\n---\n", ""),
        ("---\nslug: never closed\n", ""),
        ("", ""),
    ],
)
def test_where_a_site_shows_a_runbook_is_read_from_its_front_matter(tmp_path: Path, text: str, stated: str) -> None:
    (tmp_path / "Errors.md").write_text(text)
    drill = cast("Drill", SimpleNamespace(path=lambda folder: tmp_path))
    assert [one.address for one in read_runbooks(drill, "books")] == [stated]


def test_the_folder_of_runbooks_is_asked_for_only_where_it_was_not_given() -> None:
    nowhere = replace(GOOD, annotations={**SAYS, "runbook_url": f"{WIKI}/Elsewhere"})
    given = found(story(nowhere, replace(BOOK, file="db/Slow.md")))
    assert came_out(given) == ("inconclusive", "not_observable")
    assert given.decide == "`except: [runbook]`"
    assert found(story(nowhere), runbooks="").decide == "`runbooks`, or `except: [runbook]`"


def test_a_folder_of_runbooks_is_read_with_those_below_it(tmp_path: Path) -> None:
    for name in ("README.md", "checkout/Slow.markdown", ".git/Hidden.md", "checkout/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("# It\n\n## Meaning\n")
    drill = cast("Drill", SimpleNamespace(path=lambda folder: tmp_path))
    assert [one.file for one in read_runbooks(drill, "books")] == ["README.md", "checkout/Slow.markdown"]


@pytest.mark.parametrize(
    ("facts", "more"),
    [
        ((), {}),
        ((), {"runbooks": ""}),
        ((f.RunbookFound(seen_s=1, folder="books", why="it cannot be read"),), {}),
    ],
)
def test_a_runbook_that_nobody_could_look_at_is_not_observable_unless_it_does_not_count(
    facts: tuple[f.Fact, ...], more: dict[str, Any]
) -> None:
    assert came_out(found(story(GOOD, *facts), **more)) == ("inconclusive", "not_observable")
    assert came_out(found(story(GOOD, *facts), **more, **{"except": ["runbook"]})) == ("passed", "met")
    assert came_out(found(story(GOOD, *facts), **more, require=["summary"])) == ("passed", "met")


def test_no_page_is_no_good_page_and_absence_of_a_fault_counts_only_while_the_mailbox_was_there() -> None:
    assert came_out(found(story(BOOK))) == ("inconclusive", "no_evidence")
    gone = [fact for fact in story(GOOD, BOOK).facts if not (isinstance(fact, f.Looked) and fact.probe == "pages")]
    lost = journal_of(*gone, *looks("pages", hole=(25, 40)))
    assert came_out(found(lost)) == ("inconclusive", "not_watched")
    assert came_out(found(story(GOOD, BOOK).cut(49))) == ("inconclusive", "window_open")


@pytest.mark.parametrize(
    ("held", "outcome"), [((), "inconclusive"), (("oncall", "vault"), "inconclusive"), (("oncall",), "failed")]
)
def test_one_whose_receiver_nobody_sees_may_have_gone_there_unless_alertmanager_means_it_for_others(
    held: tuple[str, ...], outcome: str
) -> None:
    routed = f.AlertRouted(seen_s=29.5, alert="Slow", state="active", fingerprint="a", receivers=held)
    finding = found(story(GOOD, BOOK, *([routed] if held else [])), receiver="vault")
    assert finding.outcome.value == outcome
    assert "went to oncall" in finding.because


def test_an_alert_that_also_goes_elsewhere_went_to_its_receiver() -> None:
    journal = story(replace(GOOD, receiver="tickets"), page(30.1, start_s=29, annotations=SAYS, generator="g"), BOOK)
    assert came_out(found(journal)) == ("passed", "met")
    assert came_out(found(journal.cut(30.15))) == ("inconclusive", "window_open")


def test_one_bad_page_among_good_ones_is_found() -> None:
    bad = replace(GOOD, fingerprint="b", annotations=without("summary"), happened_s=33, seen_s=33.1)
    finding = found(story(GOOD, bad, BOOK))
    assert came_out(finding) == ("failed", "bad_page")
    assert "2 pages" in finding.because


@pytest.mark.parametrize(
    "wrong", [{"require": ["nonsense"]}, {"except": list(ITEMS)}, {"receiver": "", "require": ["receiver"]}]
)
def test_items_that_are_none_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PageQuality(**{**CLAIM, **wrong})


def test_headings_are_read_in_both_ways_and_not_out_of_code() -> None:
    text = "# Slow #\n\nMeaning\n=======\ntext\n## Impact\n```sh\n# Diagnosis\n```\nMitigation\n---\n"
    assert headings(text) == ("Slow", "Meaning", "Impact", "Mitigation")
    assert lacking(headings(text)) == ("Diagnosis",)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, True),
        ({"require": ["summary", "runbook"]}, True),
        ({"runbooks": "../runbooks"}, False),
        ({"except": ["runbook"]}, False),
        ({"require": ["summary"]}, False),
    ],
)
def test_a_runbook_that_nobody_here_can_look_up_is_told_before(fields: dict[str, Any], told: bool) -> None:
    claim = PageQuality.model_validate({"alert": "Slow", **fields})
    assert ("`runbooks`" in claim.doubtful(Reach(60.0, 100.0, 10.0))) == told
