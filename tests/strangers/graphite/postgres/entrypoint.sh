#!/bin/sh
# Makes an empty data directory a database with one account, then serves it.
set -eu
if [ "$(id -u)" = 0 ]; then
    install -d -o postgres -g postgres -m 700 "$PGDATA"
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0"
fi
if [ ! -f "$PGDATA/PG_VERSION" ]; then
    initdb --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 >/dev/null
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    pg_ctl start -w -o "-c listen_addresses=" >/dev/null
    psql -qc "CREATE ROLE $POSTGRES_USER LOGIN PASSWORD '$POSTGRES_PASSWORD'"
    psql -qc "CREATE DATABASE $POSTGRES_DB OWNER $POSTGRES_USER"
    pg_ctl stop -w >/dev/null
fi
exec postgres -c listen_addresses='*'
