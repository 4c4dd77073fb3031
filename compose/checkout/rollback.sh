#!/bin/sh
# Put back the release that compose.yaml states, whatever runs now: the runbook of BadRelease calls this.
#
#   ./rollback.sh            the API, in the project that runs
#   ./rollback.sh api        the same; other services may be named
#
# As any `docker compose` command it minds COMPOSE_PROJECT_NAME and COMPOSE_FILE (default: compose.yaml beside this file).
# It builds and pulls nothing: what ran yesterday is here. It ends with 0 when the service is healthy with what it was put
# back to, on every replica; with 1 and what is wrong, when not.
set -eu

[ -n "${COMPOSE_FILE:-}" ] || COMPOSE_FILE="$(cd "$(dirname "$0")" && pwd)/compose.yaml"
export COMPOSE_FILE
unset CHECKOUT_RELEASE # it names the release that is to go

services=${*:-api}
# shellcheck disable=SC2086 # names of services have no spaces
docker compose --ansi never up --detach --no-deps --no-build --pull never --wait --wait-timeout 60 $services

# What Compose says is one thing, what runs is another: every container must run the file's own image.
for service in $services; do
    image=$(docker compose config | awk -v name="$service:" '
        /^[^ ]/ { part = $1 }  /^  [^ ]/ { one = $1 }  part == "services:" && one == name && /^    image: / { print $2; exit }')
    wanted=$(docker image inspect --format '{{.Id}}' "$image")
    containers=$(docker compose ps --quiet "$service")
    [ -n "$containers" ] || { echo "rollback: $service has no container" >&2; exit 1; }
    for container in $containers; do
        runs=$(docker inspect --format '{{.Image}} {{.Config.Image}}' "$container")
        [ "${runs%% *}" = "$wanted" ] || { echo "rollback: $service still runs ${runs#* }, not $image ($container)" >&2; exit 1; }
        echo "rollback: $service runs $image ($container)"
    done
done
