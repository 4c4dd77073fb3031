#!/bin/sh
# Bring the orders database to a version of its schema: the files of data/migrations/, in order, each in a transaction of its own.
#
#   ./migrate.sh 2           up to version 2
#
# A migration needs a table for itself for a moment. While it waits behind a long read, every later query waits behind the
# migration: so it waits LOCK_TIMEOUT and no longer, gives up with nothing changed, lets the queue pass, and tries again.
# As any `docker compose` command it minds COMPOSE_PROJECT_NAME and COMPOSE_FILE (default: compose.yaml beside this file).
set -eu
LOCK_TIMEOUT=500ms # below what a shopper notices, and far below the API's own limit for a statement, 1.5 s
PAUSE_S=1          # between two tries, for the queue to pass
TRIES=40

here=$(cd "$(dirname "$0")" && pwd)
[ -n "${COMPOSE_FILE:-}" ] || COMPOSE_FILE="$here/compose.yaml"
export COMPOSE_FILE

sql() { # statements on stdin; a migration may take its time once it has its lock
    docker compose exec -T -e PGAPPNAME=migration -e PGOPTIONS="-c lock_timeout=$LOCK_TIMEOUT -c statement_timeout=0" postgres \
        psql -h /tmp -U checkout -d checkout -qtAX -v ON_ERROR_STOP=1 "$@"
}

version() {
    echo "CREATE TABLE IF NOT EXISTS schema_version (version integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
          SELECT coalesce(max(version), 1) FROM schema_version;" | sql 2>/dev/null
}

for file in "$here"/data/migrations/*.sql; do
    number=$(basename "$file" | sed 's/^0*//; s/_.*//')
    at=$(version)
    [ "$number" -gt "$at" ] && [ "$number" -le "$1" ] || continue
    try=1
    until { cat "$file"; echo "INSERT INTO schema_version (version) VALUES ($number);"; } | sql --single-transaction; do
        [ "$try" -lt "$TRIES" ] || { echo "migrate: gave up at version $at, with nothing changed" >&2; exit 1; }
        echo "migrate: version $number, try $try: nothing was changed; again in $PAUSE_S s"
        try=$((try + 1))
        sleep "$PAUSE_S"
    done
    echo "migrate: version $number after $try tries"
done

# What was asked for is one thing, what the database says another.
[ "$(version)" = "$1" ] || { echo "migrate: the database is at version $(version), not $1" >&2; exit 1; }
echo "migrate: the database is at version $1"
