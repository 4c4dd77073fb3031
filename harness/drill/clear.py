"""`clear_to_start`: what must hold before a run may begin: a PromQL, a URL, a command of the user's own."""

from __future__ import annotations

from pydantic import Field, model_validator

from harness.quantities import Model, Seconds


class Clear(Model):
    """
    One condition; all of them must hold, and one that cannot be asked does not.

        clear_to_start:
          - {promql: 'absent(ALERTS{alertstate="firing", severity="page"})', at: "http://prometheus.staging:9090"}
          - {url: "https://status.example.org/api/open", contains: '"incidents": []'}
          - {command: [./no-freeze.sh]}

    A PromQL holds as a rule's does: when it has a result; and none of its values may be 0.
    """

    promql: str = Field(default="", description="holds when it has a result, and no value of it is 0")
    at: str = Field(default="", description="the Prometheus that `promql` is asked of: http://host:9090")
    url: str = Field(default="", description="holds when a GET of it is answered with 2xx")
    contains: str = Field(default="", description="text that the answer of `url` must have in it")
    command: tuple[str, ...] = Field(default=(), description="program and arguments; holds when it ends with 0")
    timeout_s: Seconds = Field(
        default=10.0, alias="timeout", gt=0, description="no answer within it is none that holds"
    )

    @model_validator(mode="after")
    def _one(self) -> Clear:
        if sum(map(bool, (self.promql, self.url, self.command))) != 1:
            raise ValueError("each condition is one of promql (with at), url, command")
        if bool(self.promql) != bool(self.at):
            raise ValueError("`promql` and `at`, the URL of its Prometheus, go together")
        if self.contains and not self.url:
            raise ValueError("`contains` is about the answer of a `url`")
        for word, value in (("at", self.at), ("url", self.url)):
            if value and not value.startswith(("http://", "https://")):
                raise ValueError(f"{word}: a URL begins with http:// or https://, not {value!r}")
        return self

    def __str__(self) -> str:
        return self.promql or self.url or " ".join(self.command)
