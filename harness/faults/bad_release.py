"""A bad release: deployed under load, and put back by us only when everybody else has had the time to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from harness.errors import NotApplied
from harness.facts import Witnessed
from harness.faults.base import Fault, Landing
from harness.faults.environment_text import EnvironmentText, VariableText
from harness.faults.release_version import VersionSource
from harness.quantities import Model, Seconds
from harness.world.handles import Release, Releases, World

NOT_BY_LOOKS = "a release is told by the version in its answers and by the image of its containers, not by a witness"


class ReleaseCommands(Model):
    """Programs and arguments: how it goes out, and how all is put back as it was. Killed after `timeout`."""

    deploy: tuple[str, ...] = Field(min_length=1, description="puts the bad release out; ends with 0 when it is")
    restore: tuple[str, ...] = Field(
        min_length=1, description="puts back what was there; does no harm if it is already"
    )
    timeout_s: Seconds = Field(default=60.0, alias="timeout", gt=0, description="after which either is killed")


class BadRelease(Fault):
    """
    Another release of a service is deployed under load, as a deployment does it. Rolling it back is under test.

        faults:
          - bad_release: {service: api, image: checkout-api:bad}
          - bad_release: {services: [api, worker], image: checkout:bad, replicas: all}
          - bad_release: {service: api, environment: {FEATURE_PRICES: new}}
          - bad_release: {service: api, variables: {CHECKOUT_RELEASE: bad}}
          - bad_release: {service: api, image: checkout-api:bad, replicas: 1, drain: 3s}
          - bad_release: {service: worker, image: checkout:bad, version: {metric: checkout_build_info, label: version}}
          - bad_release: {service: api, commands: {deploy: [./deploy.sh, v2], restore: [./deploy.sh, v1]}}

    Begins: the changed service is written into the run's own Compose file and started again, one replica after the
            other: its stop signal, its grace, the new one healthy, then `drain` (`replicas: all`: all at once; `replicas: 1`:
            one only, the rest stay). A service with one container is away for as long as it takes to start.
            With `commands` yours are run instead, in the drill file's folder, without a shell, in the environment that a
            rollback's command gets, and killed at their time-out (60 s). COMPOSE_FILE has the project's ${VARIABLES} filled in, so
            that `TAG=v2 docker compose up` changes nothing: deploy such a release by `variables: {TAG: v2}`, or give it by
            `docker compose run -e` or in a file after it (COMPOSE_FILE=$COMPOSE_FILE:v2.yaml). `services` then says whose containers change, if any;
            which are the bad ones is told from their image, environment, command and mounts before and after, else by version.
    Ends:   when the system, a runbook's command or a person rolls it back (see `rolled_back`). Whatever became of it, we
            put the good release back once the phase's `then` is over and the steady state was looked at: that is a mend,
            and never counts as a rollback. It has no `for`. `restore` is run for that unless the containers tell that
            another hand did it; it may find everything as before already.
    Units:  none. An `image` must be here, be built by the Compose file (under any profile), or can be pulled. With `variables` the Compose file is read again as a
            roll-out would read it; the image that it then states is built (or pulled), and its environment, command, entrypoint,
            health check and limits taken. Where it states other mounts, configs or secrets too, the run is refused.
    Raises: NotApplied when it runs already, its containers do not come to run, or `deploy` does not end with 0.
    Source: `docker compose up --no-deps`. Landed when answers name a version that none named before (`load.version_header`),
            else when the containers' image, read back, is the bad one, or what `version` reads is new.
    """

    word: ClassVar[str] = "bad_release"
    outlasts: ClassVar[bool] = True

    service: str = Field(default="", description="the service that is deployed")
    services: tuple[str, ...] = Field(default=(), description="or several that are deployed together")
    image: str = Field(default="", description="the image it gets")
    environment: dict[str, EnvironmentText] = Field(
        default_factory=dict, description="variables it gets, beside those it has"
    )
    variables: dict[str, VariableText] = Field(
        default_factory=dict, description="variables of the Compose file that make it the bad release"
    )
    commands: ReleaseCommands | None = Field(
        default=None, description="commands of your own that deploy it and put it back"
    )
    replicas: Literal["one_by_one", "all"] | Annotated[int, Field(ge=1)] = Field(
        default="one_by_one", description="one after the other, at once, or only so many of them (a canary)"
    )
    drain_s: Seconds = Field(
        default=0.0, alias="drain", description="between one replica and the next, so that a balancer notices"
    )
    version: VersionSource | None = Field(default=None, description="where its version is read, if not from answers")

    @model_validator(mode="after")
    def _whole(self) -> BadRelease:
        if bool(self.service) == bool(self.services):
            raise ValueError("a bad release has exactly one of `service` and `services`")
        stated = bool(self.image or self.environment or self.variables)
        if not stated and not self.commands:
            raise ValueError(
                "a bad release differs by its `image`, `environment` or `variables`, or is deployed by `commands`: give one of them"
            )
        if self.commands and (stated or self.replicas != "one_by_one" or self.drain_s):
            raise ValueError(
                "what `commands` deploy, and how, is theirs: leave out image, environment, variables, replicas and drain"
            )
        if self.drain_s and self.replicas == "all":
            raise ValueError("`drain` waits between one replica and the next: with `replicas: all` there is no next")
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
            one_by_one=self.replicas != "all",
            most=self.replicas if isinstance(self.replicas, int) else 0,
            drain_s=self.drain_s,
            deploying=self.commands.deploy if self.commands else (),
            restoring=self.commands.restore if self.commands else (),
            within_s=self.commands.timeout_s if self.commands else 0.0,
        )

    def stated(self) -> Mapping[str, Any]:
        """Variables by name only: their values may be secrets."""
        if self.commands:
            deploy, restore = " ".join(self.commands.deploy), " ".join(self.commands.restore)
            return {"service": self.target, "deploy": deploy, "restore": restore}
        stated = {"service": self.target, "image": self.image}
        stated |= {"environment": ", ".join(sorted(self.environment)), "variables": ", ".join(sorted(self.variables))}
        return {**{word: value for word, value in stated.items() if value}, "replicas": self.replicas}

    def inject(self, holder: str, world: World) -> Mapping[str, Any]:
        return _releases(world).deploy(holder, self.release)

    def hasten(self, world: World) -> None:
        """Whoever halts a drill does not wait until its release is out."""
        _releases(world).hasten()

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
