#!/bin/sh
# Put parked orders back into the queue, mended: the second step of the runbook of OrdersParked, after ./rollback.sh.
#
# Each message is written anew from the order's own row (its id), and leaves the dead letters in the same statement that puts it back:
# stopped at any moment, it has lost nothing and done nothing twice, and may be run again.
#
# As any `docker compose` command it minds COMPOSE_PROJECT_NAME and COMPOSE_FILE (default: compose.yaml beside this file).
# It ends with 0 when nothing is parked and the worker has done with all that was put back; with 1 and what is wrong, when not.
set -eu

[ -n "${COMPOSE_FILE:-}" ] || COMPOSE_FILE="$(cd "$(dirname "$0")" && pwd)/compose.yaml"
export COMPOSE_FILE
within_s=40

ask() { # one statement; its rows, a line each
    docker compose --ansi never exec -T postgres sh -c 'psql -qtAX -v ON_ERROR_STOP=1 -h /tmp -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "$1"' sh "$1"
}

replay="
WITH taken AS (DELETE FROM parked RETURNING order_id, kind, trace, created_at), put AS (
    INSERT INTO outbox (order_id, kind, message, trace, created_at) SELECT order_id, kind, order_id::text, trace, created_at FROM taken
    ON CONFLICT (order_id) DO UPDATE SET message = excluded.message, due_at = now(), failures = 0 RETURNING 1
)
SELECT count(*) FROM put"

# What is left: parked, on its way to being parked, or put back and not done. Orders that wait for their payment may wait on.
left="
SELECT (SELECT count(*) FROM parked), (SELECT count(*) FROM outbox WHERE message <> order_id::text OR failures > 0
                                                                  OR (kind = 'paid' AND created_at < now() - interval '10 seconds'))"

back=0
until_s=$(($(date +%s) + within_s))
while :; do
    count=$(ask "$replay")
    [ "$count" = 0 ] || echo "replay: put $count back into the queue"
    back=$((back + count))
    found=$(ask "$left")
    [ "$found" != "0|0" ] || break
    [ "$(date +%s)" -lt "$until_s" ] || {
        echo "replay: after ${within_s} s ${found%|*} are parked again and ${found#*|} still wait; is the bad release gone (./rollback.sh)?" >&2
        exit 1
    }
    sleep 1
done
echo "replay: $back put back in all, none is parked, and the worker has done with them"
