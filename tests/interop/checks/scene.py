"""What the checks of conversations start from: drafts of their own, and a database that makes a call wait.

As a program, for the clients in other languages, it prints one line: `draft` the id and number of a new draft, `send ID` and
`status ID` what became of it over REST, `locked ID` that it is locked, until the input ends.
"""

import os
import secrets
import sqlite3
import sys
import time
import uuid
from contextlib import contextmanager

import databases
from wire import send

DATABASE = os.environ["DATABASE_URL"]
# How long a call takes at most to be where it waits, and its withdrawal to be heard: seconds.
SETTLED = 0.5


def draft():
    """The id of a new invoice, and its number."""
    customer = {"name": "Grace", "email": f"{secrets.token_hex(6)}@example.com"}
    number = secrets.token_hex(6)
    lines = [{"description": "Work", "quantity": 1, "unit_cents": 100}]
    customer_id = send("POST", "/api/customers", customer).json()["id"]
    new = {"customer_id": customer_id, "number": number, "due_on": "2030-01-01", "lines": lines}
    return send("POST", "/api/invoices", new).json()["id"], number


@contextmanager
def locked(invoice):
    """While it is open, a call that changes the invoice waits, in whichever process it runs."""
    if DATABASE.startswith("sqlite:"):
        connection = sqlite3.connect(DATABASE.removeprefix("sqlite://"), isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
    else:
        connection = databases.connect(DATABASE)
        databases.rows(connection, "START TRANSACTION")
        key = invoice if DATABASE.startswith("postgres") else uuid.UUID(invoice).bytes
        databases.rows(connection, "SELECT id FROM invoices WHERE id = %s FOR UPDATE", [key])
    try:
        yield
    finally:
        connection.rollback()
        connection.close()


def status(invoice):
    """Whether it is still there, and what it is: a status, or 404."""
    reply = send("GET", f"/api/invoices/{invoice}")
    return reply.json()["status"] if reply.status == 200 else reply.status


def sent(invoice):
    """Sends it, over REST."""
    return send("POST", f"/api/invoices/{invoice}/send").json()["status"]


if __name__ == "__main__":
    verb, *of = sys.argv[1:]
    if verb == "locked":
        with locked(*of):
            print("locked", flush=True)
            sys.stdin.read()
        time.sleep(SETTLED)
    elif verb == "draft":
        print(" ".join(draft()))
    else:
        print({"send": sent, "status": status}[verb](*of))
