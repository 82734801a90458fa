"""Creates and drops the database of one run: `create URL`, `url URL NAME`, `drop URL NAME`."""

import secrets
import sys
from urllib.parse import unquote, urlsplit, urlunsplit


def connect(url):
    """A connection that commits each statement, to PostgreSQL or to MySQL and MariaDB."""
    if url.startswith("postgres"):
        import psycopg

        return psycopg.connect(url, autocommit=True, connect_timeout=10)
    import pymysql

    server = urlsplit(url)
    return pymysql.connect(
        host=server.hostname,
        port=server.port or 3306,
        user=unquote(server.username or "root"),
        password=unquote(server.password or ""),
        database=server.path.strip("/") or None,
        autocommit=True,
        connect_timeout=10,
    )


def rows(connection, sql, values=None):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []


def run(url, sql):
    connection = connect(url)
    try:
        rows(connection, sql)
    finally:
        connection.close()


def create(url):
    name = f"diptych_interop_{secrets.token_hex(6)}"
    more = "" if url.startswith("postgres") else " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    run(url, f"CREATE DATABASE {name}{more}")
    return name


def of(url, name):
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def drop(url, name):
    run(url, f"DROP DATABASE IF EXISTS {name}" + (" WITH (FORCE)" if url.startswith("postgres") else ""))


if __name__ == "__main__":
    print({"create": create, "url": of, "drop": drop}[sys.argv[1]](*sys.argv[2:]) or "", end="")
