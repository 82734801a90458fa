"""Clients that hang up: 200 creates whose client goes away at a random moment, then what is left behind."""

import asyncio
import json
import os
import random
import secrets
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

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


async def hang_up(number, customer, half, gate):
    async with gate:
        _, writer = await asyncio.open_connection(HOST.hostname, HOST.port)
        body = json.dumps(invoice(number, customer)).encode()
        message = request(body)
        writer.write(message[: len(message) - len(body) // 2] if half else message)
        await writer.drain()
        await asyncio.sleep(random.uniform(0, 0.015))
        if random.random() < 0.5:  # a reset; otherwise a FIN
            linger = b"\x01\0\0\0\0\0\0\0"
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.close()


async def storm(numbers, customer):
    gate = asyncio.Semaphore(AT_ONCE)
    await asyncio.gather(*(hang_up(number, customer, half, gate) for number, half in numbers.items()))


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
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        query = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
        return connection.execute(query).fetchone()[0]


new = {"name": "Storm", "email": f"storm-{RUN}@example.com"}
customer = send("POST", "/api/customers", new).json()["id"]
numbers = {f"{RUN}-{n}": n % 5 == 0 for n in range(CALLS)}
asyncio.run(storm(numbers, customer))

with check("disconnects: 40 creates at once all succeed afterwards"):
    after = [invoice(f"after-{RUN}-{n}", customer) for n in range(40)]
    with ThreadPoolExecutor(40) as pool:
        statuses = list(pool.map(lambda body: send("POST", "/api/invoices", body).status, after))
    same(statuses, [201] * 40)
    same(len(invoices(f"after-{RUN}-")), 40)

kept = settled(f"{RUN}-")

with check(f"disconnects: no invoice is torn ({len(kept)} of {CALLS} kept, the others undone)"):
    for number, row in kept.items():
        total = sum(line["quantity"] * line["unit_cents"] for line in row["lines"])
        same((number, total), (number, row["amount_cents"]))

with check("disconnects: half a body creates nothing"):
    same([number for number in kept if numbers[number]], [])

with check("disconnects: an undone number can be used"):
    free = [number for number in numbers if number not in kept][:20]
    same([send("POST", "/api/invoices", invoice(number, customer)).status for number in free], [201] * len(free))

with check("disconnects: the server still answers quickly"):
    slowest = 0
    for _ in range(20):
        started = time.monotonic()
        same(send("GET", "/api/invoices?page_size=10").status, 200)
        slowest = max(slowest, time.monotonic() - started)
    if slowest > 0.5:
        raise AssertionError(f"the slowest of 20 lists took {slowest:.3f} s")

if os.environ["DATABASE_URL"].startswith("postgres"):
    with check("disconnects: no connection is left in a transaction"):
        same(idle_in_transaction(os.environ["DATABASE_URL"]), 0)
