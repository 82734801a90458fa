"""FastMCP's client, in both eras, over HTTP and over stdio."""

import asyncio
import json
import os

from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
from fastmcp.exceptions import ToolError
from mcp.client.subscriptions import listen
from mcp.shared.exceptions import MCPError
from mcp_types import PromptReference

import talking
from documented import TOOLS
from report import URL, check, same
from wire import ANN, send

ERAS = {"auto": "2026-07-28", "2026-07-28": "2026-07-28", "legacy": "2025-11-25"}
WRONG = {"name": "", "email": "nowhere"}
NOBODY = "00000000-0000-0000-0000-000000000000"


def rest(path):
    return send("GET", f"/api{path}").json()


async def run(client, name, mode):
    version = ERAS[mode]

    def named(text):
        return check(f"FastMCP client, {name}: {text}")

    row = rest("/invoices?status=sent&page_size=1")["items"][0]

    with named("connects"):
        # Where the version is given, it asks nothing before the first call, and knows no name yet.
        known = client.server_info.name if client.server_info else None
        same((client.protocol_version, known), (version, None if mode == version else "invoices"))

    with named("lists the operations of the OpenAPI document as tools"):
        same(sorted(tool.name for tool in await client.list_tools()), sorted(TOOLS))

    with named("calls invoices.list"):
        got = await client.call_tool("invoices.list", {"status": ["sent"], "page_size": 2})
        expected = rest("/invoices?status=sent&page_size=2")
        same((got.structured_content, json.loads(got.content[0].text)), (expected, expected))

    with named("is told what is wrong with both fields, in the words of REST"):
        try:
            await client.call_tool("customers.create", WRONG)
        except ToolError as error:
            same(json.loads(str(error)), send("POST", "/api/customers", WRONG).json())
        else:
            raise AssertionError("it was not refused")

    with named("lists the resource templates"):
        uris = [template.uri_template for template in await client.list_resource_templates()]
        same(("invoices://{id}" in uris, "customers://{id}" in uris), (True, True))

    with named("reads an invoice, and a list with its filter"):
        (content,) = await client.read_resource(f"invoices://{row['id']}")
        same(json.loads(content.text), rest(f"/invoices/{row['id']}"))
        (content,) = await client.read_resource("invoices://list?status=sent&page_size=2")
        same(json.loads(content.text), rest("/invoices?status=sent&page_size=2"))

    with named("a resource that is not there is named in the error"):
        uri = f"invoices://{NOBODY}"
        try:
            await client.read_resource(uri)
        except MCPError as error:
            code = -32602 if version >= "2026" else -32002
            same((error.error.code, error.error.data), (code, {"uri": uri}))
        else:
            raise AssertionError("it was not refused")

    with named("lists the prompt, gets it with the invoice embedded, and completes its arguments"):
        same([prompt.name for prompt in await client.list_prompts()], ["dunning_letter"])
        got = await client.get_prompt("dunning_letter", {"number": row["number"], "tone": "firm"})
        same(str(got.messages[1].content.resource.uri), f"invoices://{row['id']}")
        reference = PromptReference(type="ref/prompt", name="dunning_letter")
        got = await client.complete(reference, {"name": "number", "value": row["number"]})
        same(got.values, [row["number"]])


async def talk(name, version, connect, over_http):
    """The same client twice: one that nobody can ask, one whose user answers. It has no methods to subscribe; the session
    under it has."""
    name = f"FastMCP client, {name}"

    def calling(client):
        async def call(tool, arguments, progress=None):
            got = await client.call_tool(tool, arguments, progress_handler=progress, raise_on_error=False)
            return bool(got.is_error), got.content[0].text if got.content else ""

        return call

    async with connect() as client:
        await talking.incapable(calling(client), name, version)
    user = talking.User()

    async def elicit(_message, _response_type, params, context):
        return await user.elicit(context, params)

    async with connect(elicitation_handler=elicit, message_handler=user.told) as client:

        def listening(**wanted):
            return listen(client.session, **wanted)

        await talking.run(name, version, user, client.session, calling(client), listening, over_http)


async def main():
    env = {"DATABASE_URL": os.environ["DATABASE_URL"], "DIPTYCH_USER": "ann"}
    for mode, version in ERAS.items():
        async with Client(StreamableHttpTransport(f"{URL}/mcp", headers=ANN), mode=mode) as client:
            await run(client, f"{version}, {mode}", mode)

        def connect(**options):
            return Client(StreamableHttpTransport(f"{URL}/mcp", headers=ANN), mode=mode, **options)

        await talk(f"{version}, {mode}", version, connect, over_http=True)
        program = StdioTransport(os.environ["INTEROP_PROGRAM"], ["stdio"], env=env, keep_alive=False)
        async with Client(program, mode=mode) as client:
            await run(client, f"{version} over stdio, {mode}", mode)

        def connect(**options):
            program = StdioTransport(os.environ["INTEROP_PROGRAM"], ["stdio"], env=env, keep_alive=False)
            return Client(program, mode=mode, **options)

        await talk(f"{version} over stdio, {mode}", version, connect, over_http=False)


asyncio.run(main())
