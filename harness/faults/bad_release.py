"""A bad release: deployed under load, and put back by us only when everybody else has had the time to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from harness.errors import NotApplied
from harness.facts import Witnessed
from harness.faults.base import Fault, Landing
from harness.world.handles import Release, Releases, World

NOT_BY_LOOKS = "a release is told by the version in its answers and by the image of its containers, not by a witness"


class BadRelease(Fault):
    """
    Another release of a service is deployed under load, as a deployment does it. Rolling it back is under test.

        faults:
          - bad_release: {service: api, image: checkout-api:bad}
          - bad_release: {services: [api, worker], image: checkout:bad, replicas: all}
          - bad_release: {service: api, environment: {FEATURE_PRICES: new}}
          - bad_release: {service: api, variables: {CHECKOUT_RELEASE: bad}}

    Begins: the changed service is written into the run's own Compose file and started again, one replica after the
            other (`replicas: all`: all at once). A service with one container is away for as long as it takes to start.
    Ends:   when the system, a runbook's command or a person rolls it back (see `rolled_back`). Whatever became of it, we
            put the good release back once the phase's `then` is over and the steady state was looked at: that is a mend,
            and never counts as a rollback. It has no `for`.
    Units:  none. An `image` must be here, be built by the Compose file (under any profile), or can be pulled. With `variables` the Compose file is read again as a
            roll-out would read it; the image that it then states is built (or pulled), and its environment taken.
    Raises: NotApplied when it runs already, or its containers do not come to run.
    Source: `docker compose up --no-deps`. Landed when answers name a version that none named before (`load.version_header`),
            else when the containers' image, read back, is the bad one.
    """

    word: ClassVar[str] = "bad_release"
    outlasts: ClassVar[bool] = True

    service: str = Field(default="", description="the service that is deployed")
    services: tuple[str, ...] = Field(default=(), description="or several that are deployed together")
    image: str = Field(default="", description="the image it gets")
    environment: dict[str, str] = Field(default_factory=dict, description="variables it gets, beside those it has")
    variables: dict[str, str] = Field(
        default_factory=dict, description="variables of the Compose file that make it the bad release"
    )
    replicas: Literal["one_by_one", "all"] = Field(default="one_by_one", description="one after the other, or at once")

    @model_validator(mode="after")
    def _whole(self) -> BadRelease:
        if bool(self.service) == bool(self.services):
            raise ValueError("a bad release has exactly one of `service` and `services`")
        if not self.image and not self.environment and not self.variables:
            raise ValueError("a bad release differs by its `image`, `environment` or `variables`: give one of them")
        if self.for_ is not None:
            raise ValueError(
                "a bad release has no `for`: it stays until it is rolled back, or the phase has been judged"
            )
        if len(set(self.targets)) != len(self.targets):
            raise ValueError("a service stands twice in `services`")
        return self

    @property
    def target(self) -> str:
        return "+".join(self.services or (self.service,))

    @property
    def release(self) -> Release:
        """What is deployed."""
        return Release(
            services=self.targets,
            image=self.image,
            environment=dict(self.environment),
            variables=dict(self.variables),
            one_by_one=self.replicas == "one_by_one",
        )

    def stated(self) -> Mapping[str, Any]:
        """Variables by name only: their values may be secrets."""
        stated = {"service": self.target, "image": self.image}
        stated |= {"environment": ", ".join(sorted(self.environment)), "variables": ", ".join(sorted(self.variables))}
        return {**{word: value for word, value in stated.items() if value}, "replicas": self.replicas}

    def inject(self, holder: str, world: World) -> Mapping[str, Any]:
        return _releases(world).deploy(holder, self.release)

    def mend(self, holder: str, world: World) -> str:
        return _releases(world).restore(holder)

    def landing(self, before: Sequence[Witnessed], during: Sequence[Witnessed]) -> Landing:
        return Landing("not_measurable", NOT_BY_LOOKS, self.stated())

    def gone(self, before: Sequence[Witnessed], after: Sequence[Witnessed]) -> Landing:
        return Landing("not_measurable", NOT_BY_LOOKS, self.stated())


def _releases(world: World) -> Releases:
    if world.releases is None:
        raise NotApplied("nothing in this world can change a release")
    return world.releases
