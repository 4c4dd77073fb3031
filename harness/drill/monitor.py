"""Where a server of the stack's own monitoring is, and how one gets in there: `stack: {observe: {prometheus: …}}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import AfterValidator, Discriminator, Field, PlainSerializer, Tag, model_validator

from harness.drill.tagged import tag
from harness.drill.words import MonitorText
from harness.quantities import Model


class Monitor(Model):
    """Where it is, and what it is shown where its --web.config.file asks for a password or speaks TLS. No password stands here."""

    at: MonitorText = Field(
        default="", description="service and port, prometheus:9090; found in the Compose files when left out; or off"
    )
    user: str = Field(default="", description="of basic auth, with password_env or password_file")
    password_env: str = Field(default="", description="the variable of the environment that holds the password")
    password_file: str = Field(default="", description="the file that holds it, relative to the drill file")
    ca_file: str = Field(
        default="",
        description="certificates that are trusted, its own among them where it signed it itself; it is asked over TLS",
    )
    server_name: str = Field(default="", description="the name in its certificate; its service's when left out")
    insecure_skip_verify: bool = Field(default=False, description="asked over TLS, whatever its certificate is")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.password_env and self.password_file:
            raise ValueError("a password is in password_env or in password_file, not in both")
        if bool(self.user) != bool(self.password_env or self.password_file):
            raise ValueError("a user and password_env (or password_file) belong together")
        if self.insecure_skip_verify and (self.ca_file or self.server_name):
            raise ValueError(
                "insecure_skip_verify looks at no certificate: it stands beside no ca_file and no server_name"
            )
        if self.server_name and not self.ca_file:
            raise ValueError("server_name is the name in a certificate: it takes the ca_file by which that is trusted")
        return self

    @property
    def tls(self) -> bool:
        return bool(self.ca_file) or self.insecure_skip_verify

    @property
    def guarded(self) -> bool:
        """Whether it is asked in another way than plain HTTP."""
        return self.tls or bool(self.user)


def _kind(value: Any) -> str:
    return tag("text" if isinstance(value, str) else "fields")


def _monitor(value: Any) -> Monitor:
    return value if isinstance(value, Monitor) else Monitor.model_construct(at=value)


if TYPE_CHECKING:
    AnyMonitor = Monitor
else:
    AnyMonitor = Annotated[
        Annotated[MonitorText, Tag(tag("text"))] | Annotated[Monitor, Tag(tag("fields"))],
        Discriminator(_kind),
        AfterValidator(_monitor),
        PlainSerializer(dict),
    ]
