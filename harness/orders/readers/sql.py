"""Rows of a SELECT, by psql, mariadb or mysql in the database's own container, inside a transaction that can write nothing.

The login is what the drill declares, else what the container's environment says (the names that the usual images read, also
those of files), else what another service's URL says. Whichever client is there and can connect is used: over TCP first, then
over the socket, where images trust their own user.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any, BinaryIO

from harness.drill.readers import SqlReader
from harness.errors import NotApplied, NotThere
from harness.orders.readers.logins import FIRST, url_login
from harness.orders.readers.rows import Row, columns_of, whole
from harness.orders.readers.said import last, objects
from harness.world.handles import Reach

SCHEMES = ("postgres", "postgresql", "mysql", "mariadb")
RESERVED = re.compile(r"ERROR 1064 .* near 'key\b", re.IGNORECASE)
MISSING = re.compile(r"relation .* does not exist|ERROR 1146 ")
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
ASK = (
    FIRST
    + r"""
limit_s=$1 most=$2 query=$3
postgres() {
    PGUSER=$(first "$DRILL_USER" "$POSTGRES_USER" "$POSTGRESQL_USERNAME" "$(held "$POSTGRES_USER_FILE")" "$PGUSER" "$DRILL_URL_USER" postgres)
    PGPASSWORD=$(first "$DRILL_PASSWORD" "$POSTGRES_PASSWORD" "$POSTGRESQL_PASSWORD" "$(held "$POSTGRES_PASSWORD_FILE")" "$PGPASSWORD" "$DRILL_URL_PASSWORD")
    PGDATABASE=$(first "$DRILL_DATABASE" "$POSTGRES_DB" "$POSTGRESQL_DATABASE" "$(held "$POSTGRES_DB_FILE")" "$PGDATABASE" "$DRILL_URL_DATABASE" "$PGUSER")
    PGOPTIONS="-c statement_timeout=${limit_s}s"
    PGCONNECT_TIMEOUT=5
    export PGUSER PGPASSWORD PGDATABASE PGOPTIONS PGCONNECT_TIMEOUT
    psql -qtAXw -v ON_ERROR_STOP=1 -v FETCH_COUNT=1000 "$@" -c 'BEGIN READ ONLY' \
        -c "SELECT row_to_json(drill_row) FROM ($query
) AS drill_row LIMIT $most"
}
mysql_or_mariadb() {
    user=$(first "$DRILL_USER" "$MARIADB_USER" "$MYSQL_USER" "$(held "$MARIADB_USER_FILE")" "$(held "$MYSQL_USER_FILE")" "$DRILL_URL_USER" root)
    MYSQL_PWD=$(first "$DRILL_PASSWORD" "$MARIADB_PASSWORD" "$MYSQL_PASSWORD" "$(held "$MARIADB_PASSWORD_FILE")" "$(held "$MYSQL_PASSWORD_FILE")" "$DRILL_URL_PASSWORD")
    if [ "$user" = root ]; then
        MYSQL_PWD=$(first "$DRILL_PASSWORD" "$MARIADB_ROOT_PASSWORD" "$MYSQL_ROOT_PASSWORD" "$(held "$MARIADB_ROOT_PASSWORD_FILE")" "$(held "$MYSQL_ROOT_PASSWORD_FILE")")
    fi
    if [ -n "$MYSQL_PWD" ]; then export MYSQL_PWD; else unset MYSQL_PWD; fi
    database=$(first "$DRILL_DATABASE" "$MARIADB_DATABASE" "$MYSQL_DATABASE" "$(held "$MARIADB_DATABASE_FILE")" "$(held "$MYSQL_DATABASE_FILE")" "$DRILL_URL_DATABASE")
    limits="SET SESSION sql_select_limit=$most /*M!100101 , max_statement_time=$limit_s */ /*!50708 , max_execution_time=${limit_s}000 */"
    "$client" --user="$user" --xml --quick --connect-timeout=5 --default-character-set=utf8mb4 "$@" \
        -e "$limits; START TRANSACTION READ ONLY; $query" ${database:+"$database"}
}
exec 3>&1
code= answered= said=
if command -v psql >/dev/null; then
    for host in '-h 127.0.0.1' ''; do
        said=$(postgres $host 2>&1 >&3)
        code=$?
        [ $code -eq 2 ] || { echo "$said" >&2; exit $code; } # 2: it could not connect
        case $said in *FATAL*) answered=$said ;; esac # but a server was there, and refused
    done
    [ -z "$answered" ] || { echo "$answered" >&2; exit $code; }
fi
client=$(command -v mariadb || command -v mysql) || {
    [ -n "$code" ] || said='there is no psql, mariadb or mysql in the container'
    echo "$said" >&2
    exit ${code:-127}
}
said=$(mysql_or_mariadb 2>&1 >&3) && exit
case $said in *'(2002)'*|*'ERROR 2002'*|*'ERROR 1045'*|*'ERROR 1698'*) mysql_or_mariadb --host=127.0.0.1 --protocol=tcp; exit ;; esac
echo "$said" >&2
exit 1
"""
)


def rows(reader: SqlReader, reach: Reach, most_rows: int, most_bytes: int, everything: bool) -> Iterator[Row]:
    """Raises NotApplied with the client's own words."""
    spare = url_login(reach.services, reader.service, SCHEMES)
    told = {
        "DRILL_USER": reader.user,
        "DRILL_PASSWORD": reader.password,
        "DRILL_DATABASE": reader.database,
        "DRILL_URL_USER": spare.user,
        "DRILL_URL_PASSWORD": spare.password,
        "DRILL_URL_DATABASE": spare.path.partition("?")[0],
    }
    query = reader.query.strip().rstrip(";").rstrip()
    command = ("sh", "-c", ASK, "drill", f"{max(1, round(reader.timeout_s))}", f"{most_rows + 1}", query)
    said = reach.inside(reader.service, command, told, reader.timeout_s, most_bytes)
    if said.code:
        why = last(said)
        hint = "; key is a reserved word there: write AS `key`" if RESERVED.search(why) else ""
        wrong = NotThere if MISSING.search(why) else NotApplied
        raise wrong(f"the query at {reader.service} failed: {why}{hint}")
    begins = said.out.read(1)
    said.out.seek(0)
    if everything:
        listed = _of_xml(said.out) if begins == b"<" else objects(said, "the query")
        yield from (whole(row, {}) for row in listed)
    elif begins == b"<":
        yield from (columns_of(row, numbers_as_text=True) for row in _of_xml(said.out))
    else:
        yield from (columns_of(row) for row in objects(said, "the query"))


def _of_xml(out: BinaryIO) -> Iterator[dict[str, Any]]:
    """The rows of the clients' --xml."""
    try:
        for _, element in ET.iterparse(out):
            if element.tag == "row":
                yield {
                    str(field.get("name")): None if field.get(NIL) == "true" else field.text or "" for field in element
                }
                element.clear()
    except ET.ParseError as error:
        raise NotApplied(f"a value in the query's answer cannot be read: {error}") from error
