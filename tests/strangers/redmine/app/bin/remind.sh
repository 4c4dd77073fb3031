#!/bin/sh
while true; do
    bundle exec rake redmine:send_reminders days=7 || true
    sleep 86400
done
