"""What a client of either Python library hears and says while an operation runs: questions, changes, progress, cancelling.

The two libraries wrap the same session; what differs between them is in `client.py` and `fastmcp_client.py`.
"""

import asyncio
import json
from contextlib import suppress

from mcp.client.subscriptions import ResourceUpdated
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitResult, ResourceUpdatedNotification

from report import check, same
from scene import SETTLED, draft, locked, sent, status

PATIENCE = 20


class User:
    """Answers what a client asks, and keeps what a client is told."""

    def __init__(self):
        self.answer = None
        self.asked = []
        self.changed = asyncio.Queue()

    async def elicit(self, _context, params):
        self.asked.append(params)
        return self.answer

    async def told(self, message):
        if isinstance(message, ResourceUpdatedNotification):
            await self.changed.put(str(message.params.uri))


async def incapable(call, name, version):
    """A client without the capability is told what is missing; `call` gives whether a tool failed, and its text."""
    with check(f"{name}: a client that cannot be asked is told what is missing"):
        invoice, _ = draft()
        try:
            failed, text = await call("invoices.delete", {"id": invoice})
        except MCPError as error:
            required = error.error.data["requiredCapabilities"]
            same((version, error.error.code, required), ("2026-07-28", -32021, {"elicitation": {"form": {}}}))
        else:
            same((version, failed, json.loads(text)["code"]), ("2025-11-25", True, "input_required"))
        same(status(invoice), "draft")


async def run(name, version, user, session, call, listen, over_http):
    """All that a client can do. `call(tool, arguments, progress)` gives whether it failed, and its text."""

    def named(text):
        return check(f"{name}: {text}")

    with named("is asked, accepts, and the draft is deleted"):
        invoice, number = draft()
        user.answer = ElicitResult(action="accept", content={"sure": True})
        failed, _ = await call("invoices.delete", {"id": invoice})
        same((failed, status(invoice)), (False, 404))
        asked = user.asked.pop()
        same((number in asked.message, list(asked.requested_schema["properties"])), (True, ["sure"]))

    with named("is asked, does not confirm, and nothing is deleted"):
        invoice, _ = draft()
        for answer in (
            ElicitResult(action="decline"),
            ElicitResult(action="cancel"),
            ElicitResult(action="accept", content={"sure": False}),
        ):
            user.answer = answer
            failed, text = await call("invoices.delete", {"id": invoice})
            same((failed, json.loads(text)["code"], status(invoice)), (True, "not_confirmed", "draft"))

    with named("subscribes to an invoice, and hears that it was sent"):
        invoice, _ = draft()
        uri = f"invoices://{invoice}"

        async def change():
            # Changes are told in the process that made them: on stdio that is the client's own.
            if over_http:
                same(sent(invoice), "sent")
            else:
                same((await call("invoices.send", {"id": invoice}))[0], False)

        async with asyncio.timeout(PATIENCE):
            if version >= "2026":
                async with listen(resource_subscriptions=[uri]) as changes:
                    same(changes.honored.resource_subscriptions, [uri])
                    await change()
                    same(await anext(aiter(changes)), ResourceUpdated(uri=uri))
            else:
                await session.subscribe_resource(uri)
                await change()
                same(await user.changed.get(), uri)
                await session.unsubscribe_resource(uri)

    with named("hears how far the reminders are"):
        heard = []

        async def progress(done, total, message):
            heard.append((done, total))

        failed, text = await call("reports.reminders", {}, progress)
        written = len(json.loads(text)["reminders"])
        same((failed, written > 0, heard[-1]), (False, True, (written, written)))
        same(heard, sorted(set(heard)))

    with named("withdraws a call, and nothing is sent"):
        invoice, _ = draft()
        with locked(invoice):
            waiting = asyncio.create_task(call("invoices.send", {"id": invoice}))
            await asyncio.sleep(SETTLED)
            same(waiting.done(), False)
            waiting.cancel()
            with suppress(asyncio.CancelledError):
                await waiting
            await asyncio.sleep(SETTLED)
        await asyncio.sleep(SETTLED)
        same(status(invoice), "draft")
        same((await call("invoices.get", {"id": invoice}))[0], False)
