"""What the person at the terminal is shown when they are called, and what they can type besides yes. Pure."""

from __future__ import annotations

from harness.expectations.on_call import OnCall
from harness.expectations.steps import Step
from harness.facts import Acknowledged, Fact, Noted, Paged
from harness.masking import masked
from harness.run.people import LONGEST

TERMINAL = "the terminal"
KINDS = {"note": "hypothesis", "observe": "observe", "hypothesis": "hypothesis", "decide": "decide", "act": "act"}

HELP = (
    "type: ack    note WHAT YOU BELIEVE IS WRONG    {yes}",
    "or, in another terminal: drill ack    drill note TEXT    drill exec -- COMMAND",
)


def question(claim: Step | OnCall, called: Fact | None, command: str) -> str:
    """The page, its runbook, and what can be said and done about it; a line each."""
    lines = [f"{claim.trigger.said()} came."]
    if isinstance(called, Paged):
        summary = called.annotations.get("summary") or called.annotations.get("description") or ""
        lines = [f"page for {called.receiver}: {called.alert}{f': {summary}' if summary else ''}"]
        if runbook := called.annotations.get("runbook_url") or called.annotations.get("runbook") or "":
            lines.append(f"runbook: {runbook}")
    if isinstance(claim, Step):
        does = f"runs {command}" if command else "then you do it, with drill exec"
        lines.append(claim.asks())
        yes = f"yes ({does})"
    else:
        yes = "yes (you decide to act)"
    return "\n".join((*lines, *(line.replace("{yes}", yes) for line in HELP)))


def sign(said: str) -> Fact | None:
    """What a typed line says besides yes and no: `ack [ALERT]`, `note TEXT`, `observe|hypothesis|decide|act TEXT`."""
    word, _, rest = said.strip().partition(" ")
    word, rest = word.lower().rstrip(":"), masked(rest.strip()[:LONGEST])
    if word in ("ack", "acknowledge"):
        return Acknowledged(by=TERMINAL, alert=rest)
    if word in KINDS and rest:
        return Noted(by=TERMINAL, kind=KINDS[word], text=rest)
    return None
