"""Injection: what is data stays data."""

import json
import time
from urllib.parse import quote

from table import done, not_done, refused, said, sound

SQL = ("'", "''", "' OR '1'='1", "' OR 1=1 --", "'; DROP TABLE customers; --", "1; select pg_sleep(5)", "' UNION select sql FROM sqlite_master --",
       "\\' OR 1=1 --", "') OR ('1'='1", "%' OR '%'='", "$1", "?1", ":name", "\"", "`", "/*", "1 AND randomblob(900000000)", "ａ' OR 1=1",
       "' || (select version()) || '", "CASE WHEN 1=1 THEN 1 ELSE 0 END")  # fmt: skip
ODD = ("\x01", "\x7f", "\u202e", "\ufeff", "\ufffe", "😀", "a\u0300" * 50, "{{7*7}}", "${jndi:ldap://127.0.0.1/x}", "%s%s%n", "{0}", "{name}", "../../etc/passwd",
       "<script>alert(1)</script>", "=1+1", "\r\nSet-Cookie: x=1", "\x1b[31mINJECTED", "\nINJECTED", "null", "[]", "{}", "true", "__proto__")  # fmt: skip


def run(table):
    target = table.target
    customer = target.customer(name="Injected into")
    invoice = target.invoice(customer, number="INJ-1")
    everything = done(target.send("GET", "/api/invoices?page_size=1")).json()["total"]

    def nothing(path):
        began = time.monotonic()
        reply = sound(target.send("GET", path))
        assert time.monotonic() - began < 4, "it slept"
        assert reply.status in (200, 404, 422, 400), reply
        if reply.status == 200:
            answer = reply.json()
            found = answer.get("items", answer.get("hits"))
            assert found == [], f"found something: {reply}"

    filters = {"number": "/api/invoices?number={}", "customer_id": "/api/invoices?customer_id={}", "status": "/api/invoices?status={}",
               "min_amount": "/api/invoices?min_amount={}", "due_before": "/api/invoices?due_before={}", "name": "/api/customers?name={}",
               "email": "/api/customers?email={}", "order": "/api/invoices?order={}", "page": "/api/invoices?page={}", "page_size": "/api/invoices?page_size={}",
               "search": "/api/search?text={}{}", "id in the path": "/api/invoices/{}", "as_of": "/api/reports/overdue?as_of={}",
               "a name of a parameter": "/api/invoices?{}=1", "id of payments": "/api/invoices/{}/payments"}  # fmt: skip
    for name, path in filters.items():
        table.attack(f"SQL in {name}, REST", lambda p=path: [nothing(p.replace("{}", quote(text, safe=""))) for text in SQL])

    arguments = {"number": lambda t: {"number": t}, "order": lambda t: {"order": [t]}, "order as text": lambda t: {"order": t}, "page": lambda t: {"page": t},
                 "customer_id": lambda t: {"customer_id": t}, "status": lambda t: {"status": [t]}, "min_amount": lambda t: {"min_amount": t},
                 "a name": lambda t: {t: 1}}  # fmt: skip
    for name, made in arguments.items():
        def called(made=made):
            for text in SQL:
                answer = sound(target.tool("invoices.list", made(text))).json()
                result = answer.get("result", {"isError": True})
                assert result.get("isError") or result["structuredContent"]["items"] == [], answer
        table.attack(f"SQL in {name}, MCP", called)

    def orders():
        for column in ("owner", "id", "sent_at", "created", "-created,amount", "created; DROP TABLE x", "--created", "- created", "CREATED", "q.id", "1", "(SELECT 1)", ""):
            reply = sound(target.send("GET", f"/api/invoices?order={quote(column)}"))
            assert reply.status == (200 if column == "created" else 422), f"{column}: {reply}"

    table.attack("order by what is not offered", orders)

    def wildcards():
        for text in ("%", "_", "____", "!%", "\\%", "%25", "N%"):
            assert done(target.send("GET", f"/api/invoices?number={quote(text, safe='')}")).json()["total"] == 0, text
            assert done(target.send("GET", f"/api/customers?name={quote(text, safe='')}")).json()["total"] == 0, text
        for text in ("%%", "__", "!!", "%_"):
            assert done(target.send("GET", f"/api/search?text={quote(text, safe='')}")).json()["hits"] == [], text

    table.attack("wildcards mean themselves", wildcards)

    for ident in ("invoices://' OR 1=1 --", "invoices://../../etc/passwd", "invoices://%2e%2e%2f", "file:///etc/passwd", "invoices://", "invoices:// ",
                  "ui://../../../../etc/passwd", "ui://invoices/../../x", "customers://{id}", "invoices://{+path}", "invoices://list?order=owner",
                  "invoices://list?status=' OR 1=1", "http://127.0.0.1:1/", "reports://..%2foverdue.csv", "INVOICES://" + invoice["id"], "x" * 9000,
                  f"invoices://{invoice['id']}\0", f"invoices://{invoice['id']}/../x", f"invoices://{invoice['id']}#x", f"invoices://{invoice['id']}?x=1",
                  "javascript:alert(1)", "data:text/html,x", "jar:file:///x!/", "gopher://127.0.0.1", "\r\nX: y"):  # fmt: skip
        def read(uri=ident):
            name = {} if uri.isascii() and uri.isprintable() and uri == uri.strip() else {"headers": {"Mcp-Name": "=?base64?" + __import__("base64").b64encode(uri.encode()).decode() + "?="}}
            not_done(target.modern("resources/read", {"uri": uri}, **name))
        table.attack(f"resource {ident[:40]!r}", read)

    for path in ("/api/../../../etc/passwd", "/api/..%2f..%2f..%2fetc%2fpasswd", "/api/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/invoices.db", "/.diptych/issuer.json",
                 "/.git/config", "/.env", "/api/invoices/..%5c..%5cwin.ini", "/api/invoices/%00", "/api/invoices/%ff%fe", "/api/invoices/%c0%ae%c0%ae", "/api/invoices;x=1",
                 "/api//invoices", "/api/invoices/", "/api/./invoices", "/API/INVOICES", "/api/invoices%3fpage=1", "/api/invoices/%", "/api/invoices/%zz",
                 "/api/customers/../invoices", "/mcp/../api/invoices", "/mcp/", "/mcp/admin", "/openapi.json/..", "/metrics", "/debug", "/health/../api", "/console"):  # fmt: skip
        def walked(path=path):
            reply = sound(target.send("GET", path))
            assert reply.status in (400, 401, 403, 404, 405, 422) and "root:" not in reply.text, reply
        table.attack(f"path {path}", walked)

    # Values are stored and come back as they are, as JSON, and nothing runs.
    def stored():
        for position, text in enumerate(SQL + ODD):
            made = target.send("POST", "/api/customers", {"name": text, "email": f"odd{position}@example.com"})
            sound(made)
            if made.status == 201:
                got = done(target.send("GET", made.headers["location"]))
                assert got.json()["name"] == text, (text, got)
                assert got.headers["content-type"] == "application/json" and got.headers["x-content-type-options"] == "nosniff", got.all
                assert "default-src 'none'" in got.headers["content-security-policy"] and got.headers["cache-control"] == "no-store", got.all
                assert "set-cookie" not in got.headers and "set-cookie" not in made.headers
            else:
                assert made.status == 422, made
        assert done(target.send("GET", "/api/customers?page_size=1")).json()["total"] > 30

    table.attack("odd texts are stored as they are", stored, unchanged=False)

    def null_bytes():
        for reply in (
            target.send("POST", "/api/customers", {"name": "a\0b", "email": "nul@example.com"}),
            target.tool("customers.create", {"name": "a\0b", "email": "nul2@example.com"}),
            target.send("GET", "/api/invoices?number=%00"), target.send("GET", "/api/customers?name=a%00b"), target.send("GET", "/api/search?text=%00%00"),
            target.tool("search", {"text": "\0\0\0"}), target.send("GET", "/api/customers?email=%00"),
            target.modern("prompts/get", {"name": "dunning_letter", "arguments": {"number": "\0"}}),
            target.send("PATCH", f"/api/invoices/{invoice['id']}", {"number": "\0"}),
        ):  # fmt: skip
            sound(reply)
            assert "U+0000" in reply.text, f"not refused for what it is: {reply}"
        # What begins with it is nothing.
        reply = done(target.modern("completion/complete", {"ref": {"type": "ref/prompt", "name": "dunning_letter"}, "argument": {"name": "number", "value": "\0"}}))
        assert reply.json()["result"]["completion"]["values"] == [], reply

    table.attack("NUL in texts", null_bytes, unchanged=False)

    def dates():
        for date in ("-262143-01-01", "+262142-12-31", "-4713-01-01", "0000-01-01", "-0001-12-31", "9999-12-31", "+10000-01-01", "99999-01-01", "2026-02-30", "infinity",
                     "now", "0001-01-01 BC", "2026-1-1", "20260101", "2026-01-01T00:00:00Z", "٢٠٢٦-٠١-٠١"):  # fmt: skip
            for reply in (
                target.send("GET", f"/api/invoices?due_before={quote(date)}"), target.send("GET", f"/api/reports/overdue?as_of={quote(date)}"),
                target.send("GET", f"/api/reports/reminders?as_of={quote(date)}"), target.tool("reports.overdue", {"as_of": date}),
                target.send("PATCH", f"/api/invoices/{invoice['id']}", {"due_on": date}),
            ):  # fmt: skip
                sound(reply)
                assert "-32603" not in reply.text, f"a fault: {date}: {reply}"
            sound(target.send("GET", f"/api/invoices/{invoice['id']}"))
            done(target.send("GET", "/api/invoices?order=due&page_size=100"))
            done(target.send("GET", "/api/reports/export.csv"))

    table.attack("dates at the end of the world", dates, unchanged=False)

    def numbers():
        for value in (2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 1e30, 1.5, 1e2, -1, 0, "1e5", "0x10", " 1", "+1", "١", "1_000", "NaN", "Infinity", "-0"):
            for reply in (
                target.send("GET", f"/api/invoices?min_amount={quote(str(value))}"), target.send("GET", f"/api/invoices?page={quote(str(value))}"),
                target.send("GET", f"/api/invoices?page_size={quote(str(value))}"), target.tool("invoices.list", {"max_amount": value}),
                target.tool("invoices.list", {"page": value}), target.tool("invoices.pay", {"id": invoice["id"], "amount_cents": value}),
                target.send("POST", f"/api/invoices/{invoice['id']}/payments", {"amount_cents": value}),
            ):  # fmt: skip
                sound(reply)
                assert "-32603" not in reply.text, f"a fault: {value}: {reply}"
        most = {"description": "x", "quantity": 10_000, "unit_cents": 1_000_000_000}
        body = {"customer_id": customer, "number": "MOST", "due_on": "2026-12-31", "lines": [most] * 100}
        refused(target.send("POST", "/api/invoices", body), 409)

    table.attack("numbers that overflow", numbers)

    def coerced():
        for body in ({"name": ["x"], "email": "a@example.com"}, {"name": {"$ne": 1}, "email": "a@example.com"}, {"name": 1, "email": "a@example.com"}, {"name": True, "email": "a@b.c"},
                     {"name": None, "email": "a@example.com"}, [], "x", 1, None, {"0": "name"}, {"name": "x", "email": "a@example.com\r\nBcc: all@example.com"},
                     {"name": "x", "email": "x@" + "a" * 10_000}, {"name": "x" * 201, "email": "a@example.com"}):  # fmt: skip
            refused(target.send("POST", "/api/customers", body), 422, 400)
        line = {"description": "x", "quantity": 1, "unit_cents": 1}
        for lines in (json.dumps([line]), {"0": line}, [[line]], [json.dumps(line)], [], [line | {"quantity": "1"}], [line | {"quantity": 1.5}], [line | {"unit_cents": True}], [None]):
            refused(target.send("POST", "/api/invoices", {"customer_id": customer, "number": "COERCE", "due_on": "2026-12-31", "lines": lines}), 422)

    table.attack("other types than declared, REST", coerced)

    def models():
        """Text for JSON is meant over MCP, and checked like what it stands for."""
        deep = "[" * 5000
        for lines in ('[{"description":"x","quantity":0,"unit_cents":1}]', '[{"description":"x","quantity":1,"unit_cents":1,"unit_cents":2}]', deep, '[{"x":1}]', "[" * 60 + "]" * 60,
                      "__proto__", '{"__proto__":{}}', '"[1]"'):  # fmt: skip
            not_done(target.tool("invoices.create", {"customer_id": customer, "number": "MODEL", "due_on": "2026-12-31", "lines": lines}))

    table.attack("JSON within a text, MCP", models)

    def headers():
        for path in ("/api/invoices/%0d%0aSet-Cookie:%20x=1", "/api/invoices?order=%0d%0aX-Evil:1", "/api/search?text=%0d%0aX-Evil:%201", "/x%0d%0aX-Evil:1"):
            reply = sound(target.send("GET", path))
            assert not {"set-cookie", "x-evil"} & set(reply.headers), reply.all
        for value in ("https://evil.example", "null", "http://127.0.0.1:1@evil.example"):
            reply = sound(target.send("GET", "/api/invoices", None, {"Origin": value}))
            assert value not in str(reply.all), reply.all

    table.attack("nothing of a request becomes a header", headers)

    def traced():
        for trace in ("00-" + "a" * 32 + "-" + "b" * 16 + "-01\r", "00-INJECTED", "x" * 5000, "00-" + "0" * 32 + "-" + "0" * 16 + "-00"):
            sound(target.send("GET", "/api/invoices", None, {"traceparent": trace.strip(), "tracestate": "INJECTED=1", "baggage": "a=INJECTED"}))
            done(target.tool("invoices.list", {}, meta={"traceparent": trace, "tracestate": "\nINJECTED", "baggage": "INJECTED"}))

    table.attack("trace context", traced)

    def table_cells():
        """What is in a cell stays in that cell, and is no formula to a spreadsheet."""
        own = target.bearer("carol")
        mine = target.customer(own, name="=HYPERLINK(\"http://evil.example\"),\"\r\nforged,1,1,2020-01-01")
        target.invoice(mine, own, number="A,paid,2020-01-01,1,1\r\nB", sent=True)
        target.invoice(mine, own, number="=1+1", sent=True)
        target.invoice(mine, own, number='"quoted"', sent=True)
        import csv, io  # noqa: E401

        overdue = target.send("GET", "/api/reports/overdue.csv", who=own)
        export = target.send("GET", "/api/reports/export.csv", who=own)
        for reply, rows, width in ((overdue, 2, 4), (export, 4, 5)):
            done(reply)
            read = list(csv.reader(io.StringIO(reply.text, newline="")))
            assert len(read) == rows and all(len(row) == width for row in read), read
            assert not [cell for row in read for cell in row if cell[:1] in tuple("=+-@\t\r")], read
            assert reply.headers["content-type"].startswith("text/csv") and reply.headers["x-content-type-options"] == "nosniff"

    table.attack("cells of CSV", table_cells, unchanged=False)

    def repeated():
        """Values that were wrong are not repeated."""
        secret = "hunter2-INJECTED-secret"
        for reply in (
            target.send("POST", "/api/customers", {"name": "x", "email": secret}), target.send("GET", f"/api/invoices?page={secret}"),
            target.send("GET", f"/api/invoices?customer_id={secret}"), target.tool("invoices.get", {"id": secret}), target.send("GET", f"/api/invoices/{secret}"),
            target.send("POST", "/api/customers", f'{{"name": {secret}'.encode()), target.tool("invoices.list", {"status": [secret]}),
        ):  # fmt: skip
            assert secret not in not_done(reply).text, reply

    table.attack("wrong values are not repeated", repeated)

    def unchanged():
        assert done(target.send("GET", "/api/invoices?page_size=1")).json()["total"] == everything
        assert said(target.send("GET", f"/api/customers/{customer}"))[0] == 200

    table.attack("all is still there", unchanged)
