"""Sources of truth are read from real servers: what was put there comes out, row by row, nothing is changed, and errors are said."""

from __future__ import annotations

import json
import re
import socket
import struct
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.drill.readers import CommandReader, HttpReader, RabbitmqReader, Reader, RedisReader, SqlReader
from harness.errors import DrillError, NotApplied
from harness.orders.readers import read
from harness.world import amqp
from harness.world.containers import Containers
from harness.world.handles import Login
from harness.world.reach import StackReach

pytestmark = pytest.mark.e2e

ZOO = Path(__file__).parent / "projects" / "zoo" / "compose.yaml"
SERVERS = ("postgres", "mariadb", "valkey", "locked-valkey", "rabbitmq", "nginx", "caller")


@dataclass(frozen=True)
class Zoo:
    project: str
    reach: StackReach

    def run(self, service: str, *command: str, given: str = "") -> str:
        done = subprocess.run(
            ["docker", "exec", "-i", f"{self.project}-{service}-1", *command],
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def read(self, reader: Reader, **limits: int) -> list[dict[str, Any]]:
        return list(read(reader, self.reach, **limits))

    def shown(self, reader: Reader) -> list[dict[str, Any]]:
        """The rows without the mark by which masked texts stay apart: it differs from run to run."""
        marked = re.compile(r"(?<=\]) #[0-9a-f]{16}$")
        return [{**row, "note": marked.sub("", row["note"])} if row.get("note") else row for row in self.read(reader)]


def compose(project: str, *args: str) -> str:
    done = subprocess.run(
        ["docker", "compose", "-p", project, "-f", str(ZOO), *args], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def address(project: str, target: str) -> tuple[str, int]:
    service, _, port = target.rpartition(":")
    form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    inspect = ["docker", "inspect", "-f", form, f"{project}-{service}-1"]
    return subprocess.run(inspect, capture_output=True, text=True, check=True).stdout.strip(), int(port)


@pytest.fixture(scope="module")
def zoo() -> Iterator[Zoo]:
    run_id = uuid.uuid4().hex[:8]
    project = f"drill-{run_id}"
    services = json.loads(compose(project, "config", "--format", "json"))["services"]
    containers = Containers(run_id, project)
    reach = StackReach(containers, services, lambda target: address(project, target), Path.cwd(), {"WHO": "anna"})
    made = Zoo(project, reach)
    try:
        compose(project, "up", "--detach", "--no-build", *SERVERS)
        until(lambda: made.run("mariadb", "mariadb", "-e", "SELECT 1"))
        until(lambda: made.run("rabbitmq", "rabbitmqctl", "await_startup"))
        until(lambda: made.read(postgres(made, "SELECT 1 AS one")))
        yield made
    finally:
        compose(project, "down", "--volumes", "--timeout", "0")
        containers.close()


def until(good: Any) -> None:
    """The runner's own limit is the limit here: a slow machine is no failure."""
    while True:
        try:
            good()
        except (AssertionError, DrillError):
            time.sleep(0.5)
        else:
            return


def postgres(zoo: Zoo, query: str, **more: Any) -> SqlReader:
    """Its password is its container's name: nothing in the stack tells it, so it is declared."""
    password = zoo.run("postgres", "cat", "/etc/hostname").strip()
    return SqlReader.model_validate({"service": "postgres", "query": query, "password": password, **more})


def mariadb(query: str, **more: Any) -> SqlReader:
    return SqlReader.model_validate({"service": "mariadb", "query": query, "database": "shop", **more})


ORDERS = """
CREATE TABLE orders (idempotency_key text, id int, total numeric(12,2), note text);
INSERT INTO orders VALUES ('k-1', 1, 12.50, E'two\nlines'), ('k-2', 2, 0.10, NULL), ('schlüssel "3"', 3, 7, '4111 1111 1111 1111');
"""
SELECT = "SELECT idempotency_key AS key, id, total AS amount, note FROM orders ORDER BY id"
READ = [
    {"key": "k-1", "id": "1", "amount": 12.5, "note": "two\nlines"},
    {"key": "k-2", "id": "2", "amount": 0.1, "note": None},
    {"key": 'schlüssel "3"', "id": "3", "amount": 7, "note": "[card number]"},
]


def test_rows_of_postgres_come_as_they_are(zoo: Zoo) -> None:
    password = zoo.run("postgres", "cat", "/etc/hostname").strip()
    psql = ("env", f"PGPASSWORD={password}", "psql", "-qX", "-h", "127.0.0.1", "-U", "postgres")
    zoo.run("postgres", *psql, given=ORDERS)

    assert zoo.shown(postgres(zoo, f"{SELECT};  ")) == READ
    assert zoo.read(postgres(zoo, "WITH one AS (SELECT 1 AS id) SELECT * FROM one -- and no more")) == [{"id": "1"}]
    assert zoo.read(postgres(zoo, "SELECT 1 AS id WHERE false")) == []
    with pytest.raises(NotApplied, match='column "nothing" does not exist'):
        zoo.read(postgres(zoo, "SELECT nothing FROM orders"))
    zoo.run("postgres", *psql, given="CREATE SEQUENCE one")
    with pytest.raises(NotApplied, match="read-only transaction"):
        zoo.read(postgres(zoo, "SELECT nextval('one')"))
    with pytest.raises(NotApplied, match="more than 2 rows"):
        zoo.read(postgres(zoo, SELECT), most_rows=2)
    with pytest.raises(NotApplied, match=r"timeout|not ended"):
        zoo.read(postgres(zoo, "SELECT pg_sleep(30)", timeout="1s"))
    with pytest.raises(NotApplied, match="password authentication failed"):
        zoo.read(postgres(zoo, SELECT, password="another"))


def test_rows_of_mariadb_come_as_they_are(zoo: Zoo) -> None:
    made = ORDERS.replace("E'", "'")
    zoo.run(
        "mariadb",
        "mariadb",
        "--default-character-set=utf8mb4",
        given=f"CREATE DATABASE shop; GRANT ALL ON shop.* TO 'shop'@'%'; USE shop; {made}",
    )

    select = SELECT.replace("AS key", "AS `key`")
    assert zoo.shown(mariadb(f"{select};")) == READ
    with pytest.raises(NotApplied, match="write AS `key`"):
        zoo.read(mariadb(SELECT))
    assert zoo.read(mariadb("SELECT 1 AS id FROM orders WHERE id > 5")) == []
    with pytest.raises(NotApplied, match="Unknown column 'nothing'"):
        zoo.read(mariadb("SELECT nothing FROM orders"))
    with pytest.raises(NotApplied, match="READ ONLY transaction"):
        zoo.read(mariadb("INSERT INTO orders (id) VALUES (9) RETURNING id"))
    with pytest.raises(NotApplied, match="more than 2 rows"):
        zoo.read(mariadb(select), most_rows=2)
    with pytest.raises(NotApplied, match=r"interrupted|max_statement_time|not ended"):
        zoo.read(mariadb("SELECT SLEEP(30) AS id", timeout="1s"))
    with pytest.raises(NotApplied, match="Access denied"):
        zoo.read(mariadb(select, password="another"))
    assert zoo.shown(mariadb(select)) == READ


def redis(service: str = "valkey", **more: Any) -> RedisReader:
    return RedisReader.model_validate({"service": service, **more})


def test_elements_of_valkey_come_as_they_are(zoo: Zoo) -> None:
    def valkey(*words: str) -> None:
        zoo.run("valkey", "valkey-cli", *words)

    many = [f"order-{n}" for n in range(12_000)]
    zoo.run("valkey", "valkey-cli", "--pipe", given="".join(f'RPUSH many "{one}"\r\n' for one in many))
    valkey("RPUSH", "dead", '{"order": {"id": 7}, "cents": 250}', "plain ü", '"quoted"')
    valkey("XADD", "stream", "*", "payload", '{"order": 8}', "cents", "30")
    valkey("XADD", "stream", "*", "payload", '{"order": 9}', "cents", "40")
    valkey("HSET", "hash", "o-1", '{"amount": 5}', "o-2", "text")
    valkey("SADD", "set", "a", "b")
    valkey("ZADD", "later", "12", "c")
    fields = {"id": "order.id", "amount": "cents"}

    assert [row["id"] for row in zoo.read(redis(list="many"))] == many
    assert zoo.read(redis(list="dead", fields=fields)) == [{"id": "7", "amount": 250}, {}, {}]
    assert zoo.read(redis(list="dead"))[1:] == [{"id": "plain ü"}, {"id": "quoted"}]
    told = zoo.read(redis(stream="stream", fields={"id": "payload.order", "amount": "cents"}))
    assert told == [{"id": "8", "amount": "30"}, {"id": "9", "amount": "40"}]
    assert sorted(row["id"] for row in zoo.read(redis(hash="hash"))) == ["o-1", "o-2"]
    assert zoo.read(redis(hash="hash", fields={"amount": "amount"}))[0] == {"id": "o-1", "amount": 5}
    assert sorted(row["id"] for row in zoo.read(redis(set="set"))) == ["a", "b"]
    assert zoo.read(redis(set="later")) == [{"id": "c"}]
    assert zoo.read(redis(list="nothing")) == []
    with pytest.raises(NotApplied, match="is a hash, not a list"):
        zoo.read(redis(list="hash"))
    with pytest.raises(NotApplied, match=r"NOAUTH|Authentication required"):
        zoo.read(redis("locked-valkey", list="many"))
    assert zoo.read(redis("locked-valkey", list="many", password="secret")) == []


def test_messages_of_rabbitmq_are_looked_at_and_put_back(zoo: Zoo) -> None:
    work = RabbitmqReader.model_validate({"service": "rabbitmq", "queue": "work", "fields": {"id": "order"}})
    with pytest.raises(NotApplied, match="no queue work"):
        zoo.read(work)
    broker = Broker(address(zoo.project, "rabbitmq:5672"))
    broker.declare("work")
    assert zoo.read(work) == []
    for number in range(5):
        broker.publish("work", json.dumps({"order": number}).encode())
    told = [{"id": str(number)} for number in range(5)]

    assert zoo.read(work) == told
    assert zoo.read(work) == told  # they were put back, in their order
    broker.take("work", 2)  # a consumer has them in its hands
    assert zoo.read(work) == [*told[2:], {"unacknowledged": 1}, {"unacknowledged": 1}]
    broker.close()
    assert sorted(row["id"] for row in zoo.read(work)) == sorted(row["id"] for row in told)
    wrong = RabbitmqReader.model_validate({"service": "rabbitmq", "queue": "work", "password": "another"})
    with pytest.raises(NotApplied, match="ACCESS_REFUSED"):
        zoo.read(wrong)


class Broker:
    """A publisher and consumer of the fewest words."""

    def __init__(self, at: tuple[str, int]) -> None:
        self._sock = socket.create_connection(at, 10)
        self._wire = amqp._Wire(self._sock, time.monotonic() + 600)
        amqp._log_in(self._wire, Login("shop", "shop-pass", "/"))

    def declare(self, queue: str) -> None:
        self._wire.call(1, 50, 10, b"\0\0" + amqp._short(queue) + b"\0" + amqp._long(b""), 11)

    def publish(self, queue: str, body: bytes) -> None:
        self._wire.send(1, 60, 40, b"\0\0" + amqp._short("") + amqp._short(queue) + b"\0")
        header = struct.pack(">HHQH", 60, 0, len(body), 0)
        for kind, payload in ((2, header), (3, body)):
            self._sock.sendall(struct.pack(">BHI", kind, 1, len(payload)) + payload + b"\xce")

    def take(self, queue: str, count: int) -> None:
        for _ in range(count):
            self._wire.send(1, 60, 70, b"\0\0" + amqp._short(queue) + b"\0")
            assert self._wire.method(1, 60)[0] == amqp.GET_OK
            self._wire.content()

    def close(self) -> None:
        self._wire.call(0, 10, 50, struct.pack(">H", 200) + amqp._short("") + b"\0\0\0\0", 51)
        self._sock.close()


def test_pages_are_asked_for_over_http(zoo: Zoo) -> None:
    page = {"told": {"charges": [{"id": "o-1", "cents": 5}]}, "next": "http://payments:80/two.json?after=1"}
    for name, content in (("one", page), ("two", {"told": {"charges": [{"id": "o-2", "cents": 6}]}, "next": None})):
        zoo.run("nginx", "sh", "-c", f"cat > /usr/share/nginx/html/{name}.json", given=json.dumps(content))
    where = {"service": "nginx", "port": 80, "each": "told.charges", "fields": {"id": "id", "amount": "cents"}}

    def get(**more: Any) -> HttpReader:
        return HttpReader.model_validate({**where, **more})

    assert zoo.read(get(path="/one.json", next="next")) == [{"id": "o-1", "amount": 5}, {"id": "o-2", "amount": 6}]
    with pytest.raises(NotApplied, match="with 404"):
        zoo.read(get(path="/three.json"))
    with pytest.raises(NotApplied, match="no JSON"):
        zoo.read(get(path="/"))
    with pytest.raises(NotApplied, match="without a list"):
        zoo.read(get(path="/one.json", each="told"))


def command(*words: str, **more: Any) -> CommandReader:
    return CommandReader.model_validate({"run": list(words), **more})


def test_commands_print_rows_in_a_container_and_here(zoo: Zoo) -> None:
    said = """echo '{"id": 1, "amount": 2}'; echo; echo '{"id": "b"}'"""
    assert zoo.read(command("sh", "-c", said, service="caller")) == [{"id": "1", "amount": 2}, {"id": "b"}]
    assert zoo.read(command("sh", "-c", """echo "{\\"id\\": \\"$WHO\\"}" """)) == [{"id": "anna"}]
    with pytest.raises(NotApplied, match="sh failed: no such order book"):
        zoo.read(command("sh", "-c", "echo no such order book >&2; exit 3", service="caller"))
    with pytest.raises(NotApplied, match="no JSON: hello"):
        zoo.read(command("echo", "hello"))
    with pytest.raises(NotApplied, match="could not be started"):
        zoo.read(command("./not-there"))
    for service in ("caller", ""):
        with pytest.raises(NotApplied, match="not ended after 1 s"):
            zoo.read(command("sleep", "60", service=service, timeout="1s"))
        with pytest.raises(NotApplied, match="printed more than"):
            zoo.read(command("yes", service=service), most_bytes=1 << 20)
    assert "sleep 60" not in zoo.run("caller", "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    with pytest.raises(NotApplied, match="nobody does not run"):
        zoo.read(command("true", service="nobody"))
