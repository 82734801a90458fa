"""Lies between a client and the server, and keeps what both said, as it was on the wire.

    relay.py http URL FOLDER                    a server that passes on connections; prints its own URL
    relay.py stdio FOLDER PROGRAM [ARGUMENT…]   a program that passes on its input and output

Each connection, or run of the program, leaves two files: `NAME.in` is what the client said, `NAME.out` what the server said.
`traffic.py` reads them.
"""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

CHUNK = 65536


async def pump(reader, writer, path):
    """Passes on until one side ends; then the other one ends as well, as it would without a relay."""
    with path.open("wb", buffering=0) as kept, suppress(ConnectionError):
        while chunk := await reader.read(CHUNK):
            kept.write(chunk)
            writer.write(chunk)
            await writer.drain()
    writer.close()


async def http(url, folder):
    host = urlsplit(url)
    numbers = count()

    async def connected(reader, writer):
        name = folder / f"http-{next(numbers):05}"
        to_server = await asyncio.open_connection(host.hostname, host.port)
        asking = pump(reader, to_server[1], name.with_suffix(".in"))
        answering = pump(to_server[0], writer, name.with_suffix(".out"))
        await asyncio.gather(asking, answering)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def stdio(folder, program):
    name = folder / f"stdio-{os.getpid()}"
    server = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())

    def pass_on(source, target, path):
        with path.open("wb", buffering=0) as kept, suppress(BrokenPipeError):
            while chunk := os.read(source, CHUNK):
                kept.write(chunk)
                while chunk:
                    chunk = chunk[os.write(target, chunk) :]

    def asking():
        pass_on(sys.stdin.fileno(), server.stdin.fileno(), name.with_suffix(".in"))
        server.stdin.close()

    threading.Thread(target=asking, daemon=True).start()
    pass_on(server.stdout.fileno(), sys.stdout.fileno(), name.with_suffix(".out"))
    return server.wait()


if __name__ == "__main__":
    if sys.argv[1] == "http":
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        asyncio.run(http(sys.argv[2], Path(sys.argv[3])))
    else:
        os._exit(stdio(Path(sys.argv[2]), sys.argv[3:]))
