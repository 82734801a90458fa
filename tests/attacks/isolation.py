"""Isolation: bob and what is ann's. What he is told has to be what he is told of things that never were."""

import json
import re
import threading
import uuid

from table import done, not_done, refused, said, sound

TASKS = {"io.modelcontextprotocol/clientCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}}}
FORMS = {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}}}
STREAM = {"Accept": "text/event-stream"}


def run(table):
    target = table.target
    customer = target.customer(name="Ann owns this", email="hers@example.com")
    draft = target.invoice(customer, number="ANNS-DRAFT")
    sent = target.invoice(customer, number="ANNS-SENT", sent=True)
    target.customer("bob", name="Bob's customer")
    missing = str(uuid.uuid4())
    hers = (customer, draft["id"], sent["id"], "ANNS", "Ann owns", "hers@example.com", "2026-001")

    def tells_nothing(reply, but=()):
        """Sound, and nothing of ann's beyond what was asked with."""
        text = sound(reply).text
        told = [word for word in hers if word in text and word not in but]
        assert not told, f"tells {told}: {reply}"
        return reply

    def same(ask, hers_id):
        """Bob's answer for ann's thing and for one that never was, alike but for the id itself."""
        one, other = (tells_nothing(ask(ident), (ident,)) for ident in (hers_id, missing))
        alike = [(said(reply)[0], said(reply)[1].replace(ident, "ID")) for reply, ident in ((one, hers_id), (other, missing))]
        assert alike[0] == alike[1], f"told apart: {alike}"
        names = [sorted(name.lower() for name, _ in reply.all if name.lower() != "date") for reply in (one, other)]
        assert names[0] == names[1], names
        return one

    line = {"description": "x", "quantity": 1, "unit_cents": 1}
    routes = {
        "get a customer": ("GET", "/api/customers/{}", None, customer),
        "balance of a customer": ("GET", "/api/customers/{}/balance", None, customer),
        "get an invoice": ("GET", "/api/invoices/{}", None, draft["id"]),
        "amend": ("PATCH", "/api/invoices/{}", {"number": "BOBS"}, draft["id"]),
        "amend with lines": ("PATCH", "/api/invoices/{}", {"lines": [line]}, draft["id"]),
        "send": ("POST", "/api/invoices/{}/send", {}, draft["id"]),
        "void": ("POST", "/api/invoices/{}/void", {}, sent["id"]),
        "delete": ("DELETE", "/api/invoices/{}", None, draft["id"]),
        "pay": ("POST", "/api/invoices/{}/payments", {"amount_cents": 1}, sent["id"]),
        "pay too much": ("POST", "/api/invoices/{}/payments", {"amount_cents": 100_000}, sent["id"]),
        "pay a draft": ("POST", "/api/invoices/{}/payments", {"amount_cents": 1}, draft["id"]),
        "payments": ("GET", "/api/invoices/{}/payments", None, sent["id"]),
    }
    for name, (method, path, body, ident) in routes.items():
        table.attack(
            f"REST: {name}",
            lambda m=method, p=path, b=body, i=ident: refused(same(lambda x: target.send(m, p.format(x), b, who="bob"), i), 404),
        )

    tools = {
        "customers.get": ({}, customer), "customers.balance": ({}, customer), "invoices.get": ({}, draft["id"]),
        "invoices.amend": ({"number": "BOBS"}, draft["id"]), "invoices.send": ({}, draft["id"]), "invoices.void": ({}, sent["id"]),
        "invoices.delete": ({}, draft["id"]), "invoices.pay": ({"amount_cents": 1}, sent["id"]), "payments.list": ({}, sent["id"]),
    }  # fmt: skip
    bobs = target.session("bob", capabilities={"elicitation": {}})
    for name, (arguments, ident) in tools.items():
        table.attack(
            f"MCP 2026-07-28: {name}",
            lambda n=name, a=arguments, i=ident: not_done(same(lambda x: target.tool(n, a | {"id": x}, "bob", meta=FORMS), i)),
        )
        table.attack(
            f"MCP 2025-11-25: {name}",
            lambda n=name, a=arguments, i=ident: not_done(same(lambda x: bobs.tool(n, a | {"id": x}), i)),
        )

    for kind, ident in {"invoices": draft["id"], "customers": customer}.items():
        uri = kind + "://{}"
        table.attack(
            f"resource {kind}, 2026-07-28",
            lambda u=uri, i=ident: not_done(same(lambda x: target.modern("resources/read", {"uri": u.format(x)}, "bob"), i)),
        )
        table.attack(
            f"resource {kind}, 2025-11-25",
            lambda u=uri, i=ident: not_done(same(lambda x: bobs.ask("resources/read", {"uri": u.format(x)}), i)),
        )
        table.attack(
            f"resources/subscribe {kind}",
            lambda u=uri, i=ident: not_done(same(lambda x: bobs.ask("resources/subscribe", {"uri": u.format(x)}), i)),
        )

    def creating():
        body = {"number": "BOB-1", "due_on": "2026-12-31", "lines": [line]}
        ask = lambda ident: target.send("POST", "/api/invoices", body | {"customer_id": ident}, who="bob")  # noqa: E731
        refused(same(ask, customer), 409)

    table.attack("an invoice for somebody else's customer", creating)

    def issuing():
        body = {"number": "BOB-1", "due_on": "2026-12-31", "lines": [line]}
        ask = lambda ident: target.send("POST", "/api/issued-invoices", body | {"customer_id": ident}, who="bob")  # noqa: E731
        refused(same(ask, customer), 409)

    table.attack("the same by a chain", issuing)

    def oracle():
        made = target.send("POST", "/api/customers", {"name": "x", "email": "hers@example.com"}, who="bob")
        done(made, 201)
        own = target.send("POST", "/api/invoices", {"customer_id": made.json()["id"], "number": "ANNS-SENT", "due_on": "2026-12-31", "lines": [line]}, who="bob")
        done(own, 201)

    table.attack("uniqueness does not tell what others have", oracle, unchanged=False)

    # Lists.
    lists = {
        "invoices": "/api/invoices?page_size=100", "by customer": f"/api/invoices?customer_id={customer}", "by number": "/api/invoices?number=ANNS-D",
        "by a wildcard": "/api/invoices?number=%25", "customers": "/api/customers?page_size=100", "customers by name": "/api/customers?name=Ann",
        "search": "/api/search?text=ANNS-D", "search for anything": "/api/search?text=%25%25", "overdue": "/api/reports/overdue",
        "overdue as CSV": "/api/reports/overdue.csv", "export": "/api/reports/export.csv", "reminders": "/api/reports/reminders",
        "a page further": "/api/invoices?page=2&page_size=1",
    }  # fmt: skip
    bob_has = ("ANNS", "hers@example.com")  # Bob has made some of the same words above; ids are never his.
    for name, path in lists.items():
        table.attack(f"REST list: {name}", lambda p=path: done(tells_nothing(target.send("GET", p, who="bob"), bob_has)))
    for name in ("invoices.list", "customers.list", "reports.overdue", "reports.reminders", "reports.export"):
        table.attack(f"tool of a list: {name}", lambda n=name: done(tells_nothing(target.tool(n, {}, "bob"), bob_has)))
    for method in ("resources/list", "tools/list", "prompts/list", "resources/templates/list"):
        table.attack(f"{method}", lambda m=method: done(tells_nothing(target.modern(m, {}, "bob"), bob_has)))
    for uri in ("invoices://list", "invoices://list?page_size=100", "reports://overdue.csv"):
        table.attack(f"resource {uri}", lambda u=uri: done(tells_nothing(target.modern("resources/read", {"uri": u}, "bob"), bob_has)))

    def prompt():
        same_words = [target.modern("prompts/get", {"name": "dunning_letter", "arguments": {"number": n}}, "bob") for n in ("2026-002", "NEVER")]
        alike = {said(not_done(tells_nothing(reply)))[1].replace("2026-002", "N").replace("NEVER", "N") for reply in same_words}
        assert len(alike) == 1, alike

    table.attack("a prompt about somebody else's invoice", prompt)

    def completion():
        for value in ("", "2026", "ANNS-S"):
            asked = {"ref": {"type": "ref/prompt", "name": "dunning_letter"}, "argument": {"name": "number", "value": value}}
            for reply in (target.modern("completion/complete", asked, "bob"), bobs.ask("completion/complete", asked)):
                assert "2026-0" not in done(reply).text and "ANNS-DRAFT" not in reply.text, reply

    table.attack("completion", completion)

    # Subjects that look like ann's, and ann of another issuer.
    for name, subject in {"in capitals": "ANN", "with a space": "ann ", "with NUL": "ann\0", "full width": "ａｎｎ", "with a combining mark": "ann\u0301",
                          "SQL": "ann' OR '1'='1", "a wildcard": "%", "with a zero-width space": "ann\u200b", "with scopes": "ann+invoices:read"}.items():  # fmt: skip
        def looks(subject=subject):
            reply = target.send("GET", "/api/invoices?page_size=100", None, target.bearer(subject), None, target.address())
            sound(reply)
            assert reply.status in (401, 422) or (reply.status == 200 and reply.json()["total"] == 0), reply
        table.attack(f"a subject like hers, {name}", looks)

    def other_issuer():
        reply = done(target.send("GET", "/api/invoices?page_size=100", who=target.bearer(issuer=target.partner)))
        tells_nothing(reply)
        refused(target.send("GET", f"/api/invoices/{draft['id']}", who=target.bearer(issuer=target.partner)), 404)
        not_done(target.modern("resources/read", {"uri": f"invoices://{draft['id']}"}, target.bearer(issuer=target.partner)))

    table.attack("the ann of another issuer", other_issuer)

    # Who may only read.
    reader = target.bearer("ann", "invoices:read")
    for name, (method, path, body, ident) in routes.items():
        if method != "GET":
            table.attack(f"a reader: {name}", lambda m=method, p=path, b=body, i=ident: refused(target.send(m, p.format(i), b, who=reader), 403))
    readers = target.session(reader)
    for name, (arguments, ident) in tools.items():
        if name.split(".")[1] in ("amend", "send", "void", "delete", "pay"):
            table.attack(f"a reader, 2026-07-28: {name}", lambda n=name, a=arguments, i=ident: refused(target.tool(n, a | {"id": i}, reader), 403))
            table.attack(f"a reader, 2025-11-25: {name}", lambda n=name, a=arguments, i=ident: refused(readers.tool(n, a | {"id": i}), 403))

    def listed():
        for reply in (target.modern("tools/list", {}, reader), readers.ask("tools/list")):
            names = {tool["name"] for tool in done(reply).json()["result"]["tools"]}
            assert "invoices.list" in names and not names & {"invoices.create", "invoices.pay", "customers.create"}, names

    table.attack("a reader is shown no tool that writes", listed)

    def raised():
        meta = {"scope": "invoices:write", "io.modelcontextprotocol/scopes": ["invoices:write"], "authorization": target.bearer()["Authorization"]}
        refused(target.tool("invoices.send", {"id": draft["id"]}, reader, meta=meta), 403)
        refused(target.send("POST", f"/api/invoices/{draft['id']}/send?scope=invoices:write", {}, {"X-Scope": "invoices:write"}, reader), 403)

    table.attack("a reader who claims more", raised)

    def session_of_reader():
        """A session was opened by a writer; the reader of the same name gets no more by it."""
        refused(target.session("ann").tool("invoices.send", {"id": draft["id"]}, reader), 403)

    table.attack("a reader in a session that a writer opened", session_of_reader)

    # Sessions.
    anns = target.session("ann", capabilities={"elicitation": {}})
    for name, who in {"bob": "bob", "nobody": None, "ann of another issuer": target.bearer(issuer=target.partner)}.items():
        def stolen(who=who):
            for reply in (anns.ask("tools/list", who=who), anns.tool("invoices.list", who=who), anns.ask("ping", who=who)):
                refused(tells_nothing(reply), 404, 401)
            refused(target.send("DELETE", "/mcp", None, anns.headers(), who), 404, 401)
            refused(target.send("GET", "/mcp", None, anns.headers() | STREAM, who), 404, 401)
            refused(target.send("GET", "/mcp", None, anns.headers() | STREAM | {"Last-Event-ID": "1"}, who), 404, 401)
            done(anns.ask("ping"))
        table.attack(f"ann's session, by {name}", stolen)

    def guessed():
        for ident in ("", "1", "0" * 32, str(uuid.uuid4()), anns.id[:-1], anns.id.upper() if anns.id.upper() != anns.id else anns.id + "x",
                      anns.id + " x", "../" + anns.id, "' OR 1=1 --", "x" * 5000):  # fmt: skip
            refused(anns.ask("tools/list", headers={"Mcp-Session-Id": ident}), 400, 404)
        answers = {said(anns.ask("ping", who="bob", headers={"Mcp-Session-Id": i})) for i in (anns.id, str(uuid.uuid4()))}
        assert len(answers) == 1, answers

    table.attack("session ids, guessed", guessed)

    def two_sessions():
        other = target.session("ann")
        got = target.raw(
            f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{target.port}\r\nAuthorization: {target.bearer('bob')['Authorization']}\r\nContent-Type: application/json\r\n"
            f"Accept: application/json, text/event-stream\r\nMcp-Session-Id: {bobs.id}\r\nMcp-Session-Id: {other.id}\r\nContent-Length: 46\r\nConnection: close\r\n\r\n"
            '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
        )
        assert b" 500 " not in got[:20] and got, got[:300]

    table.attack("two session ids", two_sessions)

    # Questions.
    def sealed_state():
        mine = target.invoice(customer)["id"]
        asked = target.tool("invoices.delete", {"id": mine}, meta=FORMS)
        result = done(asked).json()["result"]
        assert result["resultType"] == "input_required", asked
        state, answers = result["requestState"], {key: {"action": "accept", "content": {"sure": True}} for key in result["inputRequests"]}

        def again(name="invoices.delete", ident=mine, who="ann", state=state):
            params = {"name": name, "arguments": {"id": ident}, "requestState": state, "inputResponses": answers}
            return target.modern("tools/call", params, who, meta=FORMS)

        other = target.invoice(customer)["id"]
        before = target.contents()
        changed = ("B" if state[5] != "B" else "C").join((state[:5], state[6:]))
        for reply in (again(who="bob"), again(ident=other), again(name="invoices.send"), again(who=target.bearer(issuer=target.partner)),
                      again(state=changed), again(state=state[:-4]), again(state=""), again(state="null"), again(state=state + "AAAA"),
                      again(state="A" * 200_000)):  # fmt: skip
            assert reply.status < 500, reply
            answer = sound(reply).json()
            accepted = "error" not in answer and not answer["result"].get("isError") and answer["result"].get("resultType") != "input_required"
            assert not accepted, f"was done: {reply}"
        assert target.contents() == before, "the database changed"
        done(again())
        assert "error" in again().json() or again().json()["result"].get("isError"), "the state was good twice"

    table.attack("requestState of another caller, operation, arguments; changed; used twice", sealed_state, unchanged=False)

    def unasked():
        answers = {"sure": {"action": "accept", "content": {"sure": True}}}
        ident = target.invoice(customer)["id"]
        reply = target.modern("tools/call", {"name": "invoices.delete", "arguments": {"id": ident}, "inputResponses": answers}, meta=FORMS)
        sound(reply)
        assert done(target.send("GET", f"/api/invoices/{ident}")).status == 200

    table.attack("an answer to what was not asked", unasked, unchanged=False)

    def answered_by_bob():
        """A question on ann's stream, answered from bob's session, and by bob in hers."""
        ident = target.invoice(customer)["id"]
        got = {}
        own = target.session("ann", capabilities={"elicitation": {}})
        connection = __import__("http.client").client.HTTPConnection("127.0.0.1", target.port, timeout=20)
        body = json.dumps({"jsonrpc": "2.0", "id": 77, "method": "tools/call", "params": {"name": "invoices.delete", "arguments": {"id": ident}}})
        connection.request("POST", "/mcp", body, own.headers() | target.bearer() | {"Content-Type": "application/json"})
        response = connection.getresponse()
        while not got:
            text = response.readline().decode()
            if text.startswith("data:") and "elicitation/create" in text:
                got = json.loads(text[5:])
            assert text, "no question came"
        answer = {"jsonrpc": "2.0", "id": got["id"], "result": {"action": "accept", "content": {"sure": True}}}
        sound(bobs.post(answer))
        refused(own.post(answer, "bob"), 404)
        refused(own.post(answer, None), 404, 401)
        done(target.send("GET", f"/api/invoices/{ident}"))
        sound(own.post({"jsonrpc": "2.0", "id": got["id"], "result": {"action": "decline"}}))
        connection.close()
        done(target.send("GET", f"/api/invoices/{ident}"))

    table.attack("a question that was put to ann, answered by bob", answered_by_bob, unchanged=False)

    # Tasks.
    def tasks():
        made = target.tool("reports.export", {}, meta=TASKS)
        task = done(made).json()["result"]
        ident = task.get("taskId") or task["task"]["taskId"]
        for method in ("tasks/get", "tasks/cancel", "tasks/update"):
            more = {"inputResponses": {}} if method == "tasks/update" else {}
            for who in ("bob", target.bearer(issuer=target.partner)):
                one, other = (target.modern(method, {"taskId": i} | more, who, meta=TASKS) for i in (ident, missing))
                alike = [said(not_done(r))[1].replace(ident, "ID").replace(missing, "ID") for r in (one, other)]
                assert alike[0] == alike[1], alike
        for odd in ("", "1", "' OR 1=1 --", "../x", ident.upper() + "x", "0" * 10_000):
            not_done(target.modern("tasks/get", {"taskId": odd}, meta=TASKS, name=odd if odd.isascii() and odd.strip() and len(odd) < 5000 else "x"))
        for _ in range(100):
            status = done(target.modern("tasks/get", {"taskId": ident}, meta=TASKS)).json()["result"]["status"]
            if status == "completed":
                break
        assert status in ("completed", "working"), status
        listen = target.modern("tasks/list", {}, "bob", meta=TASKS)
        assert ident not in sound(listen).text

    table.attack("tasks of somebody else", tasks)

    def refused_task():
        for name in ("invoices.pay", "invoices.send"):
            refused(target.tool(name, {"id": draft["id"]}, reader, meta=TASKS), 403)
        refused(target.tool("reports.export", {}, target.bearer("ann", "x"), meta=TASKS), 403)

    table.attack("a task without the scope", refused_task)

    # Cursors.
    def cursors():
        for cursor in ("", "1", "AAAA", "eyJwYWdlIjoyfQ==", "-1", "' OR 1=1", "\0", "x" * 100_000, 7, None, {"page": 2}, ["x"]):
            for method in ("tools/list", "resources/list", "prompts/list", "resources/templates/list"):
                for reply in (target.modern(method, {"cursor": cursor}, "bob"), bobs.ask(method, {"cursor": cursor})):
                    tells_nothing(reply, bob_has)
                    answer = reply.json()
                    assert cursor is None or "error" in answer, f"{cursor!r} was taken: {reply}"

    table.attack("cursors, made up", cursors)

    def cursor_of_ann():
        for _ in range(90):
            target.invoice(customer)
        first = done(target.modern("resources/list", {})).json()["result"]
        cursor = first.get("nextCursor")
        assert cursor, first.keys()
        for method, who in (("resources/list", "bob"), ("tools/list", "ann"), ("prompts/list", "ann")):
            tells_nothing(target.modern(method, {"cursor": cursor}, who), bob_has)
        not_done(target.modern("tools/list", {"cursor": cursor}))

    table.attack("a cursor of another caller, of another list", cursor_of_ann, unchanged=False)

    # Listening.
    def listening():
        """Bob listens for ann's invoice; then she changes it."""
        heard, mine = [], target.invoice(customer)["id"]
        wanted = {"notifications": {"resourceSubscriptions": [f"invoices://{mine}", "invoices://*", "invoices://list"]}}
        message = {"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": wanted | {"_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}}}  # fmt: skip
        body = json.dumps(message)
        head = (f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{target.port}\r\nAuthorization: {target.bearer('bob')['Authorization']}\r\n"
                f"Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n"
                f"Mcp-Method: subscriptions/listen\r\nContent-Length: {len(body)}\r\n\r\n{body}")  # fmt: skip
        listener = threading.Thread(target=lambda: heard.append(target.raw(head, wait=1.5)))
        listener.start()
        done(target.send("PATCH", f"/api/invoices/{mine}", {"number": "ANNS-NEW"}))
        listener.join()
        assert heard and b"resources/updated" not in heard[0], heard[0][:500]
        assert not re.search(rb"HTTP/1.1 5", heard[0]), heard[0][:500]

    table.attack("bob listens for what is ann's", listening, unchanged=False)

    # More than a caller may say.
    for name, extra in {"owner": {"owner": "ann"}, "id": {"id": missing}, "status": {"status": "paid"}, "paid_cents": {"paid_cents": 1},
                        "__proto__": {"__proto__": {"owner": "ann"}}, "constructor": {"constructor": {}}, "who": {"who": "ann"},
                        "tx": {"tx": 1}, "subject": {"subject": "ann"}}.items():  # fmt: skip
        def more(extra=extra):
            body = {"name": "x", "email": "more@example.com"} | extra
            refused(target.send("POST", "/api/customers", body), 422)
            not_done(target.tool("customers.create", body))
            refused(target.send("GET", f"/api/invoices?{next(iter(extra))}=ann"), 422) if name not in ("status",) else None
        table.attack(f"a field that is not the caller's to set: {name}", more)
