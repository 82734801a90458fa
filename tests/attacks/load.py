#!/usr/bin/env python3
"""Hostile callers against a server, and healthy callers measured beside them. See docs/testing.md.

    python3 tests/attacks/load.py SECONDS [--program PATH]

Starts the invoices example on a SQLite file of its own. First the healthy callers are alone, then the hostile ones join them for SECONDS,
then the healthy ones are alone again. Prints what healthy callers waited in each part, and the resident memory of the server over time.
Hostile callers come from 127.0.0.2 and up, healthy ones from 127.0.0.1. Ends with 1 when a healthy call failed, when the server answered 500,
or when memory grew over the second half of the load.
"""

import argparse
import asyncio
import collections
import contextlib
import itertools
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time

HEALTHY = 4
EACH_SECOND = 20  # calls of one healthy caller
ALONE = 20  # seconds before and after
GROWTH = 1.10  # of the median of the third quarter to that of the last

REVISION = "2025-11-25"
counts = collections.Counter()
problems = []


def request(method, path, body=b"", headers=(), token="ann", length=None):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {TARGET[0]}:{TARGET[1]}"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body or length is not None:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    lines += headers
    return "\r\n".join([*lines, "", ""]).encode() + body


async def connect(address):
    return await asyncio.open_connection(*TARGET, local_addr=(address, 0))


@contextlib.asynccontextmanager
async def connected(address, abort=False):
    """A connection that ends with the block, or breaks off."""
    reader, writer = await connect(address)
    try:
        yield reader, writer
    finally:
        if abort:
            writer.transport.abort()
        else:
            writer.close()


async def drip(writer, parts, pause):
    for part in parts:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(pause)


async def answer(reader):
    """Status and body of one response with a length."""
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    body = await reader.readexactly(int(length[1])) if length else b""
    return status, head, body


async def one(address, message):
    """One request on a connection of its own; its status is counted."""
    async with connected(address) as (reader, writer):
        writer.write(message)
        status, head, body = await asyncio.wait_for(answer(reader), 30)
        counts[status] += 1
        if status == 500:
            problems.append(f"500: {message[:200]!r} {body[:300]!r}")
        return status, head, body


JSON = ["Content-Type: application/json"]
MCP = [*JSON, "Accept: application/json, text/event-stream"]


def call(method, params, number=1):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode()


async def bad_tokens(address):
    token = random.choice(["no good", "!" * 9, "x" * 5000, "eyJhbGciOiJub25lIn0.e30.", "\x7f", "ann+" + "s+" * 200])
    path = random.choice(["/api/invoices", "/mcp", "/api/customers"])
    await one(address, request("POST", path, b"{}", JSON, token))


async def huge_body(address):
    async with connected(address) as (_, writer):
        writer.write(request("POST", random.choice(["/api/customers", "/mcp"]), headers=MCP, length=1 << 40))
        await drip(writer, [b"[" * 65536] * 64, 0)


async def slow_body(address):
    async with connected(address) as (_, writer):
        writer.write(request("POST", random.choice(["/api/customers", "/mcp"]), headers=MCP, length=1000))
        await drip(writer, [b" "] * random.randrange(5, 60), 0.5)


async def slow_head(address):
    async with connected(address) as (_, writer):
        writer.write(b"GET /api/invoices HTTP/1.1\r\n")
        await drip(writer, (f"X-{number}: {'y' * 200}\r\n".encode() for number in range(random.randrange(5, 60))), 0.2)


async def slow_reader(address):
    """Asks for much, on one connection, and reads nothing."""
    async with connected(address, abort=True) as (_, writer):
        writer.transport.pause_reading()
        for _ in range(200):
            writer.write(request("GET", "/openapi.json"))
        await asyncio.sleep(random.uniform(1, 15))


async def deep(address):
    depth = random.choice([100, 10_000, 200_000])
    body = random.choice([b"[" * depth, b'{"a":' * depth, b'{"name":' + b"[" * depth + b"]" * depth + b"}"])
    await one(address, request("POST", random.choice(["/api/customers", "/mcp"]), body, MCP))


async def gone(address):
    """Hangs up while the call runs."""
    name = f"gone-{random.getrandbits(64):x}"
    body = json.dumps({"name": name, "email": f"{name}@example.com"}).encode()
    async with connected(address, abort=True) as (_, writer):
        await drip(writer, [request("POST", "/api/customers", body, JSON, "mallory")], random.uniform(0, 0.004))


async def sessions(address):
    hello = {"protocolVersion": REVISION, "capabilities": {}, "clientInfo": {"name": "flood", "version": "1"}}
    who = f"mallory-{random.randrange(20)}"
    _, head, _ = await one(address, request("POST", "/mcp", call("initialize", hello), MCP, who))
    found = re.search(rb"(?i)\r\nmcp-session-id: *(\S+)", head)
    if not found:
        return
    headers = [*MCP, f"Mcp-Session-Id: {found[1].decode()}", f"MCP-Protocol-Version: {REVISION}"]
    for number in range(5):
        uri = f"invoices://{random.getrandbits(64):x}"
        await one(address, request("POST", "/mcp", call("resources/subscribe", {"uri": uri}, number), headers, who))
    async with connected(address, abort=True) as (_, writer):
        writer.write(request("GET", "/mcp", headers=headers, token=who))
        await writer.drain()
        await asyncio.sleep(random.uniform(0, 5))


async def listening(address):
    """A subscription of 2026-07-28, left open for a while."""
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
    params = {"notifications": {"toolsListChanged": True}, "_meta": meta}
    headers = [*MCP, "MCP-Protocol-Version: 2026-07-28", "Mcp-Method: subscriptions/listen"]
    async with connected(address, abort=True) as (reader, writer):
        writer.write(request("POST", "/mcp", call("subscriptions/listen", params), headers, "mallory"))
        await writer.drain()
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
        counts[f"listen {int(head[9:12])}"] += 1
        await asyncio.sleep(random.uniform(0, 5))


async def wrong_messages(address):
    body = random.choice(
        [b"", b"null", b"[]", b'{"jsonrpc":"1.0"}', b"\xff\xfe", b'{"jsonrpc":"2.0","id":{},"method":"x"}', call("tools/call", []),
         call("tools/call", {"name": "x" * 9000, "arguments": {}}), call("initialize", {"protocolVersion": 7}), b"[" + b"{}," * 999 + b"{}]"]
    )
    headers = [*MCP, f"Mcp-Session-Id: {random.getrandbits(128):x}"] if random.random() < 0.5 else MCP
    await one(address, request("POST", "/mcp", body, headers))


async def queries(address):
    value = random.choice(["%27%20OR%201=1--", "%00", "x" * 7000, "&".join(["status=sent"] * 500), "%F0%28", "9" * 400])
    name = random.choice(["status", "order", "number", "page", "customer_id", "due_before"])
    await one(address, request("GET", f"/api/invoices?{name}={value}"))


ATTACKS = [bad_tokens, huge_body, slow_body, slow_head, slow_reader, deep, gone, sessions, listening, wrong_messages, queries]


async def hostile(attack, address, until, pause):
    try:
        async with asyncio.timeout(until - time.monotonic()):
            while True:
                try:
                    await attack(address)
                    counts[attack.__name__] += 1
                except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, asyncio.LimitOverrunError):
                    counts[f"{attack.__name__}, cut off"] += 1  # What a server does with them.
                await asyncio.sleep(random.uniform(0, 2 * pause))
    except TimeoutError:
        pass


async def healthy(until, waits):
    """Calls at a fixed rate on one connection; a late answer counts from when the call was due (no coordinated omission)."""
    reader = writer = None
    kinds = itertools.cycle([request("GET", "/api/invoices?page_size=5"), request("GET", "/api/customers?order=name")])
    due = time.monotonic() + random.random() / EACH_SECOND
    while due < until:
        await asyncio.sleep(max(0, due - time.monotonic()))
        try:
            if writer is None:
                reader, writer = await connect("127.0.0.1")
            writer.write(next(kinds))
            status, _, text = await asyncio.wait_for(answer(reader), 30)
            if status != 200:
                problems.append(f"a healthy call: {status} {text[:200]!r}")
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError) as error:
            problems.append(f"a healthy call: {error!r}")
            writer = None
        waits.append(time.monotonic() - due)
        due += 1 / EACH_SECOND
    if writer:
        writer.close()


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) / 1024


def handles(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


async def sample(pid, until, samples):
    start = time.monotonic()
    while time.monotonic() < until:
        samples.append((time.monotonic() - start, resident(pid), handles(pid)))
        await asyncio.sleep(1)


def at(waits, share):
    return sorted(waits)[min(len(waits) - 1, int(share * len(waits)))] * 1000


def median(values):
    return sorted(values)[len(values) // 2]


async def part(name, seconds, pid, attacks=(), pause=1.0, copies=1):
    until = time.monotonic() + seconds
    waits, samples = [], []
    tasks = [healthy(until, waits) for _ in range(HEALTHY)] + [sample(pid, until, samples)]
    for number, attack in enumerate(attacks):
        tasks += [hostile(attack, f"127.0.0.{2 + (number * copies + copy) % 200}", until, pause) for copy in range(copies)]
    await asyncio.gather(*tasks)
    print(f"{name}: {len(waits)} healthy calls, p50 {at(waits, .5):.1f} ms, p99 {at(waits, .99):.1f} ms, longest {at(waits, 1):.1f} ms", flush=True)
    return samples


async def run(options, pid):
    await part("warming up", 5, pid)
    await part("before", ALONE, pid)
    samples = await part("during", options.seconds, pid, ATTACKS, options.pause, options.copies)
    await part("after", ALONE, pid)
    step = max(1, len(samples) // 12)
    print("memory:", ", ".join(f"{second:.0f} s {size:.1f} MiB {files} files" for second, size, files in samples[::step]))
    print(f"at the end: {resident(pid):.1f} MiB, {handles(pid)} files")
    print("answers and attacks:", dict(sorted(counts.items(), key=str)))
    sizes = [size for _, size, _ in samples]
    third, last = sizes[len(sizes) // 2 : 3 * len(sizes) // 4], sizes[3 * len(sizes) // 4 :]
    if third and last and median(last) > GROWTH * median(third):
        problems.append(f"memory grew from {median(third):.1f} to {median(last):.1f} MiB")
    for problem in problems[:20]:
        print("FAIL", problem)
    return 1 if problems else 0


def main():
    global TARGET
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seconds", type=int, nargs="?", default=60)
    parser.add_argument("--program", default="target/release/examples/invoices")
    parser.add_argument("--pause", type=float, default=0.5, help="mean seconds between two attacks of one attacker")
    parser.add_argument("--copies", type=int, default=4, help="attackers of each kind")
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "DATABASE_URL": f"sqlite://{folder}/load.db", "DIPTYCH_BIND": "127.0.0.1:0", "RUST_LOG": "error"}
        with open(f"{folder}/log", "w+", encoding="utf-8") as log:
            server = subprocess.Popen([program], cwd=folder, env=environment, stdout=log, stderr=log)
            try:
                found = None
                for _ in range(100):
                    time.sleep(0.1)
                    log.seek(0)
                    if found := re.search(r"REST +http://([^/:]+):(\d+)/", log.read()):
                        break
                if not found:
                    sys.exit("the server does not start")
                TARGET = (found[1], int(found[2]))
                code = asyncio.run(run(options, server.pid))
            finally:
                server.terminate()
                server.wait(30)
    sys.exit(code)


TARGET = None
if __name__ == "__main__":
    main()
