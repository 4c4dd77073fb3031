"""The report in a real browser: it draws, it answers mouse and keys, it complains of nothing, it asks no network."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from told_release import release_told

from harness.report.html.page import page

LANES = ("phases", "faults", "arrivals", "latency", "witness", "containers", "logs", "survey", "lateness", "run")


@pytest.fixture
def report(make_story: Callable[..., Any], tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(page(make_story(p95="300ms")), encoding="utf-8")
    return path


@pytest.fixture
def server() -> Iterator[str]:
    """An address that would be seen if it were asked."""

    class Quiet(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}/seen"
    http.shutdown()
    http.server_close()


def box(tab: Any, selector: str) -> tuple[float, float, float, float]:
    found = tab.ask(
        f"(() => {{ const r = document.querySelector({selector!r}).getBoundingClientRect();"
        " return [r.left, r.top, r.width, r.height]; })()"
    )
    return tuple(found)  # type: ignore[return-value]


def inked(tab: Any, selector: str) -> int:
    """How many points of a canvas are not empty."""
    return int(
        tab.ask(
            f"(() => {{ const c = document.querySelector({selector!r}); const d = c.getContext('2d')"
            ".getImageData(0, 0, c.width, c.height).data; let n = 0;"
            " for (let i = 3; i < d.length; i += 4) if (d[i]) n++; return n; })()"
        )
    )


def axis(tab: Any) -> list[str]:
    return list(tab.ask("[...document.querySelectorAll('.axis span')].map(one => one.textContent)"))


def test_every_lane_is_drawn_without_a_complaint_and_without_a_network(chromium: Any, report: Path) -> None:
    tab = chromium.tab()
    tab.open(report)
    assert tab.ask("document.documentElement.dataset.ready") == "yes"
    for lane in LANES:
        assert box(tab, f"#lane-{lane}")[3] > 20, lane
    for lane in ("arrivals", "latency", "lateness"):
        assert inked(tab, f"#lane-{lane} canvas") > 500, lane
    assert inked(tab, "#lane-witness canvas") > 100
    assert tab.ask("document.querySelectorAll('#lane-faults .event').length") == 1
    assert tab.ask("document.querySelector('#lane-phases .event.plain').textContent") == "slow"
    assert tab.ask("document.querySelectorAll('#map .edge.hurt').length") == 1
    assert tab.complaints() == []
    assert tab.requests() == []


def test_the_lanes_of_a_release_tell_who_did_what_and_lead_to_the_evidence(
    chromium: Any, make_story: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "release.html"
    path.write_text(page(release_told(make_story())), encoding="utf-8")
    tab = chromium.tab()
    tab.open(path)
    for lane in ("versions", "releases", "story", "durations", "people"):
        assert box(tab, f"#lane-{lane}")[3] > 20, lane
    assert inked(tab, "#lane-versions canvas") > 500
    tab.ask(
        "[...document.querySelectorAll('#lane-story .event')].find(one => one.title.includes('by human')).click(); 1"
    )
    said = tab.ask("document.getElementById('details').innerText")
    assert "by human: ./back.sh, upon page Slow to oncall" in said
    assert "lever_pulled" in said
    tab.ask(
        "[...document.querySelectorAll('#lane-story .event')].find(one => one.title.includes('first answer')).click(); 1"
    )
    assert "GET /: ok" in tab.ask("document.getElementById('details').innerText")
    for width in (1280, 400):
        tab.size(width, 900)
        tab.settle()
        inside = "(() => { const one = document.querySelector('#lanes').getBoundingClientRect(); return "
        inside += (
            "[...document.querySelectorAll('.beside:not([hidden])')].every(n => { const b = n.getBoundingClientRect();"
        )
        assert tab.ask(inside + " return b.left >= one.left && b.right <= one.right + 1; }); })()")
        assert tab.ask("document.documentElement.scrollWidth") <= width
    assert tab.complaints() == []


def test_what_a_page_asks_of_a_network_and_complains_of_would_be_seen(
    chromium: Any, tmp_path: Path, server: str
) -> None:
    path = tmp_path / "bad.html"
    path.write_text(f"<!doctype html><img src='{server}'><script>console.error('here'); nothing.at.all</script>")
    tab = chromium.tab()
    tab.open(path)
    assert tab.requests() == [server]
    assert any("here" in text for text in tab.complaints())
    assert any("nothing is not defined" in text for text in tab.complaints())


def test_the_policy_of_the_page_refuses_whatever_is_not_its_own(chromium: Any, report: Path, server: str) -> None:
    tab = chromium.tab()
    tab.open(report)
    tab.ask(f"(() => {{ const i = new Image(); i.src = {server!r}; document.body.append(i); return 1; }})()")
    tab.ask(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s); return 1; })()"
    )
    tab.settle()
    assert tab.ask("window.ran") is None
    assert len([text for text in tab.complaints() if "Content Security Policy" in text]) == 2


def test_nothing_that_the_run_logged_or_named_becomes_markup(
    chromium: Any, make_story: Callable[..., Any], tmp_path: Path
) -> None:
    evil = "</script><script>window.ran=1</script><img src=x onerror='window.ran=2'>\u2028{{7*7}} panic"
    story = make_story(line=evil, title=evil, endpoint=f"GET /{evil}", p95="300ms")
    path = tmp_path / "evil.html"
    path.write_text(page(story), encoding="utf-8")
    tab = chromium.tab()
    tab.open(path)
    assert tab.ask("window.ran") is None
    assert tab.ask("document.images.length") == 0
    assert "{{7*7}}" in tab.ask("document.querySelector('h1').textContent")
    assert tab.ask("[...document.querySelectorAll('#lane-logs .event')].some(one => one.title.includes('onerror'))")
    tab.ask("document.querySelectorAll('#lane-logs .event').forEach(one => one.click()); 1")
    assert tab.ask("document.images.length") == 0
    assert tab.complaints() == []
    assert tab.requests() == []


def test_an_event_that_is_clicked_tells_what_it_rests_on(chromium: Any, report: Path) -> None:
    tab = chromium.tab()
    tab.open(report)
    assert tab.ask("document.getElementById('details').hidden")
    tab.ask("document.querySelector('#lane-faults .event').click(); 1")
    said = tab.ask("document.getElementById('details').innerText")
    assert "stated" in said
    assert "delay_ms 400" in said
    assert "injecting" in said
    tab.ask("document.querySelector('#details .proof').open = true; 1")
    assert '"fact":"injecting"' in tab.ask("document.querySelector('#details .proof pre').textContent")
    tab.key("Escape")
    assert tab.ask("document.getElementById('details').hidden")


def test_dragging_zooms_a_double_click_shows_the_whole_run_and_a_click_tells_of_a_second(
    chromium: Any, report: Path
) -> None:
    tab = chromium.tab()
    tab.open(report)
    tab.ask("document.getElementById('timeline').scrollIntoView(); 1")
    tab.settle()
    left, top, width, height = box(tab, "#lane-arrivals .u-over")
    middle = top + height / 2
    before = axis(tab)
    tab.drag(left + width * 0.4, middle, left + width * 0.6)
    zoomed = axis(tab)
    assert zoomed != before
    assert float(zoomed[0].split()[0]) >= 10
    assert float(zoomed[-1].split()[0]) <= 22
    assert tab.ask("document.getElementById('details').hidden")
    for count in (1, 2):
        tab.mouse("mousePressed", left + 50, top + 5, button="left", clickCount=count)
        tab.mouse("mouseReleased", left + 50, top + 5, button="left", clickCount=count)
    tab.settle()
    assert axis(tab) == before
    tab.mouse("mouseMoved", left + width / 2, middle)
    tab.mouse("mousePressed", left + width / 2, middle, button="left", clickCount=1)
    tab.mouse("mouseReleased", left + width / 2, middle, button="left", clickCount=1)
    tab.settle()
    assert tab.ask("document.querySelector('.now').textContent").startswith("16.5 s · 22:13:36 UTC · slow")
    assert "requests ok" in tab.ask("document.getElementById('details').innerText")


def test_the_cursor_is_one_for_all_lanes(chromium: Any, report: Path) -> None:
    tab = chromium.tab()
    tab.open(report)
    tab.ask("document.getElementById('timeline').scrollIntoView(); 1")
    tab.settle()
    left, top, width, height = box(tab, "#lane-latency .u-over")
    tab.mouse("mouseMoved", left + width / 2, top + height / 2)
    tab.settle()
    line = box(tab, ".over .line")
    lanes = box(tab, "#lanes")
    assert abs(line[0] - (left + width / 2)) < 2
    assert line[3] > 0.8 * (lanes[3] - 80)
    legend = tab.ask("document.querySelector('#lane-latency .legend').innerText")
    assert "450 ms" in legend
    assert tab.ask("document.querySelector('#lane-arrivals .legend').innerText").split()[:2] == ["ok", "20"]


def test_it_can_be_read_with_the_keyboard_alone(chromium: Any, report: Path) -> None:
    tab = chromium.tab()
    tab.open(report)
    tab.ask("document.getElementById('lanes').focus(); 1")
    whole = axis(tab)
    tab.key("+")
    assert axis(tab) != whole
    tab.key("0")
    assert axis(tab) == whole
    tab.key("ArrowRight")
    first = tab.ask("document.querySelector('.now').textContent")
    tab.key("ArrowRight")
    assert tab.ask("document.querySelector('.now').textContent") != first
    tab.key("Enter")
    assert tab.ask("document.querySelector('#details h3').textContent").startswith("Second ")
    tab.key("Escape")
    tab.ask("document.querySelector('#lane-phases .event').focus(); 1")
    tab.key("ArrowRight")
    assert tab.ask("document.activeElement.textContent") == "slow"


def test_a_finding_leads_to_its_stretch_and_a_line_of_the_drill_opens_it(chromium: Any, report: Path) -> None:
    tab = chromium.tab()
    tab.open(report)
    before = axis(tab)
    tab.ask("document.querySelector('.finding.failed [data-zoom]').click(); 1")
    tab.settle()
    assert axis(tab) != before
    assert not tab.ask("document.getElementById('drill-file').open")
    tab.ask("document.querySelector('.finding.failed a[href^=\"#L\"]').click(); 1")
    tab.settle()
    assert tab.ask("document.getElementById('drill-file').open")
    assert "responds_within" in tab.ask("document.querySelector('.src:target').textContent")


@pytest.mark.parametrize("width", [400, 760, 1280])
def test_it_fits_its_window(chromium: Any, report: Path, width: int) -> None:
    tab = chromium.tab(width=width)
    tab.open(report)
    tab.ask("document.querySelectorAll('details').forEach(one => { one.open = true; }); 1")
    tab.settle()
    assert tab.ask("document.documentElement.scrollWidth") <= width
    lane = box(tab, "#lane-arrivals .u-over")
    assert lane[0] + lane[2] <= width
    assert lane[2] > 0.6 * width


def test_dark_by_the_system_and_by_choice_redraws_the_charts(chromium: Any, report: Path) -> None:
    def paper(tab: Any) -> str:
        return str(tab.ask("getComputedStyle(document.body).backgroundColor"))

    light, dark = chromium.tab(), chromium.tab(scheme="dark")
    for tab in (light, dark):
        tab.open(report)
        tab.ask("try { localStorage.clear(); } catch { } 1")
        tab.open(report)
    assert paper(light) != paper(dark)
    tab = light
    tab.ask("document.getElementById('theme').click(); 1")
    assert tab.ask("document.getElementById('theme').textContent") == "Theme: dark"
    assert paper(tab) == paper(dark)
    tab.ask("document.getElementById('theme').click(); 1")
    assert tab.ask("document.getElementById('theme').textContent") == "Theme: light"
    tab.ask("try { localStorage.clear(); } catch { } 1")


def test_it_prints_light_with_every_finding_open(chromium: Any, report: Path, tmp_path: Path) -> None:
    tab = chromium.tab(scheme="dark")
    tab.open(report)
    opened = "document.querySelectorAll('.finding[open]').length"
    before = tab.ask(opened)
    tab.ask(
        "window.addEventListener('beforeprint', () => { window.open_on_paper = document.querySelectorAll('.finding[open]').length; }); 1"
    )
    tab.paper(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    assert tab.ask("window.open_on_paper") == tab.ask("document.querySelectorAll('.finding').length")
    assert tab.ask(opened) == before
    tab.call("Emulation.setEmulatedMedia", media="print")
    assert tab.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_a_run_that_never_got_anywhere_still_has_a_page(
    chromium: Any, make_story: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "cut.html"
    for cut_s in (0.05, 0.95, 5.0, 12.0, 20.5):
        path.write_text(page(make_story(cut_s=cut_s)), encoding="utf-8")
        tab = chromium.tab()
        tab.open(path)
        assert tab.ask("document.documentElement.dataset.ready") == "yes"
        assert tab.complaints() == []
