"""`load:` of a drill file: whose locustfiles, against what, and how many arrivals when."""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from harness.drill.words import AgainstText, FilesText, Text
from harness.load.arrivals import Segment
from harness.quantities import Model, PerSecond, Seconds


class Ramp(Model):
    """A rate that grows or falls in a straight line."""

    from_per_s: PerSecond = Field(alias="from")
    to_per_s: PerSecond = Field(alias="to")


class Spike(Model):
    """A rate that jumps from `from` to `to` after a while, for a while, and back."""

    from_per_s: PerSecond = Field(alias="from")
    to_per_s: PerSecond = Field(alias="to")
    after: Seconds
    for_: Seconds = Field(alias="for")


class Arrivals(Model):
    """A stretch of arrivals: `{for: 1m, rate: 40/s}`, `{for: 1m, from: 10/s, to: 80/s}` or `{for: 1m, spike: {…}}`."""

    for_: Seconds = Field(alias="for", gt=0, description="how long")
    rate_per_s: PerSecond | None = Field(default=None, alias="rate", description="the same all the time")
    from_per_s: PerSecond | None = Field(default=None, alias="from", description="at the beginning; with `to`")
    to_per_s: PerSecond | None = Field(default=None, alias="to", description="at the end; with `from`")
    ramp: Ramp | None = Field(default=None, description="the same as `from` and `to`: {from: 10/s, to: 80/s}")
    spike: Spike | None = Field(default=None, description="{from: 40/s, to: 400/s, after: 20s, for: 5s}")

    @model_validator(mode="after")
    def _one_shape(self) -> Arrivals:
        straight = self.from_per_s is not None or self.to_per_s is not None
        shapes = [self.rate_per_s is not None, straight, self.ramp is not None, self.spike is not None]
        if sum(shapes) != 1:
            raise ValueError("a stretch of arrivals has exactly one of `rate`, `from` with `to`, `ramp`, `spike`")
        if straight and (self.from_per_s is None or self.to_per_s is None):
            raise ValueError("`from` and `to` belong together")
        if self.spike and self.spike.after + self.spike.for_ > self.for_:
            raise ValueError("the spike ends after its stretch: `after` and `for` of the spike together exceed `for`")
        return self

    def segments(self) -> tuple[Segment, ...]:
        if self.spike:
            low, high = self.spike.from_per_s, self.spike.to_per_s
            rest_s = self.for_ - self.spike.after - self.spike.for_
            parts = ((self.spike.after, low), (self.spike.for_, high), (rest_s, low))
            return tuple(Segment(part_s, rate, rate) for part_s, rate in parts if part_s > 0)
        ends = (self.ramp.from_per_s, self.ramp.to_per_s) if self.ramp else (self.from_per_s, self.to_per_s)
        return (Segment(self.for_, *(self.rate_per_s or end or 0.0 for end in ends)),)


class Joining(Model):
    """Workers on other machines, started there by `drill worker`: `{expect: 2, listen: "10.0.0.5:5557", token_file: token}`."""

    expect: int = Field(ge=1, le=64, description="how many join; the load begins when all are there")
    listen: Text = Field(description="host:port of this machine at which they join")
    token_file: Text = Field(description="the secret that both sides know; relative to the drill file")

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, listen: str) -> str:
        host, _, port = listen.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
            raise ValueError(f"{listen!r} is no host:port")
        return listen


class Load(Model):
    """Ordinary locustfiles, in Locust's own process or processes. Open arrivals, or `users` for the closed model."""

    locustfiles: FilesText = Field(
        alias="locustfile",
        description="relative to the drill file: a file, a folder of them (every *.py that does not begin with _), or a list of both",
    )
    against: AgainstText = Field(description="a service and its container port, api:8080; drill finds the address")
    arrivals: tuple[Arrivals, ...] = Field(default=(), description="open: at these rates; the last is held to the end")
    poisson: bool = Field(default=False, description="at random moments (seeded) around the rate, not evenly")
    users: int | None = Field(default=None, ge=1, description="closed: so many that wait for their answers")
    spawn_rate_per_s: PerSecond | None = Field(default=None, alias="spawn_rate", description="users started per second")
    timeout_s: Seconds = Field(default=10.0, alias="timeout", gt=0, description="of each request")
    max_in_flight: int = Field(default=400, ge=1, le=20000, description="beyond it arrivals are dropped and counted")
    users_at_least: int | None = Field(
        default=None,
        ge=1,
        description="rotate over so many users; left out: over all where they have an on_start or keep something, else few are used",
    )
    seed: int = Field(
        default=0,
        ge=0,
        description="of task choice and of Poisson arrivals; what the locustfile draws itself differs in each run",
    )
    tags: tuple[str, ...] = Field(default=(), description="only tasks with one of these tags")
    exclude_tags: tuple[str, ...] = Field(default=(), description="no tasks with one of these tags")
    version_header: str = Field(default="X-Version", description="the response header that names the answering version")
    processes: int | None = Field(
        default=None, ge=1, le=64, description="on this machine; 1, or none where `workers` join"
    )
    workers: Joining | None = Field(default=None, description="that join from other machines")

    @model_validator(mode="after")
    def _one_model(self) -> Load:
        if bool(self.arrivals) == (self.users is not None):
            raise ValueError("load has exactly one of `arrivals` (open) and `users` (closed)")
        if self.users_at_least is not None and self.users_at_least > self.max_in_flight:
            raise ValueError(f"`users_at_least` ({self.users_at_least}) exceeds `max_in_flight` ({self.max_in_flight})")
        most = self.users or self.max_in_flight
        if self.all_workers > most:
            word = "users" if self.users else "max_in_flight"
            raise ValueError(f"{self.all_workers} processes share `{word}` ({most}): each needs one at least")
        return self

    @property
    def all_workers(self) -> int:
        """How many processes share the load, here and elsewhere."""
        here = self.processes or (0 if self.workers else 1)
        return here + (self.workers.expect if self.workers else 0)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The arrivals as straight stretches, in order; the last one's end rate is held. () for the closed model."""
        return tuple(segment for stretch in self.arrivals for segment in stretch.segments())
