"""`tools/call` as raw JSON-RPC of 2026-07-28, for comparing its words with those of REST."""

from wire import ANN, JSON, send

MODERN = "2026-07-28"


def call(tool, arguments, headers=ANN):
    """The reply to a call of a tool."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params = {"name": tool, "arguments": arguments, "_meta": meta}
    routing = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": tool}
    accept = {"Accept": "application/json, text/event-stream"}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    return send("POST", "/mcp", message, JSON | accept | routing | headers)
