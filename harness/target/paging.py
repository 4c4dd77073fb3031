"""How a target's pages are seen: posted to this machine, or read from the paging provider's list of them. Pure."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from harness.drill.readers import PathText
from harness.quantities import Model, Seconds
from harness.target.place import Address, Place, short


def _one_group(text: str) -> str:
    if text:
        try:
            groups = re.compile(text).groups
        except re.error as error:
            raise ValueError(f"{text!r} is no regular expression: {error}") from None
        if groups != 1:
            raise ValueError(f"{text!r} needs one group, which is the alert's name: '([A-Za-z]+) on'")
    return text


class PageFields(Model):
    """Where each is in an element of a list of pages, as dotted paths.

    id         what tells it from others, as long as it lives; without one a page is not understood
    alert      the alert's name, as its rule has it; `named` a regular expression whose group is the name in what stands there
    labels     an object of labels, or a path for each label
    status     its state; left out: whatever is in the list is firing, and no all-clear is seen
    started    when the alert began to fire (RFC 3339, or seconds since 1970), not when the page was opened
    receiver   whom it is for, as Alertmanager names them; left out: the only one of `receivers`
    """

    id: str = Field(default="id", min_length=1)
    alert: str = Field(default="labels.alertname", min_length=1)
    named: Annotated[str, AfterValidator(_one_group)] = ""
    labels: str | dict[str, str] = "labels"
    annotations: str = "annotations"
    status: str = ""
    started: str = ""
    receiver: str = ""


class Poll(Place):
    """A list of pages that is asked for again and again: `"https://host"`, or a table that says how.

    path, each, next   as of an order book's `http` source: which path, where the list is in its answer, and its next page
    fields             what of an element is what
    resolved           the words of `fields.status` that mean the all-clear, in small letters
    every              from one look to the next; what came is known to lie between two of them
    authorization      how the token is sent, where that is not as a bearer: "GenieKey {token}", "Token token={token}"
    """

    path: PathText = "/"
    each: str = ""
    next: str = ""
    fields: PageFields = Field(default_factory=PageFields)
    resolved: tuple[str, ...] = ("resolved", "closed")
    every_s: Seconds = Field(default=2.0, alias="every", ge=0.2, le=2, examples=["2s", "500ms"])
    authorization: str = ""

    @model_validator(mode="after")
    def _sent(self) -> Self:
        if self.authorization and self.authorization.count("{token}") != 1:
            raise ValueError('authorization says where the token stands: "GenieKey {token}"')
        if self.authorization and not (self.token_env or self.token_file):
            raise ValueError("authorization needs token_env or token_file")
        return self


class Pages(Model):
    """How the target's pages are seen; `receivers` are those of its Alertmanager that are seen so.

    listen    on this machine: the receivers have a second webhook, to here
    token_*   the bearer token that it sends along; without one whoever reaches the port can page
    poll      a list of pages, such as the paging provider's incidents
    """

    listen: Address | None = None
    receivers: tuple[str, ...] = Field(min_length=1)
    token_env: str = ""
    token_file: str = ""
    poll: Annotated[Poll, BeforeValidator(short)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.listen is None) == (self.poll is None):
            raise ValueError("pages has `listen`, or `poll`")
        if self.poll and (self.token_env or self.token_file):
            raise ValueError("the token of a list belongs to it: poll = {url = …, token_env = …}")
        if self.poll and not self.poll.fields.receiver and len(self.receivers) > 1:
            raise ValueError("of several receivers the list must tell whose a page is: poll.fields.receiver")
        return self
