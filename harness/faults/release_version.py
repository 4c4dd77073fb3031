"""Where a release's version is read from, where answers do not name it: a metric of the stack's own, or a command."""

from __future__ import annotations

from pydantic import Field, model_validator

from harness.quantities import Model


class VersionSource(Model):
    """How the serving version is known; looked at each second.

        version: {metric: checkout_build_info, label: version}   # of the stack's own Prometheus; a replica is an `instance`
        version: {command: [./version.sh]}                       # one version per line, one line per replica

    Counts:  a metric's sample as of its scrape, by `instance`; several replicas behind one name of a scrape target are one. A
             command runs in the drill file's folder, with the environment of a rollback's command, for 10 s at most; it names
             every replica, always in the same order.
    Source:  Prometheus' `timestamp(metric)`, which leaves out what is stale; the command's standard output.
    """

    metric: str = Field(default="", description="a series per replica; a selector may stand here: app_info{job='api'}")
    label: str = Field(default="version", description="the label that names the version")
    command: tuple[str, ...] = Field(default=(), description="prints one version per line, one line per replica")

    @model_validator(mode="after")
    def _one(self) -> VersionSource:
        if bool(self.metric) == bool(self.command):
            raise ValueError("`version` has exactly one of `metric` and `command`")
        return self
