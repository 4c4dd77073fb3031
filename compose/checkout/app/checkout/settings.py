"""Everything that differs from place to place, from the environment; and every limit, with its reason."""

from __future__ import annotations

import os

PORT = 8080

DATABASE_URL = os.environ.get("DATABASE_URL", "")
DATABASE_POOL = int(os.environ.get("DATABASE_POOL", "8"))
REDIS_URL = os.environ.get("REDIS_URL", "")
REDIS_POOL = int(os.environ.get("REDIS_POOL", "8"))
PAYMENTS_URL = os.environ.get("PAYMENTS_URL", "")
PAYMENTS_POOL = int(os.environ.get("PAYMENTS_POOL", "8"))
# As OpenTelemetry names it: the collector; its path for traces is added. Nothing is sent without it.
_COLLECTOR = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").rstrip("/")
TRACES_URL = f"{_COLLECTOR}/v1/traces" if _COLLECTOR else ""

# A shopper looks at a spinning wheel for two seconds and then presses the button again: no answer is later than that.
CHECKOUT_DEADLINE_S = 2.0
READ_DEADLINE_S = 1.5

# The network between two containers connects in under a millisecond: after 0.25 s nobody is there.
CONNECT_S = 0.25
# Waiting for a connection of the pool is waiting behind others: beyond half a second they all are late.
POOL_WAIT_S = 0.5
# The database's own limit for a statement of ours (the server has a wider one, for everybody).
STATEMENT_S = 1.5
# The cache is there to be faster than the database: when it is not, we do without.
REDIS_S = 0.25

# The provider answers within 0.1 s. Two attempts and the pause between them fit in 1 s, and leave the order's own
# statements their second.
PAYMENT_ATTEMPT_S = 0.6
PAYMENT_ATTEMPTS = 2
PAYMENT_BUDGET_S = 0.9

# When told to stop: so long answers go out with `Connection: close` and /readyz says 503, so that a balancer sends nobody any
# more; then so long for what is still in hand.
DRAIN_S = float(os.environ.get("DRAIN_S", "0.5"))
FINISH_S = 5.0
