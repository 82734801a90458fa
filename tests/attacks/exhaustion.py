"""Exhaustion: too much, too deep, too slow. The server answers others meanwhile, and gives the memory back."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from table import done, not_done, refused, sound
from target import MODERN

TASKS = {"io.modelcontextprotocol/clientCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}}}


@contextmanager
def within(seconds, wrong="it is slow"):
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds, wrong


def run(table):
    target = table.target
    customer = target.customer(name="Of floods")
    session = target.session()
    host = f"127.0.0.1:{target.port}"
    token = target.bearer()["Authorization"]
    start = target.resident()

    def alive():
        with within(5, "others wait"):
            done(target.send("GET", "/api/invoices?page_size=1", timeout=10))

    def connect():
        """From an address of its own."""
        return socket.create_connection(("127.0.0.1", target.port), 5, (target.address(), 0))

    def attack(name, do, unchanged=True):
        def both():
            do()
            alive()
        table.attack(name, both, unchanged)

    bodies = {
        "lists, deep": b"[" * 500_000, "objects, deep": b'{"a":' * 150_000, "closed, deep": b"[" * 400_000 + b"]" * 400_000, "many members": json.dumps({f"k{n}": n for n in range(60_000)}).encode(),
        "one name many times": b"{" + b",".join(b'"a":1' for _ in range(100_000)) + b"}", "many values": b'{"name":[' + b",".join(b"1" for _ in range(400_000)) + b"]}",
        "a long text": json.dumps({"name": "x" * 900_000, "email": "x@example.com"}).encode(), "a long name": json.dumps({"x" * 900_000: 1}).encode(), "a long number": b'{"name":' + b"9" * 900_000 + b"}",
        "many escapes": b'{"name":"' + b"\\u0041" * 150_000 + b'"}', "much white space": b" " * 900_000 + b"{}", "too long": b'{"name":"' + b"x" * 2_000_000 + b'"}', "an email to backtrack on": json.dumps({"name": "x", "email": "a" * 50_000 + "@" + "a." * 50_000 + "!"}).encode(),
    }  # fmt: skip
    for name, body in bodies.items():
        def sent(body=body):
            call = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"customers.create","arguments":' + body + b"}}"
            with within(15):
                refused(target.send("POST", "/api/customers", body), 400, 413, 422)
                not_done(target.send("POST", "/mcp", body, session.headers()))
                sound(target.send("POST", "/mcp", call, session.headers()))
        attack(f"JSON: {name}", sent)

    def lines():
        line = {"description": "x" * 500, "quantity": 1, "unit_cents": 1}
        refused(target.send("POST", "/api/invoices", {"customer_id": customer, "number": "L", "due_on": "2026-12-31", "lines": [line] * 101}), 422)
        refused(target.send("POST", "/api/invoices", {"customer_id": customer, "number": "L", "due_on": "2026-12-31", "lines": [{"x": 1}] * 30_000}), 400, 413, 422)

    attack("many lines", lines)

    for name, path in {"a long path": "/api/" + "x" * 40_000, "a long query": "/api/invoices?number=" + "x" * 40_000, "a longer one": "/api/invoices?number=" + "x" * 200_000, "many parameters": "/api/invoices?" + "&".join(f"p{n}=1" for n in range(300)),
                       "one parameter many times": "/api/invoices?" + "&".join("status=sent" for _ in range(200)), "many orders": "/api/invoices?" + "&".join("order=created" for _ in range(200)), "many slashes": "/api" + "/" * 4000,
                       "deep JSON in the query": "/api/invoices?status=" + "[" * 4000, "the last page": "/api/invoices?page=10000000&page_size=100", "a page beyond": "/api/invoices?page=10000001", "a page too large": "/api/invoices?page_size=1000000",
                       "a search of wildcards": "/api/search?text=" + "%25a" * 1000, "a filter of wildcards": "/api/invoices?number=" + "%25_" * 1000}.items():  # fmt: skip
        def asked(path=path):
            with within(10):
                reply = sound(target.send("GET", path))
            assert reply.status in (200, 400, 404, 414, 422, 431), reply
        attack(name, asked)

    def patterns():
        for name, arguments in (("invoices.list", {"number": "%" * 60_000}), ("customers.list", {"name": "_" * 60_000}), ("search", {"text": "%_" * 60_000})):
            assert "-32603" not in sound(target.tool(name, arguments)).text, f"a fault: {name}"

    attack("patterns that databases refuse", patterns)

    def heads():
        for many, length in ((90, 100), (95, 2000), (500, 10), (2, 100_000), (5000, 20)):
            head = "".join(f"X-{n}: {'v' * length}\r\n" for n in range(many))
            got = target.raw(f"GET /api/invoices HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n{head}Connection: close\r\n\r\n", wait=3)
            assert not got or int(got.split()[1]) in (200, 400, 431), got[:100]

    attack("many and long header fields", heads)

    def endless():
        with socket.create_connection(("127.0.0.1", target.port)) as connection:
            connection.settimeout(5)
            try:
                connection.sendall(f"GET /api/invoices HTTP/1.1\r\nHost: {host}\r\n".encode())
                # More than the system keeps for a server that has stopped reading.
                for _ in range(30_000):
                    connection.sendall(b"X: " + b"y" * 1000 + b"\r\n")
                raise AssertionError("30 MB of a head were taken")
            except (ConnectionError, TimeoutError):
                pass

    attack("a head without end", endless)

    def slow():
        """300 heads and bodies that come slowly; others are served, and the heads are cut after 5 s."""
        began = time.monotonic()
        connections = []
        for number in range(300):
            connection = connect()
            head = f"POST /api/customers HTTP/1.1\r\nHost: {host}\r\n"
            if number % 2:
                head += f"Authorization: {token}\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{{"
            connection.sendall(head.encode())
            connections.append(connection)
        for _ in range(10):
            alive()
        heads = connections[::2]
        for connection in heads:
            connection.settimeout(max(0.1, began + 20 - time.monotonic()))
            try:
                while connection.recv(1000):
                    pass
            except ConnectionError:
                pass
        for connection in connections:
            connection.close()

    attack("slow heads and bodies", slow)

    def idle():
        connections = [connect() for _ in range(800)]
        alive()
        for connection in connections:
            connection.close()

    attack("idle connections", idle)

    def unread():
        """Answers that nobody reads."""
        asked = f"GET /openapi.json HTTP/1.1\r\nHost: {host}\r\n\r\n".encode() * 100
        connections = []
        for _ in range(50):
            connection = connect()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            connection.settimeout(1)
            try:
                connection.sendall(asked)
            except OSError:
                pass
            connections.append(connection)
        alive()
        assert target.resident() < start + 200, f"{target.resident()} MiB"
        for connection in connections:
            connection.close()

    attack("answers that nobody reads", unread)

    def sessions():
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: target.session("bob"), range(600)))
        # Whoever opens many ends their own.
        done(session.ask("ping"))
        done(target.session("bob").ask("ping"))

    attack("many sessions", sessions)

    def streams():
        """Streams of one session and of many, and subscriptions."""
        connections = []
        for number in range(200):
            connection = socket.create_connection(("127.0.0.1", target.port), 5)
            connection.sendall(f"GET /mcp HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\nAccept: text/event-stream\r\nMcp-Session-Id: {session.id}\r\n\r\n".encode())
            connections.append(connection)
        alive()
        done(session.ask("ping"))
        for number in range(150):
            sound(session.ask("resources/subscribe", {"uri": f"customers://{customer}" if number % 2 else "invoices://list"}))
        ended = 0
        for connection in connections:
            connection.setblocking(False)
            try:
                ended += connection.recv(65536).endswith(b"0\r\n\r\n")
            except BlockingIOError:
                pass
        assert ended >= 196, f"{200 - ended} streams of one session are open"
        not_done(session.ask("resources/subscribe", {"uri": "invoices://list?number=" + "x" * 100_000}))
        for connection in connections:
            connection.close()

    attack("many streams and subscriptions", streams)

    def listeners():
        many = {"notifications": {"resourceSubscriptions": [f"invoices://list?page={n}" for n in range(5000)]}}
        not_done(target.modern("subscriptions/listen", many))
        refused(target.modern("subscriptions/listen", {"notifications": {"resourceSubscriptions": ["x:" + "x" * 300_000]}}), 413)

    attack("a listener of too much", listeners)

    def questions():
        """Calls that ask, with much beside the question, whose client hangs up: each waits for its answer."""
        draft = target.invoice(target.customer("dora"), "dora")["id"]
        own = target.session("dora", capabilities={"elicitation": {}})
        params = {"name": "invoices.delete", "arguments": {"id": draft}, "_meta": {"padding": "x" * 900_000}}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
        fields = own.headers() | target.bearer("dora") | {"Host": host, "Content-Type": "application/json", "Content-Length": len(body)}
        head = "POST /mcp HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"
        before = target.resident()
        for _ in range(300):
            with socket.create_connection(("127.0.0.1", target.port), 5) as connection:
                connection.sendall(head.encode() + body)
                connection.recv(1)
        assert target.resident() < before + 150, f"{before:.0f} MiB before, {target.resident():.0f} MiB now"

    attack("questions that nobody answers", questions, unchanged=False)

    def names():
        """What a client calls its requests is in every message about them."""
        listen = {"notifications": {"resourceSubscriptions": [f"customers://{customer}"]}}
        not_done(target.modern("subscriptions/listen", listen, ident="x" * 900_000))
        not_done(target.modern("tools/list", ident="x" * 900_000))
        not_done(session.ask("ping", ident="x" * 900_000))
        reply = sound(target.tool("invoices.list", {}, meta={"progressToken": "x" * 900_000}))
        assert len(reply.body) < 900_000, "the token comes back"

    attack("a long id, a long token of progress", names)

    def batch():
        old = target.session(version="2025-03-26")
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        not_done(old.post([ping] * 5000))
        not_done(old.post([ping] * 101))
        calls = [{"jsonrpc": "2.0", "id": n, "method": "tools/call", "params": {"name": "reports.export", "arguments": {}}} for n in range(100)]
        answers = sound(old.post(calls)).json()
        assert len(answers) == 100 and {answer["id"] for answer in answers} == set(range(100))

    attack("large batches", batch)

    def tasks():
        replies = [target.tool("reports.export", {}, "dora", meta=TASKS) for _ in range(130)]
        for reply in replies:
            sound(reply)
        done(target.tool("reports.export", {}, "bob", meta=TASKS))

    attack("many tasks", tasks)

    def creates():
        def create(number):
            return target.send("POST", "/api/customers", {"name": "Flood", "email": f"flood{number}@example.com"}).status
        with ThreadPoolExecutor(32) as pool:
            statuses = list(pool.map(create, range(300)))
        assert set(statuses) == {201}, set(statuses)

    attack("parallel creates", creates, unchanged=False)

    def strangers():
        """A thousand addresses with bad tokens."""
        def one(_):
            return target.send("GET", "/api/invoices", None, {"Authorization": "Bearer " + target.stranger.token(header={"kid": str(_)})}, None, target.address()).status
        before = len(target.asked)
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(one, range(1000))) == {401}
        assert len(target.asked) - before <= 4, "each bad token has the keys fetched"

    attack("bad tokens from many addresses", strangers)

    def unknown_keys():
        before = len(target.asked)
        for number in range(100):
            refused(target.send("GET", "/api/invoices", None, {"Authorization": "Bearer " + target.issuer.token(header={"kid": f"unknown-{number}"})}, None, target.address()))
        assert len(target.asked) - before <= 4, "each unknown key has the keys fetched"

    attack("tokens of unknown keys", unknown_keys)

    def versions():
        for number in range(300):
            sound(target.modern("tools/call", {"name": f"tool-{number}" * 50, "arguments": {}}, meta={f"x-{number}": "y" * 1000}, headers={"MCP-Protocol-Version": MODERN}))

    attack("names that are not there", versions)

    def memory():
        assert target.resident() < start + 250, f"{start:.0f} MiB before, {target.resident():.0f} MiB now"

    attack("memory is given back or bounded", memory)
