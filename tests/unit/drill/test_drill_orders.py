"""`orders:` of a drill file: what it may say, what is refused with what was meant, and what a plan tells of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli.inputs import Looked
from harness.cli.plan_document import document
from harness.cli.plan_lines import lines
from harness.drill.endpoints import endpoints
from harness.drill.orders import Orders
from harness.drill.parse import parse
from harness.drill.problem import Invalid
from harness.drill.readers import READERS, RedisReader
from harness.drill.resolved import load_resolved
from harness.orders.declared import Declared
from harness.plan import make_plan

Write = Callable[..., Path]
BOOK = """\
orders:
  checkout:
    request: POST /checkout
    key: {header: Idempotency-Key}
    settle: {quiet: 5s, within: 1m}
    sources:
      orders: {is: store, sql: {service: postgres, query: "SELECT key, id, cents AS amount FROM orders", password: "${DB_PASSWORD}"}}
      payments: {is: effect, http: {service: payments, port: 8080, path: /charges, each: charges, fields: {key: idem, id: reference}}}
      stream: {is: store, in_order: account, redis: {service: cache, stream: log}}
      waiting: {is: queue, rabbitmq: {service: queue, queue: orders}}
      parked: {is: dead, redis: {service: cache, list: dead, fields: {id: order}}}
      stock: {is: figures, command: {run: [./stock.sh]}}
    laws:
      - payments.amount = orders.amount
      - stock.left at start - stock.left = orders.quantity
phases:
"""


@pytest.fixture
def book(checkout: Write) -> Callable[..., Path]:
    """The drill with an order book, one thing in it changed."""

    def write(old: str = "", new: str = "") -> Path:
        assert old in BOOK
        return checkout("phases:\n", BOOK.replace(old, new, 1) if old else BOOK)

    return write


def test_it_says_what_judging_must_know_and_how_each_source_is_read(book: Write) -> None:
    orders = parse(book(), env={"DB_PASSWORD": "s3cret"}).orders["checkout"]
    assert isinstance(orders, Orders)
    declared = orders.declared()
    assert isinstance(declared, Declared)
    assert list(declared.sources.items()) == [
        ("orders", "store"), ("payments", "effect"), ("stream", "store"), ("waiting", "queue"), ("parked", "dead"),
        ("stock", "figures"),
    ]  # fmt: skip
    assert declared.columns("orders") == {"amount", "quantity"}
    assert (declared.within_s, dict(declared.in_order)) == (60.0, {"stream": "account"})
    assert {source.reader.word for source in orders.sources.values()} == {reader.word for reader in READERS}
    parked = orders.sources["parked"].reader
    assert isinstance(parked, RedisReader)
    assert (parked.kind, parked.name, parked.place) == ("list", "dead", "cache")


def test_a_stored_drill_keeps_it_and_not_its_passwords(book: Write, tmp_path: Path) -> None:
    """Where a row's `key` stands is no secret, whatever it is called."""
    (tmp_path / "run").mkdir()
    drill = parse(book(), env={"DB_PASSWORD": "s3cret"})
    (tmp_path / "run" / "drill.yaml").write_text(drill.masked())
    assert "s3cret" not in drill.masked()
    again = load_resolved(tmp_path / "run").orders["checkout"]
    assert again.declared() == drill.orders["checkout"].declared()
    assert again.sources["payments"].http == drill.orders["checkout"].sources["payments"].http


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("POST /checkout", "POST /chekout", "did you mean 'POST /checkout'?"),
        ("{header: Idempotency-Key}", "{}", "exactly one of"),
        ("{header: Idempotency-Key}", "{header: A, json: b}", "exactly one of"),
        ("quiet: 5s", "quiet: 5m", "never be quiet in time"),
        ("is: store, sql", "is: shop, sql", "must be 'store', 'effect', 'queue', 'dead' or 'figures'"),
        (", list: dead", "", "exactly one of `list`, `stream`, `hash`, `set`"),
        ("rabbitmq: {service: queue, queue: orders}", "", "one way to be read"),
        ("command: {run: [./stock.sh]}", "command: {run: [./stock.sh]}, redis: {service: cache, list: x}", "not redis and command"),
        ("path: /charges", "path: charges", "begins with a slash"),
        ("payments.amount = orders.amount", "payment.amount = orders.amount", "speaks of a source 'payment'"),
        ("payments.amount = orders.amount", "stock.left = orders.amount for each order", "stock has figures alone"),
        ("payments.amount = orders.amount", "payments.amount < orders.amount", "one = between them"),
        ("      stock: ", "      the-stock: ", "cannot name a source"),
        ("stream: log}", "set: log}", "it has no order"),
        ("rabbitmq: {service: queue, queue: orders}", "redis: {service: cache, stream: work}", "a stream is no queue"),
        ("redis: {service: cache, stream: log}", "sql: {service: postgres, query: SELECT 1}", "ORDER BY"),
    ],
)  # fmt: skip
def test_what_it_must_not_say(book: Write, old: str, new: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(book(old, new), env={"DB_PASSWORD": "s3cret"})
    assert said in str(refused.value)


def test_without_a_store_there_is_nothing_to_hold_the_load_against(checkout: Write) -> None:
    text = (
        BOOK[: BOOK.index("      orders:")] + "      dead: {is: dead, redis: {service: cache, list: dead}}\nphases:\n"
    )
    with pytest.raises(Invalid, match="no source `is: store`"):
        parse(checkout("phases:\n", text))


def test_a_claim_needs_an_order_book_and_stands_under_the_whole_run(book: Write) -> None:
    def problems(path: Path, claim: str, place: str = "expect.0") -> list[str]:
        drill = parse(path, sets=[f"{place}={claim}"], env={"DB_PASSWORD": "s3cret"})
        return [str(problem) for problem in make_plan(drill).errors]

    assert not problems(book(), "{orders_kept: {orders: checkout}}")
    (unknown,) = problems(book(), "{orders_kept: {orders: chekout}}")
    assert "no orders 'chekout' (did you mean 'checkout'?)" in unknown
    (placed,) = problems(book(), "{orders_kept: {orders: checkout}}", "phases.1.expect.0")
    assert "under the drill's own `expect`" in placed


def test_a_source_of_a_service_that_is_not_there_is_refused(book: Write) -> None:
    drill = parse(book(), env={"DB_PASSWORD": "s3cret"})
    services = ["api", "postgres", "payments", "worker", "queue"]
    problems = [str(problem) for problem in make_plan(drill, services=services).errors]
    assert len(problems) == 2
    assert all("there is no service 'cache' in the stack" in problem for problem in problems)


def test_the_plan_shows_what_will_be_read(book: Write) -> None:
    plan = make_plan(parse(book(), env={"DB_PASSWORD": "s3cret"}))
    text = "\n".join(lines(plan, Looked(why="no stack")))
    assert (
        "each POST /checkout, key in header Idempotency-Key; read, twice, when all is quiet for 5s, within 1m" in text
    )
    assert "payments  effect   http of payments: GET /charges" in text
    assert "stock     figures  command of this machine: ./stock.sh" in text
    assert "law  payments.amount = orders.amount" in text
    assert "s3cret" not in text
    (told,) = document(plan, Looked(why="no stack"))["orders"]
    assert [source["name"] for source in told["sources"]][:2] == ["orders", "payments"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('self.client.post("/a")\n        self.client.get("/b?x=1", name="/b")', ("GET /b", "POST /a")),
        ('self.client.request("PUT", "/a")', ("PUT /a",)),
        ('with self.client.get(url="/a", catch_response=True) as r: pass', ("GET /a",)),
        ('self.client.headers.update({})\n        self.client.get("/a")', ("GET /a",)),
        ('self.client.get(f"/a/{1}")', None),
        ("self.client.get(URL)", None),
        ("helper(self.client)", None),
        ('post = self.client.post\n        post("/a")', None),
        ('self.client.request_name = "/order"\n        self.client.post("/order/1")', None),
        ('with self.client.rename_request("/order"):\n            self.client.post("/order/1")', None),
        ('with self.client.get("/a", catch_response=True) as r:\n            r.request_meta["name"] = "/b"', None),
        ('setattr(self.client, "request_name", "/b")\n        self.client.get("/a")', None),
        ('self.client.request("PUT", "/a/1", "/a")', ("PUT /a",)),
        ('self.client.get("http://shop/a")', None),
        ('self.client.get("/a", params={"q": 1})', None),
        ('self.client.get("/a", params={"q": 1}, name="/a")', ("GET /a",)),
        ('self.client.get("/a")\n        HttpSession(self.host, None, None).get("/b")', None),
        ('self.client.get("/a")\n        locust.contrib.fasthttp.FastHttpSession("", None, None).get("/b")', None),
        ('self.client.get("/a")\n        self.rest_("GET", "/b")', None),
        ("pass", None),
    ],
)
def test_the_requests_of_a_locustfile_are_told_where_its_text_tells_them(
    tmp_path: Path, text: str, wanted: tuple[str, ...] | None
) -> None:
    path = tmp_path / "users.py"
    path.write_text(
        f"from locust import HttpUser, task\nclass U(HttpUser):\n    @task\n    def t(self):\n        {text}\n"
    )
    assert endpoints(path) == wanted


def test_modules_beside_a_locustfile_are_read_and_others_leave_it_open(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("class Shop:\n    def buy(self):\n        self.client.post('/buy')\n")
    (tmp_path / "users.py").write_text("from shop import Shop\nclass U(Shop):\n    pass\n")
    assert endpoints(tmp_path / "users.py") == ("POST /buy",)
    (tmp_path / "users.py").write_text("from elsewhere import Shop\nclass U(Shop):\n    pass\n")
    assert endpoints(tmp_path / "users.py") is None


@pytest.mark.parametrize(
    ("fields", "more", "told"),
    [
        ("{id: id}", "", True),
        ("{id: id}", ", id_of: order", False),
        ("{id: reference}", "", False),
        ("{key: idem, id: id}", "", False),  # its keys tell whose the rows are
    ],
)
def test_an_effect_whose_ids_may_be_its_own_is_warned_of(book: Write, fields: str, more: str, told: bool) -> None:
    drill = parse(book("fields: {key: idem, id: reference}}", f"fields: {fields}}}{more}"), env={"DB_PASSWORD": "s"})
    found = [one for one in drill.warnings if "whose the `id` of payments is" in one.what]
    assert [(one.severity, "`id_of: order`" in one.what) for one in found] == ([("warning", True)] if told else [])
