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
PAUSE_S=2          # between two tries, for the queue to pass
TRIES=20

here=$(cd "$(dirname "$0")" && pwd)
[ -n "${COMPOSE_FILE:-}" ] || COMPOSE_FILE="$here/compose.yaml"
export COMPOSE_FILE

sql() { # statements on stdin, all of them or none; tried again in the container. A migration that has its lock may take its time
    docker compose exec -T -e PGAPPNAME=migration -e PGOPTIONS="-c lock_timeout=$LOCK_TIMEOUT -c statement_timeout=0" postgres sh -c '
        statements=$(cat)
        for try in $(seq "$1"); do
            echo "$statements" | psql -h /tmp -U checkout -d checkout -qtAX -v ON_ERROR_STOP=1 --single-transaction && exit 0
            echo "migrate: try $try: nothing was changed" >&2
            [ "$try" = "$1" ] || sleep "$2"
        done
        exit 1' sh "$TRIES" "$PAUSE_S"
}

version() {
    echo "SET client_min_messages = warning;
          CREATE TABLE IF NOT EXISTS schema_version (version integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
          SELECT coalesce(max(version), 1) FROM schema_version;" | sql
}

for file in "$here"/data/migrations/*.sql; do
    number=$(basename "$file" | sed 's/^0*//; s/_.*//')
    if [ "$number" -gt "$(version)" ] && [ "$number" -le "$1" ]; then
        { cat "$file"; echo "INSERT INTO schema_version (version) VALUES ($number);"; } | sql
        echo "migrate: version $number is in"
    fi
done

# What was asked for is one thing, what the database says another.
at=$(version)
[ "$at" = "$1" ] || { echo "migrate: the database is at version $at, not $1" >&2; exit 1; }
echo "migrate: the database is at version $at"
