"""The official Python client signs in by itself: from the 401 to a token of the local issuer, and on to more scopes."""

import asyncio
import base64
import json
import os
import secrets
import subprocess
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata, OAuthToken

from report import URL, check, same
from wire import send

ERAS = {"auto": "2026-07-28", "legacy": "2025-11-25"}
REDIRECT = "http://127.0.0.1:1/callback"
MCP = f"{URL}/mcp"


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def issued(*arguments):
    """A token from the command line, which reads the key of the server."""
    program, folder = os.environ["INTEROP_PROGRAM"], os.environ["INTEROP_FOLDER"]
    done = subprocess.run([program, "token", "ann", *arguments], cwd=folder, capture_output=True, text=True, timeout=20)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout.strip()


class Storage:
    """Keeps what a client has for as long as the check."""

    def __init__(self, token=None):
        self.tokens = OAuthToken(access_token=token, scope=claims(token)["scope"]) if token else None
        self.client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


class Browser:
    """The user's browser; the issuer is told to sign everybody in as ann, so that nothing has to be typed."""

    def __init__(self):
        self.asked = []

    async def open(self, url):
        self.asked.append(parse_qs(urlsplit(url).query))
        async with httpx2.AsyncClient(follow_redirects=False) as http:
            reply = await http.get(url)
        same(reply.status_code, 302)
        target = reply.headers["location"]
        same(target.split("?")[0], REDIRECT)
        self.answer = {name: value for name, (value,) in parse_qs(urlsplit(target).query).items()}

    async def code(self):
        return AuthorizationCodeResult(code=self.answer["code"], state=self.answer["state"], iss=self.answer["iss"])


def provider(storage, browser):
    about = OAuthClientMetadata(redirect_uris=[REDIRECT], client_name="Interop", token_endpoint_auth_method="none")
    return OAuthClientProvider(MCP, about, storage, browser.open, browser.code)


def connected(auth, mode):
    http = httpx2.AsyncClient(auth=auth)
    return Client(streamable_http_client(MCP, http_client=http), mode=mode)


async def run(mode, version):
    def named(text):
        return check(f"Python client, {version}, signing in: {text}")

    storage, browser = Storage(), Browser()
    with named("finds the issuer, registers, signs in, lists and calls a tool"):
        async with connected(provider(storage, browser), mode) as client:
            tools = [tool.name for tool in (await client.list_tools()).tools]
            got = await client.call_tool("invoices.list", {"page_size": 1})
        same(("invoices.list" in tools, got.is_error), (True, False))

    with named("is given a token for this endpoint alone, by this issuer"):
        said = claims(storage.tokens.access_token)
        same((said["sub"], said["aud"], said["iss"]), ("ann", MCP, f"{URL}/issuer"))
        same(browser.asked[0]["resource"], [MCP])
        same(browser.answer["iss"], f"{URL}/issuer")

    with named("refreshes its token, and gets another to refresh with"):
        storage, browser = Storage(), Browser()
        auth = provider(storage, browser)
        async with connected(auth, mode) as client:
            await client.call_tool("invoices.list", {"page_size": 1})
            before = storage.tokens
            auth.context.token_expiry_time = 1
            got = await client.call_tool("invoices.list", {"page_size": 1})
        same((got.is_error, len(browser.asked)), (False, 1))
        for name in ("access_token", "refresh_token"):
            if getattr(storage.tokens, name) == getattr(before, name):
                raise AssertionError(f"the {name} stayed the same")

    with named("steps up when a scope is missing"):
        storage, browser = Storage(issued("--scope", "invoices:read", "--audience", MCP)), Browser()
        async with connected(provider(storage, browser), mode) as client:
            await client.list_tools()
            same(browser.asked, [])
            new = {"name": "Grace", "email": f"{secrets.token_hex(6)}@example.com"}
            got = await client.call_tool("customers.create", new)
        same((got.is_error, len(browser.asked)), (False, 1))
        same(sorted(claims(storage.tokens.access_token)["scope"].split()), ["invoices:read", "invoices:write"])


def tokens():
    with check("tokens of the command line: one for this endpoint is good on REST and MCP"):
        bearer = {"Authorization": f"Bearer {issued('--audience', MCP)}"}
        same(send("GET", "/api/invoices?page_size=1", headers=bearer).status, 200)

    with check("tokens of the command line: one for another endpoint is refused, with where to get a good one"):
        other = {"Authorization": f"Bearer {issued('--audience', f'{URL}/mcp/other')}"}
        where = f'resource_metadata="{URL}/.well-known/oauth-protected-resource/mcp"'
        for method, path in [("GET", "/api/invoices"), ("POST", "/mcp"), ("GET", "/mcp"), ("DELETE", "/mcp")]:
            reply = send(method, path, headers=other)
            challenge = reply.headers["www-authenticate"]
            same((reply.status, 'error="invalid_token"' in challenge, where in challenge), (401, True, True))


async def main():
    tokens()
    for mode, version in ERAS.items():
        await run(mode, version)


asyncio.run(main())
