"""REST as a client without a library sees it, and that MCP says the same words."""

import json
import secrets
import uuid

from documented import OPERATIONS, call
from mcp_call import call as tool
from report import check, same
from wire import ANN, send

READER = {"Authorization": "Bearer ann+invoices:read"}
NOBODY = str(uuid.uuid4())
tag = secrets.token_hex(4)


def customer(**changed):
    return {"name": "Ada Ltd", "email": f"{secrets.token_hex(6)}@example.com"} | changed


def invoice(customer_id, **changed):
    lines = [{"description": "Consulting", "quantity": 3, "unit_cents": 1250}]
    return {"customer_id": customer_id, "number": secrets.token_hex(6), "due_on": "2026-12-31", "lines": lines} | changed


def pointers(reply):
    return sorted(error["pointer"] for error in reply.json()["errors"])


def problem_of_tool(name, arguments):
    """The problem in a tool's result."""
    reply = tool(name, arguments)
    same(reply.status, 200)
    result = reply.json()["result"]
    same(result.get("isError"), True)
    same("structuredContent" in result, False)
    return json.loads(result["content"][0]["text"])


def created(name, body):
    reply = call(name, body)
    same(reply.status, 201)
    found = send("GET", reply.headers["location"])
    same(found.status, 200)
    return reply.json(), found.json()


with check("REST: a customer is created, and found at its Location"):
    new, found = created("customers.create", customer())
    same(found, new)

with check("REST: an invoice is created, and found at its Location with its lines"):
    owner = call("customers.create", customer()).json()["id"]
    wanted = invoice(owner)
    new, found = created("invoices.create", wanted)
    same(found, new | {"lines": wanted["lines"], "actions": found["actions"]})
    same(found["actions"]["invoices.pay"]["code"], "not_sent")
    same(new["amount_cents"], 3750)

with check("REST: a list is filtered, ordered and paged"):
    owner = call("customers.create", customer()).json()["id"]
    for cents in (300, 100, 500, 200, 400):
        line = {"description": "x", "quantity": 1, "unit_cents": cents}
        same(call("invoices.create", invoice(owner, lines=[line])).status, 201)
    of_owner = f"?customer_id={owner}&status=draft&status=sent&min_amount=200&order=-amount&page_size=3"
    pages = [call("invoices.list", query=f"{of_owner}&page={page}").json() for page in (1, 2, 3)]
    same([[row["amount_cents"] for row in page["items"]] for page in pages], [[500, 400, 300], [200], []])
    same([(page["total"], page["page"], page["page_size"]) for page in pages], [(4, 1, 3), (4, 2, 3), (4, 3, 3)])

with check("REST: HEAD is GET without the body"):
    reply = send("HEAD", "/api/invoices")
    same((reply.status, reply.body), (200, b""))

with check("REST: 422 names every wrong field, and MCP says the same"):
    wrong = {"name": "", "email": "nowhere"}
    reply = call("customers.create", wrong)
    same((reply.status, pointers(reply)), (422, ["/email", "/name"]))
    same(problem_of_tool("customers.create", wrong), reply.json())

with check("REST: 422 for missing, unknown and nested fields, and MCP says the same"):
    lines = [{"description": "", "quantity": 0, "unit_cents": 1}, {"quantity": 1, "unit_cents": 1}]
    for wrong, at in [
        ({"name": "Ada", "emial": "a@b.example"}, ["/email", "/emial"]),
        ({"name": 5, "email": None}, ["/email", "/name"]),
    ]:
        reply = call("customers.create", wrong)
        same((reply.status, pointers(reply)), (422, at))
        same(problem_of_tool("customers.create", wrong), reply.json())
    wrong = invoice(NOBODY, lines=lines[:1])
    reply = call("invoices.create", wrong)
    same((reply.status, pointers(reply)), (422, ["/lines/0/description", "/lines/0/quantity"]))
    same(problem_of_tool("invoices.create", wrong), reply.json())
    same(pointers(call("invoices.create", invoice(NOBODY, lines=lines[1:]))), ["/lines/0/description"])

with check("REST: 422 for a query: unknown names, values out of range"):
    reply = call("invoices.list", query="?nope=1&page_size=101&status=gone")
    same((reply.status, pointers(reply)), (422, ["/nope", "/page_size", "/status/0"]))

with check("REST: 400 for what is not JSON"):
    same(call("customers.create", b'{"name": ').status, 400)

with check("REST: 409 for what a user has to confirm, with the question; nothing is deleted"):
    owner = call("customers.create", customer()).json()["id"]
    id = call("invoices.create", invoice(owner)).json()["id"]
    reply = call("invoices.delete", id=id)
    same((reply.status, reply.json()["code"]), (409, "input_required"))
    same([question["key"] for question in reply.json()["questions"]], ["sure"])
    same(call("invoices.get", id=id).json()["status"], "draft")

with check("REST: 409 for a second of what is unique, and MCP says the same"):
    twice = customer()
    same(call("customers.create", twice).status, 201)
    reply = call("customers.create", twice)
    same(reply.status, 409)
    same(problem_of_tool("customers.create", twice), reply.json())

with check("REST: 409 for a precondition that does not hold, and MCP says the same"):
    owner = call("customers.create", customer()).json()["id"]
    row = call("invoices.create", invoice(owner)).json()["id"]
    same(call("invoices.send", id=row).status, 200)
    reply = call("invoices.send", id=row)
    same((reply.status, reply.json()["code"]), (409, "not_a_draft"))
    same(problem_of_tool("invoices.send", {"id": row}), reply.json())

with check("REST: 404 for a row that is not there or not yours, and MCP says the same"):
    owner = call("customers.create", customer()).json()["id"]
    row = call("invoices.create", invoice(owner)).json()["id"]
    missing = call("invoices.get", id=NOBODY)
    foreign = call("invoices.get", id=row, headers={"Authorization": f"Bearer bob-{tag}"})
    same((missing.status, foreign.status, foreign.json()), (404, 404, missing.json()))
    same(problem_of_tool("invoices.get", {"id": NOBODY}), missing.json())

with check("REST: 401 with a challenge, over MCP too"):
    for headers, challenge in [({}, "Bearer"), ({"Authorization": "Bearer a/b"}, 'Bearer error="invalid_token"')]:
        replies = [call("invoices.list", headers=headers), tool("invoices.list", {}, headers)]
        same([reply.status for reply in replies], [401, 401])
        same([reply.headers["www-authenticate"].startswith(challenge) for reply in replies], [True, True])

with check("REST: 403 names the missing scope, over MCP too"):
    replies = [call("customers.create", customer(), READER), tool("customers.create", customer(), READER)]
    same([reply.status for reply in replies], [403, 403])
    for reply in replies:
        challenge = reply.headers["www-authenticate"]
        same('error="insufficient_scope"' in challenge and 'scope="invoices:write"' in challenge, True)

with check("REST: 401 and 403 carry the same challenge over MCP"):
    for headers in ({}, {"Authorization": "Bearer a/b"}, READER):
        replies = [call("customers.create", customer(), headers), tool("customers.create", customer(), headers)]
        rest, mcp = [reply.headers["www-authenticate"] for reply in replies]
        # Without credentials the MCP endpoint is closed before anybody knows which operation is meant.
        same(mcp, rest if headers else rest.replace('scope="invoices:write", ', ""))

with check("REST: 404 for a path that nothing serves, as a problem"):
    for path in ("/api/nope", "/nope", "/api/invoices/"):
        reply = send("GET", path)
        same((reply.status, reply.headers["content-type"]), (404, "application/problem+json"))

with check("REST: 405 says what is allowed"):
    reply = send("DELETE", "/api/customers")
    same((reply.status, reply.headers["allow"]), (405, "GET, HEAD, POST"))

with check("REST: 413 for a body that is too long, announced or not"):
    long = json.dumps(customer(name="a" * 1_200_000)).encode()
    same(call("customers.create", long).status, 413)
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(long), long)
    same(send("POST", "/api/customers", chunk, ANN | {"Transfer-Encoding": "chunked"}).status, 413)

with check("REST: 415 for a body that is not JSON"):
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        same(call("customers.create", b"name=Ada", ANN | {"Content-Type": kind}).status, 415)

with check("REST: a refusal of any operation is documented: text where JSON belongs"):
    for name, (method, path, _) in OPERATIONS.items():
        if method != "GET":
            call(name, b"x", ANN | {"Content-Type": "text/plain"}, id=NOBODY)

with check("REST: an unexpected body of an operation without input is refused as documented"):
    reply = call("invoices.send", {"surprise": 1}, id=NOBODY)
    same(reply.status, 422)
