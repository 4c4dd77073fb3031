"""How a source of an order book is read: what a drill file says of each way. What reads stands in harness.orders.readers.

A row that is read may have `key` (the idempotency key), `id` (the service's own name of the order, never the row's own) and columns with numbers or text.
`fields` says which part of a JSON element each of them is, as a dotted path: `fields: {id: reference, amount: money.cents}`.
Without `fields` an element's own `key`, `id` and numbers are taken, also numbers that are written as text; an element that is no object
is the row's `id`, as it is written.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, model_validator

from harness.drill.words import Port, Text
from harness.quantities import Model, Seconds


def _path(value: str) -> str:
    if not value.startswith("/"):
        raise ValueError(f"a path begins with a slash, such as /charges, not {value!r}")
    return value


PathText = Annotated[str, AfterValidator(_path)]
Fields = dict[str, Text]


class Reader(Model):
    """The common part of all readers."""

    word: ClassVar[str] = ""

    timeout_s: Seconds = Field(
        default=20.0, alias="timeout", gt=0, description="of one reading; later it is unreadable"
    )

    @property
    def place(self) -> str:
        """The service that is asked; '' for this machine."""
        return str(getattr(self, "service", ""))

    @property
    def what(self) -> str:
        """What is read there, in few words: a table's query, a path, a queue's name."""
        raise NotImplementedError  # abstract: every reader below says it


class SqlReader(Reader):
    """A SELECT, by the database's own client in its container; user, password and database as its environment gives them."""

    word: ClassVar[str] = "sql"

    service: Text = Field(description="the service whose container has psql, mariadb or mysql")
    query: Text = Field(
        description="a SELECT with columns named key, id (of the order), and those that laws sum: order_id AS id, … AS amount"
    )
    database: str = Field(default="", description="where its environment does not tell")
    user: str = Field(default="", description="where its environment does not tell")
    password: str = Field(default="", description="where its environment does not tell; write ${VAR}, not the password")

    @property
    def what(self) -> str:
        return " ".join(self.query.split())


class HttpReader(Reader):
    """GET from inside the stack's network; the answer is JSON.

    A list with as many rows as its `limit`, and no word for its end, may have been cut, and is not read."""

    word: ClassVar[str] = "http"

    service: Text = Field(description="the service that is asked")
    port: Port = Field(description="its container port")
    path: PathText = Field(description="path and query, such as /charges?limit=100")
    each: str = Field(default="", description="dotted path to the list in the answer; left out: the answer is the list")
    next: str = Field(
        default="", description="dotted path to the next page's path or URL; absent or empty on the last page"
    )
    fields: Fields = Field(
        default_factory=dict, description="dotted path, within an element, by column: {id: order_id}"
    )
    headers: dict[str, str] = Field(
        default_factory=dict, description="sent with the request; write ${VAR} for a secret"
    )

    @property
    def what(self) -> str:
        return f"GET {self.path}"


class RedisReader(Reader):
    """A list, stream, hash or set of Redis or Valkey, by the client in its container. Elements are JSON, or plain ids."""

    word: ClassVar[str] = "redis"

    service: Text = Field(description="the service whose container has redis-cli or valkey-cli")
    list_: str = Field(default="", alias="list", description="name of a list")
    stream: str = Field(
        default="",
        description="name of a stream; a row is an entry's fields. It keeps what was done, so it is no queue",
    )
    hash_: str = Field(
        default="", alias="hash", description="name of a hash; a row's id is the field, unless `fields` say other"
    )
    set_: str = Field(default="", alias="set", description="name of a set, or of a sorted set")
    database: int = Field(default=0, ge=0)
    password: str = Field(default="", description="where its environment does not tell; write ${VAR}, not the password")
    fields: Fields = Field(
        default_factory=dict, description="dotted path, within an element, by column: {id: order_id}"
    )

    @model_validator(mode="after")
    def _one(self) -> RedisReader:
        if sum(map(bool, (self.list_, self.stream, self.hash_, self.set_))) != 1:
            raise ValueError("redis: give exactly one of `list`, `stream`, `hash`, `set`")
        return self

    @property
    def kind(self) -> str:
        """list, stream, hash or set."""
        return next(kind for kind in ("list", "stream", "hash", "set") if self._named(kind))

    @property
    def name(self) -> str:
        """Of the list, stream, hash or set."""
        return self._named(self.kind)

    def _named(self, kind: str) -> str:
        return {"list": self.list_, "stream": self.stream, "hash": self.hash_, "set": self.set_}[kind]

    @property
    def what(self) -> str:
        return f"{self.kind} {self.name}"


class RabbitmqReader(Reader):
    """The messages of a queue of RabbitMQ: looked at and put back. Bodies are JSON, or plain ids."""

    word: ClassVar[str] = "rabbitmq"

    service: Text = Field(description="the service that runs RabbitMQ")
    queue: Text = Field(description="name of the queue")
    vhost: Text = Field(default="/", description="virtual host")
    user: str = Field(default="", description="where its environment does not tell")
    password: str = Field(default="", description="where its environment does not tell; write ${VAR}, not the password")
    fields: Fields = Field(default_factory=dict, description="dotted path, within a body, by column")

    @property
    def what(self) -> str:
        return f"queue {self.queue}"


class CommandReader(Reader):
    """A command that prints a line of JSON per row, or a list of them, in a service's container or, without `service`, on this machine."""

    word: ClassVar[str] = "command"

    run: tuple[Text, ...] = Field(
        min_length=1, description="program and arguments; of this machine's, relative to the drill file"
    )
    service: str = Field(default="", description="in whose container; left out: on this machine")
    fields: Fields = Field(default_factory=dict, description="dotted path, within a line's object, by column")

    @property
    def what(self) -> str:
        return " ".join(self.run)


READERS: tuple[type[Reader], ...] = (SqlReader, HttpReader, RedisReader, RabbitmqReader, CommandReader)
