"""Creates and drops the database of one run: `create URL`, `url URL NAME`, `drop URL NAME`."""

import secrets
import sys
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.sql import SQL, Identifier


def run(url, statement, name):
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        connection.execute(SQL(statement).format(Identifier(name)))


def create(url):
    name = f"diptych_interop_{secrets.token_hex(6)}"
    run(url, "CREATE DATABASE {}", name)
    return name


def of(url, name):
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def drop(url, name):
    run(url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


if __name__ == "__main__":
    print({"create": create, "url": of, "drop": drop}[sys.argv[1]](*sys.argv[2:]) or "", end="")
