"""The example as a subprocess, without a library: what is on its standard output, and how it ends."""

import json
import os
import select
import signal
import subprocess
import time

from report import check, same

PROGRAM = os.environ["INTEROP_PROGRAM"]
VERSION = "2026-07-28"


def started(*arguments, user="ann"):
    env = os.environ | {"DIPTYCH_USER": user}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([PROGRAM, *arguments], env=env, text=True, **pipes)


def request(number, method, **params):
    meta = {"io.modelcontextprotocol/protocolVersion": VERSION, "io.modelcontextprotocol/clientCapabilities": {}}
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params | {"_meta": meta}}) + "\n"


def asked(server, line):
    server.stdin.write(line)
    server.stdin.flush()
    return json.loads(server.stdout.readline())


def ended(server):
    """What else it says, and its code, within five seconds."""
    said, logged = server.communicate(timeout=20)
    return said, logged, server.returncode


def tools(user):
    server = started("stdio", user=user)
    try:
        return {tool["name"] for tool in asked(server, request(1, "tools/list"))["result"]["tools"]}
    finally:
        ended(server)


with check("stdio: nothing but messages is on standard output, and it ends with the input"):
    server = started("stdio")
    same(asked(server, request(1, "server/discover"))["result"]["supportedVersions"][0], VERSION)
    server.stdin.write("this is not a message\n")
    same(asked(server, request(2, "tools/call", name="invoices.list"))["id"], 2)
    said, logged, code = ended(server)
    same((said, code), ("", 0))
    same("cannot be answered" in logged, True)

with check("stdio: it ends at once with an input that never was"):
    begun = time.monotonic()
    server = started("stdio")
    same(ended(server)[::2], ("", 0))
    same(time.monotonic() - begun < 10, True)

for name in ("SIGTERM", "SIGINT"):
    with check(f"stdio: {name} ends it with 0 while it waits for input"):
        server = started("stdio")
        asked(server, request(1, "server/discover"))
        server.send_signal(signal.Signals[name])
        same(server.wait(timeout=20), 0)
        server.communicate()

with check("stdio: a cancelled create leaves nothing, and is not answered"):
    server = started("stdio")
    for burst in range(10):
        lines = ""
        for number in range(6):
            new = {"name": "Cancelled", "email": f"cancelled-{burst}-{number}@example.com"}
            lines += request(number, "tools/call", name="customers.create", arguments=new)
            cancelled = {"method": "notifications/cancelled", "params": {"requestId": number}}
            lines += json.dumps({"jsonrpc": "2.0"} | cancelled) + "\n"
        lines += request("last", "server/discover")
        # In one piece, so that no create can be done before its cancellation is read.
        same(len(lines) < select.PIPE_BUF, True)
        same(asked(server, lines)["id"], "last")
    rows = asked(server, request("rows", "tools/call", name="customers.list", arguments={"name": "Cancelled"}))
    same((rows["id"], rows["result"]["structuredContent"]["total"]), ("rows", 0))
    same(ended(server)[::2], ("", 0))

with check("stdio: the user is who DIPTYCH_USER says, and nobody without"):
    reading = tools("ann+invoices:read")
    same(("invoices.list" in reading, "invoices.create" in reading), (True, False))
    same(tools(""), set())

with check("stdio: a user that cannot be one is a mistake of configuration"):
    said, logged, code = ended(started("stdio", user="not a name"))
    same((said, code, "DIPTYCH_USER" in logged), ("", 1, True))

with check("any other command is told what there is"):
    for arguments in (["studio"], ["stdio", "now"]):
        said, logged, code = ended(started(*arguments))
        same((said, code, "Usage: invoices" in logged), ("", 2, True))
    said, _, code = ended(started("--help"))
    same((code, [command in said for command in ("serve", "stdio", "tools", "keys", "token")]), (0, [True] * 5))
