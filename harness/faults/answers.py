"""How many bytes the witness's exchange brings back, by protocol: about, as seen of the usual servers (harness/inside/speaks).

Where a page or a server's configuration decides (http, https), nothing is known beforehand.
"""

from __future__ import annotations

BYTES = {
    "amqp": 520,
    "fastcgi": 32,
    "grpc": 40,
    "kafka": 400,
    "memcached": 16,
    "mongodb": 320,
    "mqtt": 4,
    "mysql": 190,
    "nats": 400,
    "postgres": 1,
    "redis": 7,
    "smtp": 200,
    "tls": 0,
}
