"""The ways to read what a stack keeps, of which each declared source has one."""

from __future__ import annotations

from pydantic import Field, model_validator

from harness.drill.readers import READERS, CommandReader, HttpReader, RabbitmqReader, Reader, RedisReader, SqlReader
from harness.quantities import Model


class Ways(Model):
    """One way to read a source, of several."""

    sql: SqlReader | None = Field(default=None, description=SqlReader.__doc__)
    http: HttpReader | None = Field(default=None, description=HttpReader.__doc__)
    redis: RedisReader | None = Field(default=None, description=RedisReader.__doc__)
    rabbitmq: RabbitmqReader | None = Field(default=None, description=RabbitmqReader.__doc__)
    command: CommandReader | None = Field(default=None, description=CommandReader.__doc__)

    @model_validator(mode="after")
    def _one_way(self) -> Ways:
        ways = [cls.word for cls in READERS if getattr(self, cls.word) is not None]
        if len(ways) != 1:
            found = f", not {' and '.join(ways)}" if ways else ""
            raise ValueError(f"a source has one way to be read, of {', '.join(cls.word for cls in READERS)}{found}")
        return self

    @property
    def reader(self) -> Reader:
        """The one way that it is read."""
        ways = (self.sql, self.http, self.redis, self.rabbitmq, self.command)
        return next(way for way in ways if way is not None)
