"""One line per check: `ok   PostgreSQL · REST: …` or `FAIL … : why`."""

import os
from contextlib import contextmanager

ON = os.environ["INTEROP_ON"]
URL = os.environ["INTEROP_URL"]


def line(mark, name, why=""):
    print(f"{mark:4} {ON} · {name}{': ' + ' '.join(why.split())[:600] if why else ''}", flush=True)


@contextmanager
def check(name):
    """The check passes unless its body raises; the next one runs in any case."""
    try:
        yield
    except Exception as error:  # a check may fail in any way
        line("FAIL", name, str(error) or type(error).__name__)
    else:
        line("ok", name)


def same(got, expected):
    if got != expected:
        raise AssertionError(f"got {got!r}, expected {expected!r}")
