#!/bin/sh
# Makes an empty data directory a database with one account, then serves it.
set -eu
install -d -o mysql -g mysql /run/mysqld
chown mysql: /var/lib/mysql
if [ ! -d /var/lib/mysql/mysql ]; then
    mariadb-install-db --user=mysql --skip-test-db >/dev/null
fi
cat > /run/mysqld/accounts.sql <<SQL
CREATE DATABASE IF NOT EXISTS $MARIADB_DATABASE;
CREATE USER IF NOT EXISTS '$MARIADB_USER'@'%' IDENTIFIED BY '$MARIADB_PASSWORD';
GRANT ALL ON $MARIADB_DATABASE.* TO '$MARIADB_USER'@'%';
SQL
exec mariadbd --user=mysql --init-file=/run/mysqld/accounts.sql
