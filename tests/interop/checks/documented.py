"""Holds replies against the OpenAPI document: only what it says may be answered."""

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from wire import send

DOCUMENT = send("GET", "/openapi.json", headers={}).json()
REGISTRY = Registry().with_resource("urn:api", DRAFT202012.create_resource(DOCUMENT))
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
# A report as CSV is for programs: `.tool(false)`.
TOOLS = {name: operation for name, operation in OPERATIONS.items() if name != "reports.overdue_csv"}


def escaped(part):
    return part.replace("~", "~0").replace("/", "~1")


def call(name, body=None, headers=None, query="", **path):
    """Calls an operation and checks status, content type and body of the reply against its description."""
    method, template, operation = OPERATIONS[name]
    target = DOCUMENT["servers"][0]["url"] + template.format(**path) + query
    reply = send(method, target, body, headers)
    status = str(reply.status)
    described = operation["responses"].get(status)
    if described is None:
        raise AssertionError(f"{method} {target}: {status} is not documented: {reply.body[:200]!r}")
    place = f"#/paths/{escaped(template)}/{method.lower()}/responses/{status}"
    if "$ref" in described:
        place = described["$ref"]
        described = DOCUMENT["components"]["responses"][place.rsplit("/", 1)[1]]
    kind = reply.headers.get("content-type")
    if kind not in described.get("content", {}):
        raise AssertionError(f"{method} {target}: {status} with {kind} is not documented")
    schema = {"$ref": f"urn:api{place}/content/{escaped(kind)}/schema"}
    valid(reply.json(), schema, f"{method} {target}: {status}")
    return reply


def valid(value, schema, what):
    validator = Draft202012Validator(schema, registry=REGISTRY, format_checker=FormatChecker())
    wrong = [f"{'/'.join(map(str, error.path))} {error.message}" for error in validator.iter_errors(value)]
    if wrong:
        raise AssertionError(f"{what}: {wrong}")
