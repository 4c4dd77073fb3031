#!/bin/sh
# Waits for the database, installs the blog if it is new, then serves it.
set -eu
until php -r 'require "/etc/wordpress/config-default.php"; mysqli_report(MYSQLI_REPORT_OFF);
              exit(@mysqli_connect(DB_HOST, DB_USER, DB_PASSWORD, DB_NAME) ? 0 : 1);'; do
    sleep 1
done
php /usr/local/share/install.php
chown -R www-data: /var/lib/wordpress/wp-content/uploads
exec apache2ctl -DFOREGROUND
