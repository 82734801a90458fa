"""Clients that hang up: 200 creates whose client goes away at a random moment, then what is left behind."""

import asyncio
import json
import os
import random
import secrets
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from urllib.parse import urlsplit

import databases
from report import URL, check, same
from wire import ANN, send

CALLS, AT_ONCE = 200, 20
RUN = secrets.token_hex(4)
HOST = urlsplit(URL)


def invoice(number, customer):
    count = random.randint(2, 8)
    lines = [
        {"description": f"line {n}", "quantity": random.randint(1, 9), "unit_cents": random.randint(1, 9999)}
        for n in range(count)
    ]
    return {"customer_id": customer, "number": number, "due_on": "2026-12-31", "lines": lines}


def request(body):
    head = (
        f"POST /api/invoices HTTP/1.1\r\nHost: {HOST.netloc}\r\nAuthorization: {ANN['Authorization']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def create(number, customer, patience, half=False):
    """Sends a create and hangs up: when it was answered, otherwise when patience ends. Returns the answer's status."""
    reader, writer = await asyncio.open_connection(HOST.hostname, HOST.port)
    body = json.dumps(invoice(number, customer)).encode()
    message = request(body)
    writer.write(message[: len(message) - len(body) // 2] if half else message)
    await writer.drain()
    answer = b""
    with suppress(TimeoutError, ConnectionError):
        answer = await asyncio.wait_for(reader.readline(), patience)
    if random.random() < 0.5:  # a reset; otherwise a FIN
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()
    return int(answer.split()[1]) if answer else None


async def at_once(calls):
    """Runs calls side by side, not too many."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(call):
        async with gate:
            return await call

    return await asyncio.gather(*map(one, calls))


async def timed(number, customer):
    started = time.monotonic()
    same(await create(number, customer, 20), 201)
    return time.monotonic() - started


async def storm(customer):
    """What each create was answered, by number; who sent only half a body."""
    usual = sorted(await at_once(timed(f"calm-{RUN}-{n}", customer) for n in range(AT_ONCE * 2)))[AT_ONCE]
    half = {f"{RUN}-{n}": n % 5 == 0 for n in range(CALLS)}
    # Every other one right after it was sent, where the work begins; the rest up to where it ends.
    longest = [0.015 if n % 2 else 2 * usual for n in range(CALLS)]
    calls = [
        create(number, customer, random.uniform(0, most), half[number]) for number, most in zip(half, longest)
    ]
    return dict(zip(half, await at_once(calls))), half


def invoices(prefix):
    """Every invoice of this run, by number, with its lines."""
    rows, page = [], 1
    while True:
        answer = send("GET", f"/api/invoices?number={prefix}&page_size=100&order=created&page={page}").json()
        rows += answer["items"]
        if len(rows) >= answer["total"]:
            break
        page += 1
    return {row["number"]: send("GET", f"/api/invoices/{row['id']}").json() for row in rows}


def settled(prefix):
    """The same, once two looks in a row see the same."""
    before = invoices(prefix)
    while True:
        time.sleep(0.3)
        after = invoices(prefix)
        if after.keys() == before.keys():
            return after
        before = after


def idle_in_transaction(url):
    query = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
    if url.startswith("mysql"):
        query = (
            "SELECT COUNT(*) FROM information_schema.innodb_trx t JOIN information_schema.processlist p"
            " ON p.id = t.trx_mysql_thread_id WHERE p.db = DATABASE() AND p.command = 'Sleep'"
        )
    return databases.rows(databases.connect(url), query)[0][0]


new = {"name": "Storm", "email": f"storm-{RUN}@example.com"}
customer = send("POST", "/api/customers", new).json()["id"]
answered, half = asyncio.run(storm(customer))

with check("disconnects: 40 creates at once all succeed afterwards"):
    after = [invoice(f"after-{RUN}-{n}", customer) for n in range(40)]
    with ThreadPoolExecutor(40) as pool:
        statuses = list(pool.map(lambda body: send("POST", "/api/invoices", body).status, after))
    same(statuses, [201] * 40)
    same(len(invoices(f"after-{RUN}-")), 40)

kept = settled(f"{RUN}-")

with check(f"disconnects: calls were met on both sides of COMMIT ({len(kept)} of {CALLS} kept)"):
    same(0 < len(kept) < CALLS - sum(half.values()), True)

with check("disconnects: no invoice is torn"):
    for number, row in kept.items():
        total = sum(line["quantity"] * line["unit_cents"] for line in row["lines"])
        same((number, total), (number, row["amount_cents"]))

with check("disconnects: what was answered with 201 is there"):
    same([number for number, status in answered.items() if status == 201 and number not in kept], [])
    same(set(answered.values()) <= {201, None}, True)

with check("disconnects: half a body creates nothing"):
    same([number for number in kept if half[number]], [])

with check("disconnects: an undone number can be used"):
    free = [number for number in answered if number not in kept][:20]
    same([send("POST", "/api/invoices", invoice(number, customer)).status for number in free], [201] * len(free))

with check("disconnects: the server still answers quickly"):
    slowest = 0
    for _ in range(20):
        started = time.monotonic()
        same(send("GET", "/api/invoices?page_size=10").status, 200)
        slowest = max(slowest, time.monotonic() - started)
    if slowest > 2:
        raise AssertionError(f"the slowest of 20 lists took {slowest:.3f} s")

if not os.environ["DATABASE_URL"].startswith("sqlite"):
    with check("disconnects: no connection is left in a transaction"):
        same(idle_in_transaction(os.environ["DATABASE_URL"]), 0)
