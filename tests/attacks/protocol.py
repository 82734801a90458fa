"""Protocol confusion: messages, headers and connections that two readers could read in two ways."""

import gzip
import json
import uuid

from table import done, not_done, refused, sound
from target import MODERN, OLD

ACCEPT = {"Accept": "application/json, text/event-stream"}
META = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}


def run(table):
    target = table.target
    customer = target.customer(name="Of the protocol")
    draft = target.invoice(customer)
    old = target.session()
    token = target.bearer()["Authorization"]
    host = f"127.0.0.1:{target.port}"

    def post(message, headers=None, who="ann"):
        return target.send("POST", "/mcp", message, ACCEPT | (headers or {}), who)

    def call(name="invoices.send", arguments=None, **more):
        return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments or {"id": draft["id"]}} | more}

    modern = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": "invoices.send"}

    # Which era.
    eras = {
        "new _meta, no headers": (call(_meta=META), {}),
        "new _meta, session of old": (call(_meta=META), {"Mcp-Session-Id": old.id}),
        "new _meta, version header of old": (call(_meta=META), modern | {"MCP-Protocol-Version": OLD}),
        "new _meta, Mcp-Method of another": (call(_meta=META), modern | {"Mcp-Method": "tools/list"}),
        "new _meta, Mcp-Name of another": (call(_meta=META), modern | {"Mcp-Name": "invoices.list"}),
        "new _meta, Mcp-Name missing": (call(_meta=META), {k: v for k, v in modern.items() if k != "Mcp-Name"}),
        "new _meta, Mcp-Method missing": (call(_meta=META), {k: v for k, v in modern.items() if k != "Mcp-Method"}),
        "new _meta, Mcp-Name empty": (call(_meta=META), modern | {"Mcp-Name": ""}),
        "new _meta, Mcp-Name in capitals": (call(_meta=META), modern | {"Mcp-Name": "INVOICES.SEND"}),
        "new _meta, Mcp-Name encoded, of another": (call(_meta=META), modern | {"Mcp-Name": "=?base64?aW52b2ljZXMubGlzdA==?="}),
        "new _meta, Mcp-Name badly encoded": (call(_meta=META), modern | {"Mcp-Name": "=?base64?!!!?="}),
        "new headers, no _meta": (call(), modern),
        "new headers, session of old": (call(), modern | {"Mcp-Session-Id": old.id}),
        "no era at all": (call(), {}),
        "_meta of a version that is not served": (call(_meta=META | {"io.modelcontextprotocol/protocolVersion": "2099-01-01"}), modern | {"MCP-Protocol-Version": "2099-01-01"}),
        "_meta of an old version": (call(_meta=META | {"io.modelcontextprotocol/protocolVersion": OLD}), modern | {"MCP-Protocol-Version": OLD}),
        "_meta with a number for a version": (call(_meta=META | {"io.modelcontextprotocol/protocolVersion": 2026}), modern),
        "_meta a list": (call(_meta=[META]), modern),
        "_meta a text": (call(_meta=json.dumps(META)), modern),
        "_meta without capabilities": (call(_meta={"io.modelcontextprotocol/protocolVersion": MODERN}), modern),
        "capabilities a text": (call(_meta=META | {"io.modelcontextprotocol/clientCapabilities": "all"}), modern),
        "params a list": ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": ["invoices.send", {"id": draft["id"]}]}, modern),
        "arguments a list": (call(_meta=META) | {"params": {"name": "invoices.send", "arguments": [draft["id"]], "_meta": META}}, modern),
        "arguments as text": (call(_meta=META) | {"params": {"name": "invoices.send", "arguments": "x", "_meta": META}}, modern),
        "name a list": (call(_meta=META) | {"params": {"name": ["invoices.send"], "arguments": {"id": draft["id"]}, "_meta": META}}, modern),
        "a session id that is not there": (call(), {"Mcp-Session-Id": str(uuid.uuid4())}),
        "a version that is not of the session": (call(), {"Mcp-Session-Id": old.id, "MCP-Protocol-Version": "1999-01-01"}),
    }
    for name, (message, headers) in eras.items():
        table.attack(f"era: {name}", lambda m=message, h=headers: not_done(post(m, h)))

    def twice(header, first, second):
        body = json.dumps(call(_meta=META))
        said = "".join(f"{name}: {value}\r\n" for name, value in modern.items() if name != header)
        got = target.raw(
            f"POST /mcp HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n{said}"
            f"{header}: {first}\r\n{header}: {second}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
        )
        status = int(got.split()[1])
        assert status in (400, 403, 404, 200) and (status != 200 or b'"error"' in got or b'"isError":true' in got), got[:400]

    for header, good, bad in (("Mcp-Name", "invoices.send", "invoices.list"), ("Mcp-Method", "tools/call", "tools/list"), ("MCP-Protocol-Version", MODERN, OLD)):
        table.attack(f"{header} twice, good and bad", lambda h=header, g=good, b=bad: twice(h, g, b))
        table.attack(f"{header} twice, bad and good", lambda h=header, g=good, b=bad: twice(h, b, g))

    # What is a message.
    send = json.dumps(call())
    messages = {
        "jsonrpc 1.0": call() | {"jsonrpc": "1.0"}, "jsonrpc a number": call() | {"jsonrpc": 2.0}, "jsonrpc missing": {k: v for k, v in call().items() if k != "jsonrpc"},
        "id null": call() | {"id": None}, "id an object": call() | {"id": {}}, "id a list": call() | {"id": [1]}, "id true": call() | {"id": True}, "id a fraction": call() | {"id": 1.5},
        "method a number": call() | {"method": 1}, "method null": call() | {"method": None}, "method missing": {k: v for k, v in call().items() if k != "method"},
        "method in capitals": call() | {"method": "TOOLS/CALL"}, "method with a slash more": call() | {"method": "tools//call"}, "method with NUL": call() | {"method": "tools/call\0"},
        "method rpc.discover": call() | {"method": "rpc.discover"}, "method __proto__": call() | {"method": "__proto__"},
        "a request and a response": call() | {"result": {}}, "a request and an error": call() | {"error": {"code": 1, "message": "x"}},
        "a notification of a call": {k: v for k, v in call().items() if k != "id"}, "a notification with an id": {"jsonrpc": "2.0", "id": 1, "method": "notifications/initialized"},
        "a text": "tools/call", "a number": 1, "null": None, "true": True, "an empty object": {}, "an empty list": [], "a list of lists": [[call()]], "a batch, where there is none": [call()],
        "a batch of junk": [1, None, "x", {}], "a response to nothing": {"jsonrpc": "2.0", "id": 99, "result": {"action": "accept", "content": {"sure": True}}},
        "an error to nothing": {"jsonrpc": "2.0", "id": 99, "error": {"code": -1, "message": "x"}},
        "method twice": (send[:-1] + ', "method": "ping"}').encode(), "params twice": (send[:-1] + ', "params": {}}').encode(), "id twice": (send[:-1] + ', "id": 2}').encode(),
        "an argument twice": send.replace('"id": "', '"id": "x", "id": "').encode(), "an argument twice where nothing is called": send.replace('"id": "', '"id": "x", "id": "').replace("tools/call", "tools/list").encode(), "an argument twice, once escaped": send.replace('"id": "', '"\\u0069d": "x", "id": "').encode(),
        "cut off": send[:-5].encode(), "with a tail": (send + "{}").encode(), "two messages": (send + "\n" + send).encode(), "with a comment": (send[:-1] + "/* x */}").encode(),
        "with a comma too many": (send[:-1] + ",}").encode(), "with a byte order mark": b"\xef\xbb\xbf" + send.encode(), "UTF-16": send.encode("utf-16"), "UTF-32": send.encode("utf-32"),
        "UTF-7": b"+AHsAfQ-", "not UTF-8": send.replace("invoices.send", "invoices.send\xff").encode("latin-1"), "half a surrogate pair": send.replace("tools/call", "tools/call\\ud800").encode(),
        "single quotes": send.replace('"', "'").encode(), "NaN": send.replace('"id": 1', '"id": NaN').encode(), "a control character": send.replace("tools/call", "tools/\x01call").encode(),
        "empty": b"", "blank": b"   \r\n", "NUL": b"\0", "form": b"jsonrpc=2.0&method=tools/call",
    }  # fmt: skip
    for name, message in messages.items():
        def sent(message=message):
            for headers in (old.headers(), modern):
                reply = sound(post(message, headers))
                assert reply.status in (200, 202, 400, 404, 415, 413), reply
                if reply.status == 200:
                    answer = reply.json()
                    answers = answer if isinstance(answer, list) else [answer]
                    assert all("error" in one or one["result"].get("isError") for one in answers), f"was done: {reply}"
        table.attack(f"message: {name}", sent)

    def ids():
        for ident in ("", "x" * 10_000, 0, -1, 2**53, 2**63, 2**64, 10**40, "1", "\u2028", "<script>"):
            reply = sound(old.ask("ping", ident=ident))
            assert reply.status in (200, 400) and (reply.status == 400 or reply.json()["id"] == ident), reply
            reply = sound(target.modern("tools/list", {}, ident=ident))
            assert reply.status in (200, 400) and (reply.status == 400 or reply.json()["id"] == ident), reply

    table.attack("odd ids are repeated exactly or refused", ids)

    for method in ("initialize", "ping", "logging/setLevel", "resources/subscribe"):
        def of_old(method=method):
            params = {"protocolVersion": OLD, "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}} if method == "initialize" else {"level": "info", "uri": "reports://overdue.csv"}
            reply = not_done(target.modern(method, params))
            assert "mcp-session-id" not in reply.headers, reply.all
        table.attack(f"{method} in the new era", of_old)
    for method in ("subscriptions/listen", "server/discover", "tasks/get", "tasks/list", "tasks/result", "roots/list", "sampling/createMessage", "elicitation/create"):
        table.attack(f"{method} in the old era", lambda m=method: not_done(old.ask(m, {"taskId": "x"})))

    def initialized_twice():
        asked = {"protocolVersion": OLD, "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
        sound(old.ask("initialize", asked, ident=5))
        done(old.ask("ping"))

    table.attack("initialize in a session", initialized_twice)

    for name, params in {"nothing": None, "a list": [], "no version": {"capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}, "a version of the future": {"protocolVersion": "2099-01-01", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}},
                         "the new version": {"protocolVersion": MODERN, "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}, "capabilities null": {"protocolVersion": OLD, "capabilities": None, "clientInfo": None},
                         "a name of 100 KB": {"protocolVersion": OLD, "capabilities": {}, "clientInfo": {"name": "x" * 100_000, "version": "1"}}}.items():  # fmt: skip
        def initialize(params=params):
            reply = sound(post({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}))
            assert reply.status in (200, 400), reply
            if reply.status == 200 and "result" in reply.json():
                assert reply.json()["result"]["protocolVersion"] != MODERN, reply
        table.attack(f"initialize with {name}", initialize)

    # Content.
    for name, headers in {"text/plain": {"Content-Type": "text/plain"}, "a form": {"Content-Type": "application/x-www-form-urlencoded"}, "multipart": {"Content-Type": "multipart/form-data; boundary=x"},
                          "nothing": {"Content-Type": ""}, "XML": {"Content-Type": "application/xml"}, "two types": {"Content-Type": "application/json, text/plain"}, "a patch": {"Content-Type": "application/json-patch+json"},
                          "gzip": {"Content-Encoding": "gzip", "Content-Type": "application/json"}, "an unknown encoding": {"Content-Encoding": "x", "Content-Type": "application/json"},
                          "two encodings": {"Content-Encoding": "gzip, gzip", "Content-Type": "application/json"}}.items():  # fmt: skip
        def typed(headers=headers):
            body = json.dumps({"name": "typed", "email": "typed@example.com"}).encode()
            body = gzip.compress(body) if "gzip" in headers.get("Content-Encoding", "") else body
            refused(target.send("POST", "/api/customers", body, headers), 400, 415)
            refused(post(body, old.headers() | headers), 400, 415)
        table.attack(f"a body of {name}", typed)

    def bomb():
        bomb = gzip.compress(b'{"name": "' + b"x" * 50_000_000 + b'"}')
        refused(target.send("POST", "/api/customers", bomb, {"Content-Type": "application/json", "Content-Encoding": "gzip"}), 415)
        refused(post(bomb, old.headers() | {"Content-Type": "application/json", "Content-Encoding": "gzip"}), 415)

    table.attack("a compressed bomb", bomb)

    for accept in ("text/html", "application/xml", "image/*", "text/event-stream", "application/json;q=0", "*/*;q=0", "", "x" * 5000, ", ,", "application/json;q=banana"):
        def accepted(accept=accept):
            for headers in (old.headers() | {"Accept": accept}, {"Accept": accept, "MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/list"}):
                message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": META} if "Mcp-Method" in headers else {}}
                reply = sound(target.send("POST", "/mcp", message, headers))
                assert reply.status in (200, 400, 406), reply
        table.attack(f"Accept: {accept[:30]}", accepted)

    # Methods.
    for method in ("TRACE", "TRACK", "CONNECT", "DEBUG", "PROPFIND", "PUT", "LINK", "get", "X" * 300, "DELETE", "QUERY"):
        def other(method=method):
            for path in ("/api/customers", "/mcp", "/openapi.json", f"/api/customers/{customer}"):
                reply = sound(target.send(method, path, None, {"X-HTTP-Method-Override": "GET", "Max-Forwards": "0"}))
                assert reply.status in (400, 404, 405), reply
                assert token[-20:] not in reply.text, "the request is repeated"
        table.attack(f"method {method[:20]}", other)

    def overridden():
        for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
            refused(target.send("GET", f"/api/invoices/{draft['id']}/send", None, {header: "POST"}), 405)
            sound(target.send("GET", f"/api/invoices/{draft['id']}?_method=DELETE", None, {header: "DELETE"}))
        for header in ("X-Original-URL", "X-Rewrite-URL"):
            refused(target.send("GET", "/api/nothing", None, {header: "/api/invoices"}), 404)

    table.attack("a method or path of another header", overridden)

    def heads():
        reply = target.send("HEAD", "/api/invoices")
        assert (reply.status, reply.body) == (200, b""), reply
        refused(target.send("HEAD", "/api/invoices", who=None))
        reply = sound(target.send("OPTIONS", "/api/invoices", who=None))
        assert "access-control-allow-origin" not in reply.headers, reply.all

    table.attack("HEAD and OPTIONS", heads)

    # Who may ask from where.
    for name, value in {"another site": "https://evil.example", "null": "null", "ours with more": f"http://{host}.evil.example", "ours as a user": f"http://{host}@evil.example", "file": "file://",
                        "a name that resolves here": "http://localtest.me", "an extension": "chrome-extension://abc", "nothing": "", "two": f"http://{host} https://evil.example", "another scheme": "ftp://127.0.0.1"}.items():  # fmt: skip
        def foreign(value=value):
            refused(target.send("POST", "/api/customers", {"name": "x", "email": "o@example.com"}, {"Origin": value}), 403)
            refused(post({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, old.headers() | {"Origin": value}), 403)
            for path in ("/api/invoices", "/openapi.json"):
                reply = sound(target.send("GET", path, None, {"Origin": value}))
                assert "access-control-allow-origin" not in reply.headers, reply.all
            preflight = target.send("OPTIONS", "/mcp", None, {"Origin": value, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}, None)
            sound(preflight)
            assert "access-control-allow-origin" not in preflight.headers, preflight.all
        table.attack(f"Origin: {name}", foreign)

    for name, headers in {"cross-site": {"Sec-Fetch-Site": "cross-site"}, "navigation": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}}.items():
        table.attack(f"Sec-Fetch: {name}", lambda h=headers: refused(target.send("POST", "/api/customers", {"name": "x", "email": "o@example.com"}, h), 403))

    for value in ("evil.example", f"evil.example:{target.port}", f"{host}.evil.example", f"127.0.0.1.evil.example:{target.port}", "localhost.evil.example", f"user@{host}", "2130706433",
                  "0.0.0.0", "0177.0.0.1", "[::ffff:127.0.0.1]", "169.254.169.254", "", " ", f"{host}, evil.example", "127.0.0.1:99999", f"{host}/x", "evil.example#" + host):  # fmt: skip
        def rebinding(value=value):
            for path in ("/api/invoices", "/openapi.json", "/.well-known/oauth-protected-resource/mcp"):
                reply = sound(target.send("GET", path, None, {"Host": value, "X-Forwarded-Host": host}))
                assert reply.status in (400, 403), reply
            refused(post({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, old.headers() | {"Host": value}), 400, 403)
        table.attack(f"Host: {value!r}", rebinding)

    def forwarded():
        made = {"name": "forwarded", "email": f"f{target.port}@example.com"}
        reply = done(target.send("POST", "/api/customers", made, {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/evil", "Forwarded": "host=evil.example"}), 201)
        assert reply.headers["location"].startswith("/api/customers/"), reply.all
        address = target.address()
        for number in range(120):
            status = target.send("GET", "/api/invoices", None, {"Authorization": "Bearer no", "X-Forwarded-For": f"10.0.0.{number}", "X-Real-IP": f"10.1.0.{number}", "Forwarded": f"for=10.2.0.{number}",
                                                                "True-Client-IP": f"10.3.0.{number}", "CF-Connecting-IP": f"10.4.0.{number}"}, None, address).status  # fmt: skip
        assert status == 429, status

    table.attack("X-Forwarded-* of a stranger changes nothing", forwarded, unchanged=False)

    # Bytes.
    smuggled = f"POST /api/invoices/{draft['id']}/send HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\nContent-Length: 0\r\n\r\n"
    start = f"POST /api/customers HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    raws = {
        "CL and TE": f"{start}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}",
        "TE and CL": f"{start}Transfer-Encoding: chunked\r\nContent-Length: {len(smuggled) + 5}\r\n\r\n0\r\n\r\n{smuggled}",
        "two lengths": f"{start}Content-Length: 0\r\nContent-Length: {len(smuggled)}\r\n\r\n{smuggled}",
        "two lengths in one": f"{start}Content-Length: 0, {len(smuggled)}\r\n\r\n{smuggled}",
        "a length with a plus": f"{start}Content-Length: +0\r\n\r\n{smuggled}",
        "a length in hexadecimal": f"{start}Content-Length: 0x0\r\n\r\n{smuggled}",
        "a negative length": f"{start}Content-Length: -1\r\n\r\n{smuggled}",
        "a huge length": f"{start}Content-Length: 99999999999999999999\r\n\r\n{smuggled}",
        "TE with a tab": f"{start}Transfer-Encoding:\tchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{smuggled}",
        "TE unknown": f"{start}Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{smuggled}",
        "TE twice": f"{start}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n{smuggled}",
        "TE, then another": f"{start}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{smuggled}",
        "TE with a space": f"{start}Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{smuggled}",
        "TE in HTTP/1.0": f"{start.replace('HTTP/1.1', 'HTTP/1.0')}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}",
        "an odd chunk size": f"{start}Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n{smuggled}",
        "a negative chunk size": f"{start}Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n{smuggled}",
        "a huge chunk size": f"{start}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n\r\n{smuggled}",
        "bare LF": f"POST /api/customers HTTP/1.1\nHost: {host}\nTransfer-Encoding: chunked\n\n0\n\n{smuggled}",
        "bare CR": f"{start}X: y\rTransfer-Encoding: chunked\r\n\r\n{smuggled}",
        "no Host": f"GET /api/invoices HTTP/1.1\r\nAuthorization: {token}\r\n\r\n",
        "two Hosts": f"GET /api/invoices HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\nAuthorization: {token}\r\n\r\n",
        "another authority in the target": f"GET http://evil.example/api/invoices HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n\r\n",
        "a target with a user": f"GET http://{host}@evil.example/api/invoices HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n\r\n",
        "a method with a space": f"GET  /api/invoices HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n\r\n",
        "HTTP/0.9": "GET /api/invoices\r\n\r\n",
        "HTTP/9.9": f"GET /api/invoices HTTP/9.9\r\nHost: {host}\r\nAuthorization: {token}\r\n\r\n",
        "a name with NUL": f"GET /api/invoices HTTP/1.1\r\nHost: {host}\r\nX\0Y: 1\r\nAuthorization: {token}\r\n\r\n",
        "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300),
        "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
        "random bytes": bytes(range(256)) * 20,
        "an asterisk": f"GET * HTTP/1.1\r\nHost: {host}\r\n\r\n",
        "CONNECT": "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
    }
    for name, data in raws.items():
        def bytes_of(data=data):
            got = target.raw(data, target.address(), wait=0.4)
            heads = [line for line in got.split(b"\r\n") if line.startswith(b"HTTP/1.")]
            assert all(int(line.split()[1]) in (400, 401, 403, 404, 405, 408, 411, 413, 415, 431, 501, 505) for line in heads), got[:300]
            assert b'"items"' not in got and b"2026-001" not in got, got[:300]
        table.attack(f"bytes: {name}", bytes_of)

    def upgrade():
        for headers in ("Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n"):
            got = target.raw(f"GET /api/invoices HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n", target.address(), wait=0.4)
            assert b" 101 " not in got[:20], got[:200]

    table.attack("upgrades", upgrade)

    def pipelined():
        asked = f"GET /api/invoices?page_size=1 HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n\r\nGET /api/invoices HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        got = target.raw(asked, target.address(), wait=3)
        statuses = [int(part.split()[0]) for part in got.split(b"HTTP/1.1 ")[1:]]
        assert statuses == [200, 401], f"the second took over who the first was: {statuses}"

    table.attack("credentials are of one request, not of the connection", pipelined)

    def hop():
        reply = target.send("GET", "/api/invoices", None, {"Connection": "close, Authorization", "TE": "trailers", "Trailer": "Authorization", "Expect": "100-continue"})
        sound(reply)
        refused(target.send("GET", "/api/invoices", None, {"Range": "bytes=0-10", "If-Range": "x", "If-Match": "*", "If-None-Match": "*"}, None))
        done(target.send("GET", "/api/invoices", None, {"Range": "bytes=0-10", "If-None-Match": "*", "If-Modified-Since": "x"}))

    table.attack("hop-by-hop and conditional fields", hop)

    def cached():
        for path in ("/api/invoices", f"/api/invoices/{draft['id']}", "/api/reports/overdue.csv", "/api/invoices/x.css"):
            assert target.send("GET", path).headers["cache-control"] == "no-store", path

    table.attack("answers to who is signed in are not kept", cached)
