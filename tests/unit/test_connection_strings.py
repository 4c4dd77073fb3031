"""A password in a connection string is a secret of the stack's, whatever its variable is called; what stands beside it is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_expectation_log_coverage import Run

from harness.connection_strings import read
from harness.curtain import Curtain
from harness.expectations.base import Line
from harness.stack_secrets import secrets_in
from harness.verdict import Outcome

PASSWORD = "S3cr3tPass99"
STRINGS = [
    "Server=db;Database=shop;User Id=sa;Password=S3cr3tPass99;",
    "Password=S3cr3tPass99;Server=db;User Id=sa",
    "Driver={ODBC};SERVER=db;UID=sa; PWD=S3cr3tPass99",
    "host=db user=shop password=S3cr3tPass99 dbname=shop sslmode=disable",
    "host=db password = 'S3cr3tPass99' dbname=shop",
    "jdbc:postgresql://db/shop?user=shop&password=S3cr3tPass99&ssl=false",
    "jdbc:sqlserver://db:1433;user=sa;password=S3cr3tPass99;encrypt=true",
    "jdbc:oracle:thin:shop/S3cr3tPass99@//db:1521/shop",
    "redis:6379,password=S3cr3tPass99,ssl=false",
    "shop:S3cr3tPass99@tcp(db:3306)/orders?parseTime=true",
    "shop:S3cr3tPass99@unix(/run/mysqld.sock)/orders",
    "shop:S3cr3tPass99@/orders",
    "shop:S3cr3tPass99@mq:5672/orders",
    "AccountName=shop;AccountKey=S3cr3tPass99;EndpointSuffix=core.example",
    "org.shop.PlainLoginModule required username=\"shop\" password=\"S3cr3tPass99\";",
    "-Xmx512m -Djavax.net.ssl.trustStorePassword=S3cr3tPass99 -Dtoken.ttl=864000",
    "sh -c 'cd /srv; PGPASSWORD=S3cr3tPass99 psql -h db'",
    "sh -c \"PGPASSWORD=S3cr3tPass99; psql\"",
    '{"db": {"user": "shop", "password": "S3cr3tPass99"}}',
    "http://api:8080/hook?api_key=S3cr3tPass99",
    "sh -c 'POSTGRES_PASSWORD_ORDERS=S3cr3tPass99 ./start'",
    "AWS_SECRET_KEY=S3cr3tPass99 SECRET_KEY_BASE=x",
    "-Dkafka.password2=S3cr3tPass99",
]  # fmt: skip


@pytest.mark.parametrize("text", STRINGS)
def test_the_password_of_a_connection_string_is_known(text: str) -> None:
    assert PASSWORD in read(text).passwords
    own = secrets_in({"services": {"api": {"environment": {"ORDERS_DSN": text}}}})
    assert Curtain(own).text(f"login with {PASSWORD} at db as shop") == "login with [ORDERS_DSN] at db as shop"
    finding = Run(secrets=own, extra=[Line("api", "api-1", 12.0, f"login with {PASSWORD}")]).check()
    assert (finding.outcome, finding.reason) == (Outcome.FAILED, "secret_logged")


@pytest.mark.parametrize(
    ("text", "password"),
    [
        ("Server=db;Password='a;b''c d';User Id=sa", "a;b'c d"),
        ('Server=db;Password="a;b""c d";User Id=sa', 'a;b"c d'),
        (r"host=db password='a\'b c' user=x", "a'b c"),
        ("Server=db;Password=two words;User Id=sa", "two words"),
        ("host=db password=a;bcdefg user=x", "a;bcdefg"),
        ("shop:p@ss/w:rd9@tcp(db:3306)/orders", "p@ss/w:rd9"),
        ('{"password": "a\\"b\\u00e9cdef"}', 'a"bécdef'),
    ],
)
def test_it_is_read_as_its_client_reads_it(text: str, password: str) -> None:
    assert password in read(text).passwords


@pytest.mark.parametrize(
    "text",
    [
        "host=db user=shop dbname=shop",
        "host=db password=$DB_PASSWORD user=x",
        "host=db password=${DB_PASSWORD} user=x",
        "Server=db;Password=***;",
        "-Dtoken.ttl=864000 -Dtoken.issuer=https://auth.example/shop -Dsecret.name=prod/shop",
        "cache_key=customer_id,sort_key=order_id",
        "-Dlogin.password.required=enabled -Dpassword.pattern=letters -DpasswordStrength=medium",
        "PasswordAuthentication=disabled;Mode=strict",
        "password_hash=bcrypt;sessions=redis",
        "cd /srv && pwd",
        "mailto:sunflower@shop.example",
        "sip:sunflower@shop.example:5060",
        "registry:5000/shop/api@sha256:12345",
        "http://api:8080/orders?next=page",
        "postgres://db:5432/shop",
        '{"password_file": "/run/secrets/db", "max_tokens": "128000", "token": ""}',
    ],
)
def test_what_holds_none_tells_none(text: str) -> None:
    assert read(text).passwords == ()


@pytest.mark.parametrize(
    "text",
    [
        "host=db user=heronry password=heronry dbname=heronry",
        "heronry:heronry@tcp(db:3306)/heronry",
        "jdbc:x://db?user=heronry&password=heronry",
    ],
)
def test_a_password_that_is_its_user_or_database_too_is_no_secret_there(text: str) -> None:
    own = secrets_in({"services": {"api": {"environment": {"ORDERS_DSN": text}}}})
    assert Curtain(own).text("role heronry does not exist") == "role heronry does not exist"
    assert Curtain(own).text("password=heronry") == "password=[ORDERS_DSN]"


def test_commands_and_the_files_of_secrets_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "dsn").write_text("host=db user=shop password=S3cr3tPass99\n")
    stated: dict[str, Any] = {"secrets": {"dsn": {"file": str(tmp_path / "dsn")}}}
    for project in (stated, {"services": {"api": {"command": ["psql", "host=db user=shop password=S3cr3tPass99"]}}}):
        assert PASSWORD in [one.value for one in secrets_in(project)]
