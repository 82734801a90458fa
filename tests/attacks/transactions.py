"""Transactions: whoever hangs up, races or kills leaves no half of anything."""

import json
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

from table import done, refused, sound


def together(many, do):
    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(do, range(many)))


def run(table):
    target = table.target
    customer = target.customer(name="Of races")
    line = {"description": "Work", "quantity": 1, "unit_cents": 1000}

    def whole():
        """What holds of the data however it came about."""
        checks = {
            "an invoice without lines": "SELECT COUNT(*) FROM invoices i WHERE NOT EXISTS (SELECT 1 FROM invoice_lines l WHERE l.invoice_id = i.id)",
            "an amount that is not that of the lines": "SELECT COUNT(*) FROM invoices i WHERE amount_cents <> (SELECT SUM(quantity * unit_cents) FROM invoice_lines l WHERE l.invoice_id = i.id)",
            "payments that are not what was paid": "SELECT COUNT(*) FROM invoices i WHERE paid_cents <> (SELECT COALESCE(SUM(p.amount_cents), 0) FROM payments p WHERE p.invoice_id = i.id)",
            "more paid than due": "SELECT COUNT(*) FROM invoices WHERE paid_cents > amount_cents",
            "paid, and not": "SELECT COUNT(*) FROM invoices WHERE (status = 'paid') <> (paid_cents = amount_cents)",
            "payments of what is void": "SELECT COUNT(*) FROM invoices WHERE status = 'void' AND paid_cents > 0",
        }
        for name, sql in checks.items():
            assert target.rows(sql)[0][0] == 0, name

    def pay(ident, cents):
        return target.send("POST", f"/api/invoices/{ident}/payments", {"amount_cents": cents})

    def race(name, prepare, each, check, many=12):
        def do():
            ident = prepare()
            replies = together(many, lambda number: sound(each(ident, number)))
            check(ident, [reply.status for reply in replies])
            whole()
        table.attack(name, do, unchanged=False)

    sent = lambda: target.invoice(customer, cents=1000, sent=True)["id"]  # noqa: E731
    draft = lambda: target.invoice(customer, cents=1000)["id"]  # noqa: E731

    def paid_at_most(ident, statuses):
        assert statuses.count(200) <= 3 and set(statuses) <= {200, 409}, statuses

    def one(*good):
        def check(_, statuses):
            assert sum(status in good for status in statuses) == 1 and set(statuses) <= {*good, 409, 404}, statuses
        return check

    race("payments that together exceed", sent, lambda ident, _: pay(ident, 300), paid_at_most)
    race("the whole payment many times", sent, lambda ident, _: pay(ident, 1000), one(200))
    race("payments over REST and MCP", sent, lambda ident, n: pay(ident, 1000) if n % 2 else target.tool("invoices.pay", {"id": ident, "amount_cents": 1000}), lambda *_: None)
    race("void against pay", sent, lambda ident, n: pay(ident, 1000) if n % 2 else target.send("POST", f"/api/invoices/{ident}/void", {}), lambda *_: None)
    race("sending many times", draft, lambda ident, _: target.send("POST", f"/api/invoices/{ident}/send", {}), one(200))
    race("amending against sending", draft, lambda ident, n: target.send("POST", f"/api/invoices/{ident}/send", {}) if n == 3 else
         target.send("PATCH", f"/api/invoices/{ident}", {"lines": [line | {"unit_cents": 100 + n}] * (n + 1)}), lambda *_: None)  # fmt: skip
    race("the same number", lambda: "RACE-1", lambda number, _: target.send("POST", "/api/invoices", {"customer_id": customer, "number": number, "due_on": "2026-12-31", "lines": [line]}), one(201))
    race("the same email", lambda: "race@example.com", lambda email, _: target.send("POST", "/api/customers", {"name": "x", "email": email}), one(201))
    race("the number of another", lambda: None, lambda _, n: target.send("PATCH", f"/api/invoices/{drafts[n]}", {"number": "RACE-2"}), one(200)) if (
        drafts := [draft() for _ in range(12)]) else None

    def cut(path, body, wait):
        """The request is sent whole; its client is gone before the answer."""
        data = json.dumps(body).encode()
        with socket.create_connection(("127.0.0.1", target.port)) as connection:
            connection.sendall(
                f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{target.port}\r\nAuthorization: {target.bearer()['Authorization']}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data
            )
            if wait:
                connection.settimeout(wait / 2000)
                try:
                    connection.recv(1)
                except TimeoutError:
                    pass
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # RST

    def hang_up():
        for number in range(40):
            cut("/api/invoices", {"customer_id": customer, "number": f"CUT-{number}", "due_on": "2026-12-31", "lines": [line] * 50}, number)
        ident = sent()
        for number in range(20):
            cut(f"/api/invoices/{ident}/payments", {"amount_cents": 100}, number)
        done(target.send("GET", "/api/invoices"))
        whole()

    table.attack("clients that hang up", hang_up, unchanged=False)

    def half():
        data = json.dumps({"name": "half", "email": "half@example.com"})
        for length in (len(data) + 1, len(data) + 1000):
            got = target.raw(
                f"POST /api/customers HTTP/1.1\r\nHost: 127.0.0.1:{target.port}\r\nAuthorization: {target.bearer()['Authorization']}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{data}", wait=0.3)  # fmt: skip
            assert b" 201 " not in got, got
        got = target.raw(
            f"POST /api/customers HTTP/1.1\r\nHost: 127.0.0.1:{target.port}\r\nAuthorization: {target.bearer()['Authorization']}\r\n"
            f"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{len(data):x}\r\n{data}\r\n", wait=0.3)  # fmt: skip
        assert b" 201 " not in got, got

    table.attack("a body that is announced and does not end", half)

    def too_late():
        """What fails on the last line leaves nothing of the first ones."""
        bad = [line] * 99 + [line | {"quantity": 0}]
        refused(target.send("POST", "/api/invoices", {"customer_id": customer, "number": "LATE", "due_on": "2026-12-31", "lines": bad}), 422)
        ident = target.rows("SELECT id FROM invoices WHERE number = 'RACE-2'")
        taken = {"number": "RACE-2", "lines": [line | {"unit_cents": 7}]}
        other = next(d for d in drafts if not str(target.send("GET", f"/api/invoices/{d}").json()["number"]) == "RACE-2")
        assert ident
        before = target.send("GET", f"/api/invoices/{other}").body
        refused(target.send("PATCH", f"/api/invoices/{other}", taken), 409)
        assert target.send("GET", f"/api/invoices/{other}").body == before, "half of an amendment was kept"

    table.attack("an amendment that fails after its lines were written", too_late)

    def killed():
        """SIGKILL while many write; what was acknowledged is there, and nothing is torn."""
        acknowledged, stop = [], threading.Event()

        def load(worker):
            number = 0
            while not stop.is_set():
                number += 1
                try:
                    reply = target.send("POST", "/api/invoices", {"customer_id": customer, "number": f"K{worker}-{number}", "due_on": "2026-12-31", "lines": [line] * 20})
                except OSError:
                    return
                except Exception:  # the connection broke in the middle of the answer
                    return
                if reply.status == 201:
                    acknowledged.append(reply.json()["id"])
                    if len(acknowledged) > 60:
                        stop.set()

        workers = [threading.Thread(target=load, args=(worker,)) for worker in range(6)]
        for worker in workers:
            worker.start()
        stop.wait(10)
        target.stop(signal.SIGKILL)
        for worker in workers:
            worker.join()
        target.start()
        whole()
        for ident in acknowledged:
            done(target.send("GET", f"/api/invoices/{ident}"))

    table.attack("SIGKILL during load", killed, unchanged=False)
    table.attack("everything is whole", whole)
