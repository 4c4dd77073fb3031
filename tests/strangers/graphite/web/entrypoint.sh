#!/bin/sh
set -eu
graphite-manage migrate --run-syncdb --noinput
exec gunicorn --chdir /srv --bind 0.0.0.0:8080 --workers 2 --threads 4 --access-logfile - office:application
