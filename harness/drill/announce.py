"""`announce`: whom a run tells of itself, and of what: a webhook, people by e-mail, a command of the user's own."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, model_validator

from harness.quantities import Model, Seconds

Event = Literal["begins", "ended", "aborted", "refused", "missed"]


class Way(Model):
    """
    One way of telling. What goes wrong with it is said, and changes nothing about the run.

        announce:
          - {webhook: "${SLACK_WEBHOOK}", format: slack}
          - {email: [team@example.org], from: drill@example.org, smtp: "mail.example.org:587", tls: starttls}
          - {command: [./tell.sh], on: [aborted, refused]}

    A webhook gets JSON by POST, a command the same JSON on its standard input.
    """

    webhook: str = Field(default="", description="a URL that is posted to; kept out of the run's folder")
    format: Literal["json", "slack"] = Field(default="json", description="slack: what Slack and its likes read")
    email: tuple[str, ...] = Field(default=(), description="addresses")
    sender: str = Field(default="", alias="from", description="the address that the e-mail comes from")
    smtp: str = Field(default="", description="the mail server: host:port")
    tls: Literal["starttls", "tls", "none"] = Field(default="starttls", description="how the server is spoken to")
    user: str = Field(default="", description="for the mail server; none when left out")
    password: str = Field(default="", description="for the mail server: ${SMTP_PASSWORD}")
    command: tuple[str, ...] = Field(default=(), description="program and arguments, from the drill file's folder")
    on: tuple[Event, ...] = Field(
        default=("begins", "ended", "aborted", "refused", "missed"),
        min_length=1,
        json_schema_extra={"default": ["begins", "ended", "aborted", "refused", "missed"]},
        description="begins, ended, aborted (a guard, a halt, a signal), refused and missed (of scheduled runs)",
    )
    timeout_s: Seconds = Field(
        default=10.0, alias="timeout", gt=0, le=60, examples=["20s", "1m"], description="of each announcement"
    )

    @model_validator(mode="after")
    def _whole(self) -> Way:
        if sum(map(bool, (self.webhook, self.email, self.command))) != 1:
            raise ValueError("each way of telling is one of webhook, email, command")
        if self.email and not (self.sender and re.fullmatch(r"[^\s:/]+:\d{1,5}", self.smtp)):
            raise ValueError("an email needs `from` and `smtp: host:port`")
        if bool(self.user) != bool(self.password):
            raise ValueError("`user` and `password` go together")
        if self.password and self.tls == "none":
            raise ValueError("a password goes over TLS only: tls: starttls")
        return self

    def __str__(self) -> str:
        if self.webhook:
            return "the webhook"
        return f"e-mail to {', '.join(self.email)}" if self.email else f"the command {self.command[0]}"
