"""The page: sections from the template, our style and script, uPlot, and the timeline's data, in one file. Pure.

It opens from a disk without any network: a Content-Security-Policy in it allows exactly its own scripts and styles, by
their hashes, and nothing to be loaded. Texts of the run go through the template's escaping or into JSON that cannot end
its element; the script writes texts as text, never as markup.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.harmless import harmless
from harness.quantities import spell
from harness.report.headline import faults_told, first_failed, sentence, under_test, word
from harness.report.html import views
from harness.report.html.data import data_of, script_json
from harness.report.html.map import map_of
from harness.report.order_book import order_books
from harness.report.planned import planned
from harness.report.proof import prove
from harness.report.state_table import state_table
from harness.report.unseen import unseen

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

    from harness.report.story import Story

HERE = Path(__file__).parent
TONES = {0: "good", 3: "warn"}


def page(story: Story) -> str:
    """The whole report as HTML."""
    document = story.document
    cites = [cite for finding in document["findings"] for cite in finding["cites"]]
    proofs = prove(story, cites)
    opened = story.journal.opened
    scripts = (f"/*\n{part('vendor/uPlot.LICENSE')}\n*/\n{part('vendor/uPlot.iife.min.js')}", part("report.js"))
    styles = (part("vendor/uPlot.min.css"), part("report.css"))
    shown = views.findings(story, proofs)
    text = template("report.html.j2").render(
        document=document,
        story=story,
        tone=TONES.get(document["exit_code"], "bad"),
        word=word(document),
        sentence=sentence(document),
        under_test=under_test(document),
        faults_told=faults_told(document),
        started=views.utc(opened.wall_unix_s) if opened else "not known",
        length=spell(round(document["length_s"])),
        requests=sum(phase["requests"] for phase in document["phases"]),
        first=first_failed(document["findings"], proofs, story.journal),
        findings=shown,
        numbers={view.data["id"]: view.number for view in shown},
        faults=views.faults(story),
        phases=views.phases(story),
        releases=views.released(story),
        books=order_books(story),
        state=state_table(document),
        unseen=unseen(story),
        map=map_of(story),
        planned=planned(story),
        drill_lines=story.drill_text.splitlines(),
        examples=views.examples(story),
        evidence=views.evidence(story),
        images=views.images(story),
        scripts=scripts,
        styles=styles,
        policy=policy(scripts, styles),
        data=script_json(data_of(story)),
    )
    return harmless(text)


def broken(document: Mapping[str, Any], why: str) -> str:
    """What stands in the report's place when making it failed: the verdict in a sentence, and the defect."""
    from markupsafe import escape

    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">'
        f"<title>{escape(document['drill'])}: no report</title><h1>This report could not be made</h1>"
        f"<p>{escape(sentence(document))} The verdict stands in verdict.json. Making its report broke:</p>"
        f"<pre>{escape(why)}</pre></html>\n"
    )


def policy(scripts: tuple[str, ...], styles: tuple[str, ...]) -> str:
    """A Content-Security-Policy that allows these and nothing else."""
    allowed = [
        f"{kind}-src {' '.join(_digest(text) for text in texts)}"
        for kind, texts in (("script", scripts), ("style", styles))
    ]
    return "; ".join(["default-src 'none'", *allowed, "img-src data:", "base-uri 'none'", "form-action 'none'"])


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _ticked(text: str) -> Markup:
    """What stands between backticks as code, all of it escaped."""
    from markupsafe import Markup

    parts = [
        Markup("<code>{}</code>").format(part) if i % 2 else Markup.escape(part)
        for i, part in enumerate(text.split("`"))
    ]
    return Markup().join(parts) if len(parts) % 2 else Markup.escape(text)


@cache
def part(name: str) -> str:
    """A style, a script or a licence that pages carry, as text."""
    return (HERE / name).read_text(encoding="utf-8").strip()


@cache
def template(name: str) -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from harness.report.html.compiled import BesideTheTemplate

    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=BesideTheTemplate(HERE / "__pycache__"),
    )
    environment.filters["ticked"] = _ticked
    return environment.get_template(name)
