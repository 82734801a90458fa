"""One line per attack: `ok   SQLite · tokens · …` or `FAIL … : why`."""

import json
import os

from target import INSIDES

ON = os.environ.get("ATTACKS_ON", "SQLite")


class Table:
    def __init__(self, target, group):
        self.target, self.group = target, group
        self.passed = self.failed = 0

    def attack(self, name, do, unchanged=True, alive=True):
        """`do` raises when the attack succeeded. Unless it says otherwise, nothing in the database may have changed."""
        try:
            before = self.target.contents() if unchanged else None
            do()
            if unchanged and self.target.contents() != before:
                raise AssertionError("the database changed")
            if alive and self.target.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.target.process.returncode}")
        except Exception as error:  # an attack may fail in any way
            self.failed += 1
            why = " ".join(f"{type(error).__name__ if not isinstance(error, AssertionError) else ''} {error}".split())
            print(f"FAIL {ON} · {self.group} · {name}: {why[:500]}", flush=True)
        else:
            self.passed += 1
            print(f"ok   {ON} · {self.group} · {name}", flush=True)


def sound(reply):
    """What every answer has to be, whatever was sent: no fault, nothing of the insides, what its type says."""
    assert reply.status < 500, f"a fault: {reply}"
    found = [word for word in INSIDES if word in reply.text or any(word in value for _, value in reply.all)]
    assert not found, f"tells {found}: {reply}"
    kind = reply.headers.get("content-type", "")
    if reply.body and ("json" in kind):
        json.loads(reply.body)
    if reply.status >= 400 and reply.body and kind.startswith("text/html"):
        raise AssertionError(f"a page: {reply}")
    return reply


def refused(reply, *statuses):
    sound(reply)
    wanted = statuses or (401,)
    assert reply.status in wanted, f"wanted {wanted}, got {reply}"
    if reply.status == 401:
        assert "bearer" in reply.headers.get("www-authenticate", "").lower(), f"no challenge: {reply.all}"
    return reply


def not_done(reply):
    """An MCP answer that is an error of some kind, and sound."""
    sound(reply)
    if reply.status >= 400:
        return reply
    answer = reply.json()
    assert "error" in answer or answer["result"].get("isError"), f"was done: {reply}"
    return reply


def done(reply, status=200):
    sound(reply)
    assert reply.status == status, f"wanted {status}, got {reply}"
    if reply.headers.get("content-type", "").startswith(("application/json", "text/event-stream")):
        answer = reply.json()
        if isinstance(answer, dict) and answer.get("jsonrpc"):
            assert "error" not in answer and not answer["result"].get("isError"), f"was refused: {reply}"
    return reply


def said(reply):
    """The words of an answer without what names the call: to compare what two callers are told."""
    try:
        answer = reply.json()
    except ValueError:
        return reply.status, reply.text
    return reply.status, json.dumps(answer, sort_keys=True)
