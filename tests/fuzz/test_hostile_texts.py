"""Whatever a service, a person or another machine writes stands in every report as text: no element, script, table cell or
terminal sequence of theirs."""

from __future__ import annotations

import dataclasses
import html.parser
import json
import re
import shutil
import typing
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from calibration import shop_folder
from calibration.shop import Ways, played

from harness import facts as f
from harness import journal
from harness.facts import Fact
from harness.facts.shape import checks
from harness.harmless import one_line
from harness.journal_writer import Writer
from harness.judging import Judgement, judge_folder, report_page
from harness.report.json_doc import text
from harness.report.junit import junit_xml
from harness.report.markdown import markdown
from harness.report.terminal import summary

MARK = "hostile7"
HOSTILE = (
    f"<script>{MARK}()</script><img src=x onerror={MARK}()>\"'><svg/onload={MARK}()>",
    f"</script><script>{MARK}()</script><!--<script>",
    f"\x1b]0;{MARK}\x07\x1b[2J\x9b31m\x00\x08\x7f\u202e\u2066{MARK}\u2069\ud800",
    f"| {MARK} | `x` ![a](javascript:{MARK}()) [b](http://e) @all <b>\n# {MARK}\n```",
    f"=HYPERLINK(\"{MARK}\")]]>&{MARK};%s{{{{7*7}}}}",
)  # fmt: skip
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def filled(cls: type[Fact], said: str, at_s: float) -> Fact:
    """A fact each of whose texts is the hostile one, as deep as its fields are."""
    hints = typing.get_type_hints(cls)
    values = {}
    for field in dataclasses.fields(cls):
        if field.name not in ("writer", "number", "seen_s", "happened_s"):
            for candidate in (
                said,
                1.5,
                7,
                True,
                (said,),
                {said: said},
                {"a": 1},
                {"a": {"b": 1}},
                ((said, said),),
                ((said, said, said),),
                (1,),
                ((said, 1.0),),
                {"a": 1.0},
                {"a": (said,)},
                {"a": (1, 2)},
                ((1.0, 2.0),),
            ):
                if checks(cls)[field.name](candidate):
                    values[field.name] = candidate
                    break
            else:
                raise AssertionError(f"{cls.__name__}.{field.name}: {hints[field.name]} needs a value here")
    return cls(**values, seen_s=at_s)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> list[Judgement]:
    """One run for each hostile text: every kind of fact that does not itself tell the run's course says it."""
    home = tmp_path_factory.mktemp("hostile")
    plain = shop_folder.write(played(2, Ways(acks_before_commit=True)), home / "plain")
    found = []
    for number, said in enumerate(HOSTILE):
        folder = home / f"{number}"
        shutil.copytree(plain, folder)
        facts = journal.read(folder).facts
        (folder / "facts" / "harness.jsonl").unlink()
        writer = Writer(folder / "facts", "harness", lambda: 0.0)
        *course, end = facts
        for fact in course:
            writer.write(fact)
        for place, cls in enumerate(sorted(Fact.__subclasses__(), key=lambda cls: cls.__name__)):
            if cls not in (f.Opened, f.Closed, f.SourceRead, f.RecordBroken, f.EvidenceSealed, f.Sealed):
                writer.write(filled(cls, said, 30.0 + place / 100))
        writer.write(end)
        writer.close()
        (folder / "logs").mkdir(exist_ok=True)
        line = said.replace("\n", " ").encode("utf-8", "replace").decode()
        (folder / "logs" / "a.log").write_text(f"2023-11-14T22:13:50.000000000Z ERROR {line}\n", encoding="utf-8")
        (folder / "logs" / "index.jsonl").write_text(
            json.dumps({"container": line, "service": line, "file": "a.log"}) + "\n"
        )
        found.append(judge_folder(folder))
    return found


class Seen(html.parser.HTMLParser):
    """Elements, attributes and scripts of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self._open == "script":
            self.scripts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._open = ""


def test_the_page_has_no_element_attribute_or_script_of_theirs(judged: list[Judgement]) -> None:
    said = 0
    for judgement in judged:
        page = report_page(judgement.story)
        assert "Traceback" not in page
        said += MARK in page
        seen = Seen()
        seen.feed(page)
        for tag, attributes in seen.tags:
            assert tag not in ("img", "iframe", "object", "embed", "base", "form"), (tag, attributes)
            for name, value in attributes.items():
                assert not name.startswith("on"), (tag, attributes)
                assert MARK not in name
                assert (
                    not re.match(r"\s*(javascript|data|vbscript):", value or "", re.IGNORECASE)
                    or name == "src"
                    or tag == "link"
                ), (tag, attributes)
        for script in seen.scripts:
            assert "<script" not in script
            assert f"{MARK}()</script" not in script
        assert all(MARK not in script or _is_json(script) for script in seen.scripts), "their text runs as a program"
        assert not re.search("[\x00-\x08\x0b\x0e-\x1f\ud800-\udfff]", page)
    assert said, "no page showed any of it: nothing was tested"


def _is_json(script: str) -> bool:
    try:
        json.loads(script)
    except ValueError:
        return False
    return True


def test_markdown_junit_json_and_terminal_hold_no_control_characters(judged: list[Judgement]) -> None:
    for judgement in judged:
        document = judgement.document
        ET.fromstring(junit_xml(document))
        junit_xml(document).encode("utf-8")
        json.loads(text(document))
        text(document).encode("utf-8")
        shown = markdown(judgement.story)
        shown.encode("utf-8")
        assert not CONTROLS.search(shown.replace("\n", "")), CONTROLS.findall(shown.replace("\n", ""))[:5]
        assert f"\n# {MARK}" not in shown
        assert f"<script>{MARK}" not in shown
        told = "\n".join([summary(document, "report.html")])
        assert not CONTROLS.search(re.sub(r"\n", "", told))


@pytest.mark.parametrize("said", HOSTILE)
def test_one_line_is_one_line_of_plain_characters(said: str) -> None:
    assert not CONTROLS.search(one_line(said))
    assert "\n" not in one_line(said)


def test_a_cell_of_the_export_is_no_formula() -> None:
    from io import StringIO

    from harness.cli.export import write_csv
    from harness.ledger import Rows

    for begins in ("=", "+", "-", "@", "\t", "\r"):
        out = StringIO()
        write_csv(Rows.of([{"at_s": 1.0, "endpoint": f"{begins}HYPERLINK(1)", "version": f"{begins}1+1"}]), out)
        cells: list[Any] = out.getvalue().splitlines()[1].split(",")
        assert not any(
            str(cell).strip('"').startswith(f"{begins}HYPERLINK") or str(cell) == f"{begins}1+1" for cell in cells
        )
