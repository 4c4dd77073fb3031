#!/bin/sh
# Give back whatever was charged beyond what was ordered: the runbook of OrderTotalsDiffer, once nobody charges wrongly any more.
# It ends with 0 when every charge is then what was ordered; asked again, it refunds nothing twice.
#
# As any `docker compose` command it minds COMPOSE_PROJECT_NAME and COMPOSE_FILE (default: compose.yaml beside this file).
set -eu

[ -n "${COMPOSE_FILE:-}" ] || COMPOSE_FILE="$(cd "$(dirname "$0")" && pwd)/compose.yaml"
export COMPOSE_FILE
docker compose exec -T -e DATABASE_POOL=1 worker python3 -m checkout.reconcile
