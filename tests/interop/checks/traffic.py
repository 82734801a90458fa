"""Holds all that the server said to the clients of this run against the official schemas: `traffic.py FOLDER`."""

import json
import sys
from collections import Counter
from functools import cache
from pathlib import Path

from jsonschema.validators import validator_for

import exchanges
from report import check

SCHEMAS = Path(__file__).parents[2] / "schema" / "mcp"
# What has to be among it, or nothing was checked: by revision, over each transport.
EXPECTED = {
    "2026-07-28": {
        "server/discover: result",
        "tools/call: result",
        "tools/call: input_required",
        "tools/call: error -32021",
        "notifications/progress",
        "notifications/subscriptions/acknowledged",
        "notifications/resources/updated",
    },
    "2025-11-25": {
        "initialize: result",
        "tools/call: result",
        "resources/subscribe: result",
        "elicitation/create",
        "notifications/progress",
        "notifications/resources/updated",
    },
}
# Errors that have a definition of their own.
ERRORS = {
    -32020: "HeaderMismatchError",
    -32021: "MissingRequiredClientCapabilityError",
    -32022: "UnsupportedProtocolVersionError",
}


@cache
def schema(revision):
    """The name under which definitions are kept, and the schema."""
    document = json.loads((SCHEMAS / f"{revision}.json").read_text())
    return ("$defs" if "$defs" in document else "definitions"), document


def defined(revision, name):
    place, document = schema(revision)
    return name in document[place]


@cache
def definition_of(revision, method):
    """The name of the request or notification of a method."""
    place, document = schema(revision)
    for name, definition in document[place].items():
        if definition.get("properties", {}).get("method", {}).get("const") == method:
            return name
    raise AssertionError(f"{revision} has no method {method}")


@cache
def validator(revision, name):
    place, document = schema(revision)
    one = {"$schema": document["$schema"], "$ref": f"#/{place}/{name}", place: document[place]}
    return validator_for(one)(one)


def is_a(revision, name, value):
    wrong = [f"{'/'.join(map(str, error.path))} {error.message[:200]}" for error in validator(revision, name).iter_errors(value)]
    if wrong:
        raise AssertionError(f"not a {name} of {revision}: {wrong}: {json.dumps(value)[:300]}")


def kind(said):
    """What a message is, in a few words; raises when it is not what it claims to be."""
    revision, message = said.revision, said.message
    if "method" in message:
        envelope = "JSONRPCRequest" if "id" in message else "JSONRPCNotification"
        is_a(revision, envelope, message)
        is_a(revision, definition_of(revision, said.method), message)
        return said.method
    if "error" in message:
        code = message["error"]["code"]
        plain = "JSONRPCErrorResponse" if defined(revision, "JSONRPCErrorResponse") else "JSONRPCError"
        name = ERRORS.get(code)
        is_a(revision, name if name and defined(revision, name) else plain, message)
        return f"{said.method}: error {code}"
    if said.method is None:
        raise AssertionError(f"nobody asked for {json.dumps(message)[:300]}")
    plain = "JSONRPCResultResponse" if defined(revision, "JSONRPCResultResponse") else "JSONRPCResponse"
    is_a(revision, plain, message)
    result = message["result"]
    if result.get("resultType") == "input_required":
        is_a(revision, "InputRequiredResult", result)
        return f"{said.method}: input_required"
    name = definition_of(revision, said.method).removesuffix("Request") + "Result"
    is_a(revision, name if defined(revision, name) else "EmptyResult", result)
    return f"{said.method}: result"


kinds, wrong = {}, {}
for said in exchanges.of(Path(sys.argv[1])):
    of = said.revision, said.transport
    try:
        kinds.setdefault(of, Counter())[kind(said)] += 1
    except AssertionError as error:
        wrong.setdefault(of, []).append(str(error))
for revision, expected in EXPECTED.items():
    for transport in ("HTTP", "stdio"):
        of = revision, transport
        with check(f"traffic, {revision}, {transport}: every message of the server is as the official schema says"):
            if of in wrong:
                raise AssertionError(f"{len(wrong[of])} are not, first: {wrong[of][0]}")
        with check(f"traffic, {revision}, {transport}: all kinds of messages were said"):
            missing = expected - kinds.get(of, {}).keys()
            if missing:
                raise AssertionError(f"never said: {sorted(missing)}")
with check("traffic: no other revision was spoken"):
    others = (kinds.keys() | wrong.keys()) - {(revision, on) for revision in EXPECTED for on in ("HTTP", "stdio")}
    if others:
        raise AssertionError(f"{others}: {[wrong.get(of) for of in others]}")
for (revision, transport), counted in kinds.items():
    counts = ", ".join(f"{number} {what}" for what, number in sorted(counted.items()))
    print(f"     {revision}, {transport}: {counts}", file=sys.stderr)
