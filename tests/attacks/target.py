"""The example as a process, and clients of it that mean no good."""

import hashlib
import http.client
import itertools
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from issuer import Issuer, serve

sys.path.append(str(Path(__file__).parent.parent / "interop" / "checks"))
import databases  # noqa: E402

MODERN = "2026-07-28"
OLD = "2025-11-25"
TIMEOUT = 20
# What no answer may have in it: the insides of the server.
INSIDES = ("sqlx", "SELECT ", "INSERT INTO", "UPDATE invoices", "rusqlite", "panicked", "/.cargo/", "crates/", "RUST_BACKTRACE",
           "jsonwebtoken", "no such column", "syntax error", "actix", "tokio", "serde", "invoices.db", "expected value at line")  # fmt: skip
TABLES = ("customers", "invoices", "invoice_lines", "payments")


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.all, self.body = status, headers, body
        self.headers = {name.lower(): value for name, value in headers}

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        """The answer, or the last message of the event stream."""
        if self.headers.get("content-type", "").startswith("text/event-stream"):
            return self.messages()[-1]
        return json.loads(self.body)

    def messages(self):
        data = [line[5:].strip() for line in self.text.splitlines() if line.startswith("data:")]
        return [json.loads(line) for line in data if line]

    def __repr__(self):
        return f"{self.status} {self.text[:300]!r}"


class Target:
    """One run of the example; `restart` begins another on the same database."""

    def __init__(self, program, folder, database):
        self.program, self.folder, self.database = program, folder, database
        self.asked = []
        issuers = {}
        port = serve(issuers, self.asked)
        self.issuer_port = port
        self.issuer = Issuer(f"http://127.0.0.1:{port}")
        self.partner = Issuer(f"http://127.0.0.1:{port}/partner")
        self.stranger = Issuer(f"http://127.0.0.1:{port}/stranger")
        issuers |= {"": self.issuer, "/partner": self.partner}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        for issuer in (self.issuer, self.partner, self.stranger):
            issuer.audience = f"{self.url}/mcp"
        self.log = os.path.join(folder, "server.log")
        self.process = None
        self.reader = None
        # Each attack comes from an address of its own: failed logins of one do not hide what another finds.
        self.addresses = (f"127.{a}.{b}.{c}" for a, b, c in itertools.product(range(1, 200), range(1, 250), range(1, 250)))
        self.tokens = {}

    def start(self):
        environment = os.environ | {
            "DIPTYCH_BIND": f"127.0.0.1:{self.port}",
            "DATABASE_URL": self.database,
            "OAUTH_ISSUER": f"{self.issuer.url},{self.partner.url}",
            "PUBLIC_URL": self.url,
        }
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.program], cwd=self.folder, env=environment, stdout=log, stderr=log)
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        raise SystemExit(f"the example does not start:\n{self.logged()[-2000:]}")

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode if self.process else None

    def logged(self):
        with open(self.log, errors="replace") as log:
            return log.read()

    def resident(self):
        """Memory of the process in MiB."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(next(line for line in status if line.startswith("VmRSS")).split()[1]) / 1024

    # Tokens.

    def bearer(self, sub="ann", scope="invoices:read invoices:write", issuer=None):
        issuer = issuer or self.issuer
        key = (issuer.url, sub, scope)
        if key not in self.tokens:
            self.tokens[key] = issuer.token(sub, scope)
        return {"Authorization": f"Bearer {self.tokens[key]}"}

    # Requests.

    def address(self):
        return next(self.addresses)

    def send(self, method, path, body=None, headers=None, who="ann", address=None, timeout=TIMEOUT):
        """One request on a connection of its own. Without `who` there are no credentials but those in `headers`."""
        named = self.bearer(who) if isinstance(who, str) else (who or {})
        headers = headers or {}
        pairs = list(named.items()) + (list(headers.items()) if isinstance(headers, dict) else list(headers))
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None and not any(name.lower() == "content-type" for name, _ in pairs):
            pairs.append(("Content-Type", "application/json"))
        source = (address or "127.0.0.1", 0)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout, source_address=source)
        try:
            hosted = any(name.lower() == "host" for name, _ in pairs)
            connection.putrequest(method, path, skip_host=hosted, skip_accept_encoding=True)
            for name, value in pairs:
                connection.putheader(name, value)
            if body is not None and not any(name.lower() in ("content-length", "transfer-encoding") for name, _ in pairs):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders()
            if body is not None:
                try:
                    connection.send(body)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # It was refused before it was read.
            response = connection.getresponse()
            return Reply(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def raw(self, data, address=None, wait=8, more=()):
        """Bytes as they are; what comes back until the server closes, or `wait` seconds are over."""
        data = data if isinstance(data, bytes) else data.encode("latin-1")
        with socket.create_connection(("127.0.0.1", self.port), TIMEOUT, (address or "127.0.0.1", 0)) as connection:
            connection.settimeout(wait)
            got = b""
            try:
                connection.sendall(data)
                for part in more:
                    connection.sendall(part)
                while part := connection.recv(65536):
                    got += part
            except (TimeoutError, ConnectionError):
                pass
        return got

    # MCP.

    def modern(self, method, params=None, who="ann", meta=None, headers=None, name=None, address=None, ident=1, drop=(),
               timeout=TIMEOUT):  # fmt: skip
        params = dict(params or {})
        params["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
        } | (meta or {})
        said = {"MCP-Protocol-Version": MODERN, "Mcp-Method": method, "Accept": "application/json, text/event-stream"}
        name = name or params.get("name") or params.get("uri") or params.get("taskId")
        if name is not None and method in ("tools/call", "prompts/get", "resources/read", "tasks/get", "tasks/update", "tasks/cancel"):
            said["Mcp-Name"] = name
        said = {header: value for header, value in (said | (headers or {})).items() if header not in drop}
        message = {"jsonrpc": "2.0", "id": ident, "method": method, "params": params}
        return self.send("POST", "/mcp", message, said, who, address, timeout)

    def tool(self, name, arguments=None, who="ann", **more):
        return self.modern("tools/call", {"name": name, "arguments": arguments or {}}, who, **more)

    def session(self, who="ann", version=OLD, capabilities=None):
        return Session(self, who, version, capabilities or {})

    # The database.

    def rows(self, sql):
        if self.database.startswith("sqlite"):
            connection = sqlite3.connect(f"file:{self.database.removeprefix('sqlite://')}?mode=ro", uri=True, timeout=10)
        else:
            if self.reader is None:
                self.reader = databases.connect(self.database)
            return databases.rows(self.reader, sql)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def contents(self):
        """A digest of everything that the application stores."""
        return hashlib.sha256(repr([sorted(map(repr, self.rows(f"SELECT * FROM {table}"))) for table in TABLES]).encode()).hexdigest()

    # Things to attack.

    def customer(self, who="ann", **changed):
        self.made = getattr(self, "made", 0) + 1
        body = {"name": f"Customer {self.made}", "email": f"c{self.made}-{os.getpid()}@example.com"} | changed
        reply = self.send("POST", "/api/customers", body, who=who)
        assert reply.status == 201, reply
        return reply.json()["id"]

    def invoice(self, customer, who="ann", cents=1000, sent=False, **changed):
        self.made = getattr(self, "made", 0) + 1
        body = {"customer_id": customer, "number": f"N{self.made}-{os.getpid()}", "due_on": "2026-01-31",
                "lines": [{"description": "Work", "quantity": 1, "unit_cents": cents}]} | changed  # fmt: skip
        reply = self.send("POST", "/api/invoices", body, who=who)
        assert reply.status == 201, reply
        made = reply.json()
        if sent:
            reply = self.send("POST", f"/api/invoices/{made['id']}/send", who=who)
            assert reply.status == 200, reply
        return made


class Session:
    """A session of the older revisions."""

    def __init__(self, target, who, version, capabilities):
        self.target, self.who, self.version = target, who, version
        asked = {"protocolVersion": version, "capabilities": capabilities, "clientInfo": {"name": "attacker", "version": "1"}}
        reply = target.send(
            "POST", "/mcp", {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": asked},
            {"Accept": "application/json, text/event-stream"}, who,
        )  # fmt: skip
        assert reply.status == 200, reply
        self.id = reply.headers["mcp-session-id"]
        self.post({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def headers(self, **more):
        said = {"Mcp-Session-Id": self.id, "MCP-Protocol-Version": self.version, "Accept": "application/json, text/event-stream"}
        return said | more

    def post(self, message, who=..., headers=None, **more):
        who = self.who if who is ... else who
        return self.target.send("POST", "/mcp", message, self.headers() | (headers or {}), who, **more)

    def ask(self, method, params=None, who=..., ident=1, **more):
        message = {"jsonrpc": "2.0", "id": ident, "method": method}
        if params is not None:
            message["params"] = params
        return self.post(message, who, **more)

    def tool(self, name, arguments=None, who=..., **more):
        return self.ask("tools/call", {"name": name, "arguments": arguments or {}}, who, **more)
