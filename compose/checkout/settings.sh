#!/bin/sh
# The shop's settings, which a release may change and which rolling back its code does not change back.
#
#   ./settings.sh            show them, with what each was before
#   ./settings.sh back       put every one back to what it was before; then roll back the code: ./rollback.sh
#
# As any `docker compose` command it minds COMPOSE_PROJECT_NAME and COMPOSE_FILE (default: compose.yaml beside this file).
set -eu

[ -n "${COMPOSE_FILE:-}" ] || COMPOSE_FILE="$(cd "$(dirname "$0")" && pwd)/compose.yaml"
export COMPOSE_FILE

ask() { docker compose exec -T postgres psql -h /tmp -U checkout -d checkout -v ON_ERROR_STOP=1 -qAtX -F ' ' -c "$1"; }

if [ "${1:-show}" = back ]; then
    ask "UPDATE setting SET value = before WHERE value <> before RETURNING 'settings: ' || name || ' is ' || value || ' again'"
    docker compose exec -T redis valkey-cli DEL catalog >/dev/null # they are kept there with the catalogue, for 5 s
else
    ask "SELECT name, value, '(before: ' || before || ')' FROM setting ORDER BY name"
fi
