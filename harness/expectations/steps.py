"""A step of a runbook: a command (or a person's hand) that is begun upon a trigger. What the claims about such steps share."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from harness.expectations import alerts, page_unseen
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.page_unheard import first_unheard
from harness.expectations.triggers import Trigger, TriggerText
from harness.facts import MonitoringFound, ReceiverSeen
from harness.journal import Window
from harness.quantities import Seconds
from harness.verdict import Finding


class Step(Expectation):
    """The common part of `rolled_back` and `healed`: who pulls the lever, with what, upon what."""

    does: ClassVar[str] = ""  # what the command does, in a sentence: 'rolls back'
    rolls_back: ClassVar[bool] = False

    by: Literal["system", "runbook", "human"] = Field(description="who pulls the lever")
    command: tuple[str, ...] | str = Field(default=(), description="what does it: program and arguments")
    shell: bool = Field(default=False, description="give the command, a text, to a shell")
    timeout_s: Seconds = Field(default=60.0, alias="timeout", gt=0, description="after which the command is killed")
    trigger: TriggerText = Field(
        default=Trigger(),
        json_schema_extra={"default": "page"},
        description="page, page NAME, alert NAME or after 20s (from the end of the deployment)",
    )
    service: str = Field(
        default="",
        description="which, where the phase has several bad releases; without any, the one that the step touches",
    )

    @model_validator(mode="after")
    def _whole(self) -> Step:
        if self.by == "runbook" and not self.command:
            raise ValueError(f"by: runbook needs the `command` that {self.does}")
        if self.by == "system" and self.command:
            raise ValueError("by: system is only watched: it has no `command`")
        if isinstance(self.command, str) and not self.shell:
            raise ValueError("write the command as a list, [./rollback.sh], or give the text to a shell: shell: true")
        if not isinstance(self.command, str) and self.shell:
            raise ValueError("with shell: true the command is one text")
        return self

    @property
    def text(self) -> str:
        """The command as one text; '' for none."""
        return self.command if isinstance(self.command, str) else " ".join(self.command)

    @property
    def waits_s(self) -> float | None:
        """How long after the end of a rollback it is begun at the earliest; None when it does not wait for one."""
        return None

    def pages(self) -> str:
        return self.trigger.pages()

    def unseen(self, reach: Reach) -> str:
        if not self.trigger.is_fact:
            return ""
        pages = self.trigger.kind == "page"
        why = alerts.unseen(reach, pages=pages) or (page_unseen.planned(reach, "") if pages else "")
        return f"its trigger, {self.trigger.said()}, cannot be seen: {why}" if why else ""

    def doubtful(self, reach: Reach) -> str:
        return self.trigger.doubtful(reach)

    def unheard(self, evidence: Evidence, during: Window) -> Finding | None:
        """Why nobody could have seen its trigger come in that time; None where somebody could, or did, or it is a time."""
        journal, pages = evidence.journal, self.trigger.kind == "page"
        if not self.trigger.is_fact or journal.last(MonitoringFound) is None:
            return None
        blind = alerts.without(evidence, pages=pages)
        if blind is not None or not pages or not journal.of(ReceiverSeen):
            return blind
        mute = page_unseen.not_observable(evidence, "", journal.end_s)
        came = self.trigger.arrived(journal, during.start_s, None)
        if mute is not None or (came is not None and came.high_s <= during.end_s):
            return mute
        return page_unseen.elsewhere(evidence, first_unheard(journal, self.trigger.name, during))

    def asks(self) -> str:
        """What a person is asked."""
        raise NotImplementedError  # abstract: each step asks in its own words
