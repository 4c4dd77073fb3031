#!/bin/sh
# Brings the database to this version, loads the default trackers and roles once, and serves.
set -eu
until SCHEMA=/dev/null bundle exec rake db:migrate; do
    echo "the database is not there yet"
    sleep 2
done
REDMINE_LANG=en bundle exec rake redmine:load_default_data || true # it refuses a second time
rm -f /tmp/puma.pid
exec bundle exec puma --bind tcp://0.0.0.0:3000 --threads 2:8 --pidfile /tmp/puma.pid
