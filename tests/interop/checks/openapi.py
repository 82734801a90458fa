"""Saves the OpenAPI document for the linters; it has to be 3.1 and name every operation once."""

import json
import sys

from wire import send

reply = send("GET", "/openapi.json", headers={})
assert reply.status == 200, reply.status
document = reply.json()
assert document["openapi"].startswith("3.1."), document["openapi"]
names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
assert names and len(names) == len(set(names)), names
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(document, file, indent=1)  # on lines, so that a linter can say where
