"""MCP Inspector's command line, in each era it speaks, over HTTP and over stdio: one process for each call.

A process that makes one call can neither be asked nor listen: it has no method to subscribe, does not declare `elicitation`,
shows no progress, and is withdrawn by ending it.
"""

import json
import os
import subprocess

from documented import TOOLS
from report import URL, check, same
from scene import draft, status
from wire import ANN, send

PROGRAM = os.environ["INTEROP_PROGRAM"]
HTTP = [f"{URL}/mcp", "--transport", "http", "--header", f"Authorization: {ANN['Authorization']}"]
STDIO = [PROGRAM, "stdio", "-e", f"DATABASE_URL={os.environ['DATABASE_URL']}", "-e", "DIPTYCH_USER=ann"]
# What its exit codes say.
DONE, TOOL_ERROR = 0, 5


def asked(target, era, method, *options):
    """The code it ends with, and its JSON: on standard output, or on standard error for what went wrong."""
    command = ["mcp-inspector", "--cli", *target, "--protocol-era", era, "--format", "json", "--method", method]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=60)
    return done.returncode, json.loads(done.stdout or "null"), done.stderr


def result(target, era, method, *options):
    code, said, complaint = asked(target, era, method, *options)
    if code != DONE:
        raise AssertionError(f"it ended with {code}: {complaint}")
    return said["result"]


def run(name, target, era):
    def named(text):
        return check(f"Inspector, {name}: {text}")

    with named("lists the tools, with schemas that are portable"):
        tools = result(target, era, "tools/list", "--strict")["tools"]
        same(sorted(tool["name"] for tool in tools), sorted(TOOLS))

    with named("calls invoices.list"):
        wanted = ["--tool-name", "invoices.list", "--tool-arg", 'status=["sent"]', "page_size=2"]
        got = result(target, era, "tools/call", *wanted)
        expected = send("GET", "/api/invoices?status=sent&page_size=2").json()
        same((got["structuredContent"], json.loads(got["content"][0]["text"])), (expected, expected))

    with named("is told what is wrong"):
        code, said, _ = asked(target, era, "tools/call", "--tool-name", "invoices.list", "--tool-arg", "page=0")
        same((code, said["result"]["isError"]), (TOOL_ERROR, True))
        problem = json.loads(said["result"]["content"][0]["text"])
        same(problem, send("GET", "/api/invoices?page=0").json())

    with named("is told that it cannot be asked, and nothing is deleted"):
        invoice, _ = draft()
        code, said, complaint = asked(
            target, era, "tools/call", "--tool-name", "invoices.delete", "--tool-arg", f"id={invoice}"
        )
        if era == "legacy":
            problem = json.loads(said["result"]["content"][0]["text"])
            same((code, problem["code"]), (TOOL_ERROR, "input_required"))
        else:
            # Of an error of the protocol it shows the message alone, after what the server logged.
            same((code, said), (1, None))
            last = complaint.strip().splitlines()[-1]
            same(json.loads(last)["error"]["message"], "this call asks for something that the client cannot be asked")
        same(status(invoice), "draft")

    with named("lists the resource templates"):
        listed = result(target, era, "resources/templates/list")["resourceTemplates"]
        same("invoices://{id}" in [template["uriTemplate"] for template in listed], True)

    with named("reads a list by its URI"):
        (content,) = result(target, era, "resources/read", "--uri", "invoices://list?status=sent&page_size=2")["contents"]
        same(json.loads(content["text"]), send("GET", "/api/invoices?status=sent&page_size=2").json())

    with named("lists the prompt, and gets it with the invoice embedded"):
        same([prompt["name"] for prompt in result(target, era, "prompts/list")["prompts"]], ["dunning_letter"])
        row = send("GET", "/api/invoices?status=sent&page_size=1").json()["items"][0]
        wanted = ["--prompt-name", "dunning_letter", "--prompt-args", f"number={row['number']}"]
        got = result(target, era, "prompts/get", *wanted)
        same(got["messages"][1]["content"]["resource"]["uri"], f"invoices://{row['id']}")


for era, version in {"modern": "2026-07-28", "legacy": "2025-11-25", "auto": "2026-07-28"}.items():
    run(f"{version}, {era}", HTTP, era)
    run(f"{version} over stdio, {era}", STDIO, era)
