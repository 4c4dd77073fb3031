"""What a run tells of itself, and how each reader wants it written: JSON, Slack's shape, an e-mail. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.harmless import one_line
from harness.report.headline import sentence

MOST_FINDINGS = 10


@dataclass(frozen=True)
class Announcement:
    """
    event      begins, ended, aborted, refused, missed
    text       one sentence that stands alone
    details    lines more, such as the expectations that failed
    run        its id, and `report` where it can be read; '' where there is none
    exit_code  None before the end
    """

    event: str
    drill: str
    text: str
    at_unix_s: float
    details: tuple[str, ...] = ()
    run: str = ""
    report: str = ""
    exit_code: int | None = None


def ended(document: Mapping[str, Any], report: str, at_unix_s: float) -> Announcement:
    """Of a verdict."""
    wrong = [one for one in document["findings"] if one["outcome"] != "passed"]
    lines = [f"{one['outcome']}: {one['id']}: {one['because']}" for one in wrong[:MOST_FINDINGS]]
    if len(wrong) > MOST_FINDINGS:
        lines.append(f"and {len(wrong) - MOST_FINDINGS} more")
    return Announcement(
        "ended",
        str(document["drill"]),
        sentence(document),
        at_unix_s,
        tuple(map(one_line, lines)),
        str(document.get("run") or ""),
        report,
        int(document["exit_code"]),
    )


def as_json(told: Announcement, host: str) -> dict[str, Any]:
    return {
        "schema": "drill.announcement/1",
        "event": told.event,
        "drill": told.drill,
        "text": told.text,
        "details": list(told.details),
        "run": told.run,
        "report": told.report,
        "exit_code": told.exit_code,
        "host": host,
        "at_unix_s": told.at_unix_s,
    }


def as_slack(told: Announcement, host: str) -> dict[str, Any]:
    """The shape of an incoming webhook; its three special characters are escaped, so that no text becomes a mention."""
    text = "\n".join(
        (f"*{_escaped(told.drill)}* {_escaped(told.text)}", *(f"• {_escaped(one)}" for one in _rest(told, host)))
    )
    return {"text": text}


def as_mail(told: Announcement, host: str) -> tuple[str, str]:
    """Subject and body."""
    subject = one_line(f"[drill] {told.drill}: {told.text}")
    return subject[:200], "\n".join((told.text, "", *_rest(told, host), ""))


def _rest(told: Announcement, host: str) -> Sequence[str]:
    report = (f"report: {told.report}",) if told.report else ()
    run = (f"run {told.run} on {host}",) if told.run else (f"on {host}",)
    return (*told.details, *report, *run)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
