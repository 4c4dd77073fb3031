"""The messages of a RabbitMQ queue: the ready ones looked at and put back, those in a consumer's hands counted.

Of a queue in which nothing waits no message is asked for, but the login is tried and the queue named: that it cannot be read is known
before anything waits there. One whose messages a consumer holds without having acknowledged them is not
empty, though nobody else can see them: each is a row without a name. A quorum queue counts each look as a delivery, and drops
what was delivered too often (20 times, in RabbitMQ 4): so while a queue is only waited for, its messages are counted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from harness.drill.readers import RabbitmqReader
from harness.errors import NotApplied, NotThere
from harness.orders.readers.logins import url_login
from harness.orders.readers.rows import Row, decoded, row_of, whole
from harness.orders.readers.said import last, lines
from harness.world.handles import Login, Reach, Said
from harness.world.speaks import environment

SCHEMES = ("amqp", "amqps")
USERS = ("RABBITMQ_DEFAULT_USER", "RABBITMQ_USERNAME")
PASSWORDS = ("RABBITMQ_DEFAULT_PASS", "RABBITMQ_PASSWORD")
POINTER = "Please see diagnostics information and suggestions below."
MOST_WORDS = 4000
_STEP = re.compile(r"^ {2}\* (.+?)\s*$", re.MULTILINE)
_WELL = re.compile(r"connected to epmd|epmd reports node '.*' uses port|TCP connection succeeded$")
LONGEST_SECRET = 1 << 16
COUNT = ("rabbitmqctl", "--quiet", "--formatter", "json", "list_queues", "--vhost")
COLUMNS = ("name", "messages_ready", "messages_unacknowledged")


def rows(reader: RabbitmqReader, reach: Reach, most_rows: int, most_bytes: int, everything: bool) -> Iterator[Row]:
    """Raises NotApplied with the broker's own words; NotThere for a queue that is not there."""
    ready, held = _counted(reader, reach, most_bytes)
    if ready or not everything:  # what is compared whole is told by its count alone where it is empty
        most = most_rows + 1 if ready else 0
        bodies = reach.peek(reader.service, _login(reader, reach), reader.queue, most, reader.timeout_s)
        made = whole if everything else row_of
        yield from (made(decoded(body), reader.fields) for body in bodies)
    for _ in range(held):
        yield {"unacknowledged": 1}


def counted(reader: RabbitmqReader, reach: Reach, most_rows: int, most_bytes: int) -> Iterator[Row]:
    """A row for each message, without a name: nothing is taken from the queue. Raises NotApplied as `rows` does."""
    for _ in range(min(sum(_counted(reader, reach, most_bytes)), most_rows)):
        yield {"waiting": 1}


def _counted(reader: RabbitmqReader, reach: Reach, most_bytes: int) -> tuple[int, int]:
    """How many messages are ready, and how many a consumer holds."""
    command = (*COUNT, reader.vhost, *COLUMNS)
    said = reach.inside(reader.service, command, {}, reader.timeout_s, most_bytes)
    if said.code:
        raise NotApplied(f"the queues of {reader.service} cannot be listed: {_trouble(said)}")
    try:
        told = json.loads(b"".join(lines(said, "rabbitmqctl")))
    except ValueError as error:
        raise NotApplied(f"the queues of {reader.service} cannot be listed: {error}") from error
    for queue in told:
        if queue.get("name") == reader.queue:
            return int(queue["messages_ready"]), int(queue["messages_unacknowledged"])
    there = ", ".join(sorted(str(queue.get("name")) for queue in told)[:10]) or "none"
    raise NotThere(f"{reader.service} has no queue {reader.queue} in {reader.vhost}; there are: {there}")


def _trouble(said: Said) -> str:
    """What went wrong, in one line: rabbitmqctl says only that it did, and below which of its steps failed, and what may help."""
    words = said.err or said.out.read(MOST_WORDS).decode("utf-8", "replace")
    said.out.seek(0)
    steps = [step for step in _STEP.findall(words.partition("DIAGNOSTICS")[2]) if not _WELL.match(step)]
    told = next((line for line in words.splitlines() if line.startswith("Error: ")), "") or last(said)
    what = told.removesuffix(POINTER).removeprefix("Error: ").rstrip(". ")
    return f"{what}: {'; '.join(dict.fromkeys(steps))}" if steps else what


def _login(reader: RabbitmqReader, reach: Reach) -> Login:
    """The drill's; the broker's own, from its environment or the files that it names; or another service's, from a URL. A password
    goes with its own user alone."""
    own_user, own_password = (_own(reader, reach, names) for names in (USERS, PASSWORDS))
    spare = url_login(reach.services, reader.service, SCHEMES)
    user = reader.user or own_user or spare.user or "guest"
    own_password = own_password if user == own_user or not own_user else ""
    spare_password = spare.password if user == spare.user else ""
    return Login(user, reader.password or own_password or spare_password or "guest", reader.vhost)


def _own(reader: RabbitmqReader, reach: Reach, names: tuple[str, ...]) -> str:
    """The first of these variables of the service; or what the file holds that it names (RABBITMQ_DEFAULT_PASS_FILE)."""
    told = environment(reach.services.get(reader.service, {}))
    if found := next((told[name] for name in names if told.get(name)), ""):
        return found
    for path in (told[f"{name}_FILE"] for name in names if told.get(f"{name}_FILE")):
        said = reach.inside(reader.service, ("cat", path), {}, reader.timeout_s, LONGEST_SECRET)
        if not said.code:
            return said.out.read().decode("utf-8", "replace").rstrip("\r\n")
    return ""
