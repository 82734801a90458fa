"""The official Python client, in both eras, over HTTP and over stdio."""

import asyncio
import json
import os
import secrets

import httpx2
from jsonschema import Draft202012Validator, FormatChecker
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp.types import PromptReference

import talking
from documented import TOOLS
from report import URL, check, same
from wire import ANN, send

ERAS = {"auto": "2026-07-28", "legacy": "2025-11-25"}
WRONG = {"name": "", "email": "nowhere"}
NOBODY = "00000000-0000-0000-0000-000000000000"


def rest(path):
    return send("GET", f"/api{path}").json()


def structured(tool, result):
    """The structured content of a result: as its schema says, and as its text says."""
    if result.is_error:
        raise AssertionError(result.content[0].text)
    Draft202012Validator(tool.output_schema, format_checker=FormatChecker()).validate(result.structured_content)
    same(json.loads(result.content[0].text), result.structured_content)
    return result.structured_content


async def tools_of(client):
    page = await client.list_tools()
    tools = list(page.tools)
    while page.next_cursor:
        page = await client.list_tools(cursor=page.next_cursor)
        tools += page.tools
    return {tool.name: tool for tool in tools}


async def refused(awaitable):
    try:
        await awaitable
    except MCPError as error:
        return error.error
    raise AssertionError("it was not refused")


async def run(client, name, version):
    def named(text):
        return check(f"Python client, {name}: {text}")

    row = rest("/invoices?status=sent&page_size=1")["items"][0]

    with named("connects"):
        same((client.protocol_version, client.server_info.name), (version, "invoices"))

    tools = {}
    with named("lists the operations of the OpenAPI document as tools"):
        tools = await tools_of(client)
        same(sorted(tools), sorted(TOOLS))

    with named("every schema of a tool is a schema"):
        for tool in tools.values():
            Draft202012Validator.check_schema(tool.input_schema)
            # What answers nothing, or text of a media type of its own, has none for its answer.
            same(tool.output_schema is None, tool.name in ("invoices.delete", "reports.export"))
            if tool.output_schema is not None:
                Draft202012Validator.check_schema(tool.output_schema)

    with named("calls invoices.list"):
        got = await client.call_tool("invoices.list", {"status": ["sent"], "order": ["-amount"], "page_size": 2})
        expected = rest("/invoices?status=sent&order=-amount&page_size=2")
        same(structured(tools["invoices.list"], got), expected)

    with named("every tool that only reads answers as its schema says"):
        wanted = {"id": row["id"], "text": "bl"}
        for tool in tools.values():
            if tool.annotations.read_only_hint:
                arguments = {name: wanted[name] for name in tool.input_schema.get("required", [])}
                if tool.name.startswith("customers."):
                    arguments = {key: row["customer_id"] for key in arguments}
                got = await client.call_tool(tool.name, arguments)
                if tool.output_schema is None:
                    same((got.is_error, got.structured_content), (False, None))
                else:
                    structured(tool, got)

    with named("calls customers.create"):
        new = {"name": "Grace", "email": f"{secrets.token_hex(6)}@example.com"}
        got = structured(tools["customers.create"], await client.call_tool("customers.create", new))
        same(rest(f"/customers/{got['id']}"), got)

    with named("is told what is wrong with both fields, in the words of REST"):
        got = await client.call_tool("customers.create", WRONG)
        same((got.is_error, got.structured_content), (True, None))
        problem = json.loads(got.content[0].text)
        same(sorted(error["pointer"] for error in problem["errors"]), ["/email", "/name"])
        same(problem, send("POST", "/api/customers", WRONG).json())

    with named("an unknown tool is -32602"):
        same((await refused(client.call_tool("nope", {}))).code, -32602)

    with named("lists the resource templates"):
        got = await client.list_resource_templates()
        uris = sorted(template.uri_template for template in got.resource_templates)
        listed = "invoices://list{?status*,customer_id,number,search,fields*,include,order,page,page_size}"
        same(uris, ["customers://{id}", listed, "invoices://{id}"])

    with named("reads an invoice"):
        uri = f"invoices://{row['id']}"
        (content,) = (await client.read_resource(uri)).contents
        same((str(content.uri), content.mime_type), (uri, "application/json"))
        same(json.loads(content.text), rest(f"/invoices/{row['id']}"))

    with named("reads a list with its filter, order and page"):
        query = "status=sent&order=-amount&page_size=2"
        (content,) = (await client.read_resource(f"invoices://list?{query}")).contents
        same(json.loads(content.text), rest(f"/invoices?{query}"))

    with named("a resource that is not there is named in the error"):
        error = await refused(client.read_resource(f"invoices://{NOBODY}"))
        code = -32602 if version >= "2026" else -32002
        same((error.code, error.data), (code, {"uri": f"invoices://{NOBODY}"}))

    with named("lists the prompt"):
        (prompt,) = (await client.list_prompts()).prompts
        same((prompt.name, prompt.title), ("dunning_letter", "Dunning letter"))
        same([(argument.name, argument.required) for argument in prompt.arguments], [("number", True), ("tone", False)])

    with named("gets the prompt, with the invoice embedded"):
        got = await client.get_prompt("dunning_letter", {"number": row["number"], "tone": "firm"})
        same([message.role for message in got.messages], ["user", "user"])
        embedded = got.messages[1].content.resource
        read = rest(f"/invoices/{row['id']}")
        # What can be done now is said to who reads, and not kept in letters.
        shown = json.loads(embedded.text) | {"actions": read["actions"]}
        same((str(embedded.uri), shown), (f"invoices://{row['id']}", read))

    with named("completes the prompt's arguments"):
        reference = PromptReference(type="ref/prompt", name="dunning_letter")
        got = (await client.complete(reference, {"name": "number", "value": row["number"]})).completion
        same((got.values, got.total, got.has_more), ([row["number"]], 1, False))
        got = (await client.complete(reference, {"name": "tone", "value": "fi"})).completion
        same(got.values, ["firm", "final"])

    with named("a prompt that does not exist, or lacks an argument, is -32602"):
        same((await refused(client.get_prompt("nope"))).code, -32602)
        error = await refused(client.get_prompt("dunning_letter"))
        same((error.code, error.data["errors"][0]["pointer"]), (-32602, "/number"))


def calling(client):
    """How `talking` calls a tool."""

    async def call(tool, arguments, progress=None):
        got = await client.call_tool(tool, arguments, progress_callback=progress)
        return bool(got.is_error), got.content[0].text if got.content else ""

    return call


async def talk(name, version, connect, over_http):
    """The same client twice: one that nobody can ask, one whose user answers."""
    name = f"Python client, {name}"
    async with connect() as client:
        await talking.incapable(calling(client), name, version)
    user = talking.User()
    async with connect(elicitation_callback=user.elicit, message_handler=user.told) as client:
        await talking.run(name, version, user, client, calling(client), client.listen, over_http)


async def main():
    for mode, version in ERAS.items():
        async with httpx2.AsyncClient(headers=ANN) as http:
            async with Client(streamable_http_client(f"{URL}/mcp", http_client=http), mode=mode) as client:
                await run(client, version, version)

            def connect(**options):
                return Client(streamable_http_client(f"{URL}/mcp", http_client=http), mode=mode, **options)

            await talk(version, version, connect, over_http=True)
    env = {"DATABASE_URL": os.environ["DATABASE_URL"], "DIPTYCH_USER": "ann"}
    program = StdioServerParameters(command=os.environ["INTEROP_PROGRAM"], args=["stdio"], env=env)
    for mode, version in ERAS.items():
        async with Client(program, mode=mode) as client:
            await run(client, f"{version} over stdio", version)

        def connect(**options):
            return Client(program, mode=mode, **options)

        await talk(f"{version} over stdio", version, connect, over_http=False)
    with check("Python client: a caller with fewer scopes is shown fewer tools"):
        async with httpx2.AsyncClient(headers={"Authorization": "Bearer ann+invoices:read"}) as http:
            async with Client(streamable_http_client(f"{URL}/mcp", http_client=http)) as client:
                shown = await tools_of(client)
        reading = {name for name, (method, *_) in TOOLS.items() if method == "GET" and name != "audit.list"}
        same(sorted(shown), sorted(reading))


asyncio.run(main())
