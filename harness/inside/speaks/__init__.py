"""The protocols of the witness: one small file each. Every `exchange(wire, ask)` makes one whole exchange.

It returns when the answer is complete, with the bytes that say goodbye (b'': closing is the goodbye; None: the other
side closes by itself), and leaves as little as it can in the server's log. It raises wire.Closed (the other side ended
too early), TimeoutError, OSError, or ValueError for an answer in another protocol."""

from __future__ import annotations

from collections.abc import Callable

from harness.inside.speaks import (
    amqp,
    bare,
    fastcgi,
    grpc,
    http,
    kafka,
    memcached,
    mongodb,
    mqtt,
    mysql,
    nats,
    postgres,
    redis,
    smtp,
    tls,
)
from harness.inside.speaks.wire import Ask, Wire

Exchange = Callable[[Wire, Ask], bytes | None]

SPEAKS: dict[str, Exchange] = {
    "": bare.exchange,
    "amqp": amqp.exchange,
    "fastcgi": fastcgi.exchange,
    "grpc": grpc.exchange,
    "http": http.exchange,
    "https": http.exchange_tls,
    "kafka": kafka.exchange,
    "memcached": memcached.exchange,
    "mongodb": mongodb.exchange,
    "mqtt": mqtt.exchange,
    "mysql": mysql.exchange,
    "nats": nats.exchange,
    "postgres": postgres.exchange,
    "redis": redis.exchange,
    "smtp": smtp.exchange,
    "tls": tls.exchange,
}
