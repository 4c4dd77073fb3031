#!/bin/sh
# A report as somebody runs it on a Friday: one transaction that has read the orders, and is not over for a while.
#
#   ./long-read.sh 20        for 20 s
#   ./long-read.sh --holds   ends with 0 while it holds its lock
#   ./long-read.sh --end     end it; ends with 0 also when there is none
#
# It takes no more than any SELECT takes, and hurts nobody; until somebody wants the table for himself.
set -eu
[ -n "${COMPOSE_FILE:-}" ] || COMPOSE_FILE="$(cd "$(dirname "$0")" && pwd)/compose.yaml"
export COMPOSE_FILE

sql() {
    docker compose exec -T -e PGAPPNAME="$1" -e PGOPTIONS="-c statement_timeout=0" postgres \
        psql -h /tmp -U checkout -d checkout -qtAX -v ON_ERROR_STOP=1 -c "$2"
}

case $1 in
--holds)
    found=$(sql looks "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
                       WHERE application_name = 'long-read' AND relation = 'orders'::regclass AND granted")
    [ "$found" -gt 0 ]
    ;;
--end)
    # psql in the container outlives the command that started it.
    [ -z "$(docker compose ps --quiet postgres)" ] ||
        sql looks "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'long-read'" >/dev/null
    ;;
*)
    sql long-read "BEGIN; SELECT state, count(*), sum(total_cents) FROM orders GROUP BY state; SELECT pg_sleep($1); COMMIT"
    ;;
esac
