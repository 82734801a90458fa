"""What `relay.py` kept, as messages: what the server said, in which revision, and in answer to which methods."""

import json
from dataclasses import dataclass

VERSION = "io.modelcontextprotocol/protocolVersion"


@dataclass(frozen=True)
class Said:
    """A message of the server. `method` is what it answers; a notification or a request of the server has its own."""

    transport: str
    revision: str
    method: str | None
    message: dict


def of(folder):
    """All messages of the server."""
    for path in sorted(folder.glob("*.in")):
        asked, answered = path.read_bytes(), path.with_suffix(".out").read_bytes()
        if path.name.startswith("http"):
            yield from of_connection(asked, answered)
        else:
            yield from of_pipes(asked, answered)


def of_pipes(asked, answered):
    asked, answered = lines(asked), lines(answered)
    methods = {key(message): message["method"] for message in asked if "method" in message}
    revision = next((version for message in asked if (version := claimed(message))), None)
    revision = revision or next((version for message in answered if (version := agreed(message))), None)
    for message in answered:
        yield Said("stdio", revision, message.get("method") or methods.get(key(message)), message)


def of_connection(asked, answered):
    """HTTP/1.1 answers requests in their order. A connection can end within an answer, or before it."""
    requests = list(http_messages(asked, has_body=lambda _: True))
    methods = iter([line.split()[0] for line, _, _ in requests])
    replies = http_messages(answered, has_body=lambda line: next(methods, "") != "HEAD")
    for (line, headers, body), (_, reply, content) in zip(requests, replies, strict=False):
        if line.split()[1] != "/mcp":
            continue
        sent = messages(json.loads(body)) if body else []
        known = {key(message): message["method"] for message in sent if "method" in message}
        kind = reply.get("content-type", "")
        if kind.startswith("text/event-stream"):
            said = [message for event in events(content) for message in messages(event)]
        else:
            said = messages(json.loads(content)) if kind.startswith("application/json") and content else []
        for message in said:
            revision = headers.get("mcp-protocol-version") or agreed(message)
            yield Said("HTTP", revision, message.get("method") or known.get(key(message)), message)


def http_messages(text, has_body):
    """First line, headers and body of each; the body of the last as far as it came."""
    while b"\r\n\r\n" in text:
        head, text = text.split(b"\r\n\r\n", 1)
        line, *fields = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, value in (field.split(":", 1) for field in fields)}
        if not has_body(line):
            body = b""
        elif headers.get("transfer-encoding") == "chunked":
            body, text = chunks(text)
        else:
            length = int(headers.get("content-length", 0))
            body, text = text[:length], text[length:]
        yield line, headers, body


def chunks(text):
    body = b""
    while b"\r\n" in text:
        size, text = text.split(b"\r\n", 1)
        size = int(size, 16)
        body, text = body + text[:size], text[size + 2 :]
        if size == 0:
            break
    return body, text


def events(text):
    """The data of each event that is whole and has any."""
    for event in text.decode().split("\n\n")[:-1]:
        data = [line[5:].removeprefix(" ") for line in event.split("\n") if line.startswith("data:")]
        if "".join(data):
            yield json.loads("\n".join(data))


def lines(text):
    """The messages of whole lines."""
    return [message for line in text.split(b"\n")[:-1] for message in messages(json.loads(line))]


def messages(value):
    """A message, or those of a batch."""
    return value if isinstance(value, list) else [value]


def key(message):
    return json.dumps(message.get("id"))


def claimed(message):
    return message.get("params", {}).get("_meta", {}).get(VERSION)


def agreed(message):
    return message.get("result", {}).get("protocolVersion")
