#!/bin/sh
# Put out a release in the staging environment: told DRILL_SERVICE and DRILL_BAD_IMAGE (repository:release) by the run.
set -eu
export CHECKOUT_RELEASE="${DRILL_BAD_IMAGE##*:}"
exec docker compose --ansi never up --detach --no-deps --no-build --pull never --wait --wait-timeout 60 "$DRILL_SERVICE"
