#!/usr/bin/env python3
"""Requests a second of a small static file, beside hypercorn on the same core, and of signed commands.

Our server and hypercorn (trio worker, h11) run side by side, pinned to one core; the client, in this process, has another.
Rounds alternate between the two. The client keeps its connections and sends the next request when the answer is whole, as
a browser does; it prints how busy it was, since a busy client would measure itself. Commands go to a whole device.
"""

import argparse
import json
import os
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# In place of this folder, whose http.py would stand for the standard library's package.
sys.path[0] = str(ROOT)

FILE_NAME = "app.js"
FILE_BYTES = 4096
CONNECTIONS = 8
PROFILE = "pi-zero"
# As Chromium asks for a script of a page it has open.
REQUEST = (
    b"GET /app.js HTTP/1.1\r\nHost: 127.0.0.1:8040\r\nConnection: keep-alive\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\n"
    b"Accept: */*\r\nReferer: http://127.0.0.1:8040/\r\nAccept-Encoding: gzip, deflate, br\r\nAccept-Language: en-US,en;q=0.9\r\n\r\n"
)


# The two servers, each in a process of its own: `python http.py serve NAME DESCRIPTOR FOLDER`.


def serve_ours(listener, folder):
    import trio

    from leither_edge.http import Limits, Router, StaticFiles, serve
    from leither_edge.observe.counters import Counters
    from leither_edge.observe.log import Log
    from leither_edge.profile import load

    listener.setblocking(False)
    router = Router()
    router.add_fallback(StaticFiles(folder, cache_bytes=256 * 1024))
    trio.run(serve, router, [listener], Limits.from_profile(load(PROFILE)), Counters(), Log())


def serve_hypercorn(listener, folder):
    import trio
    from hypercorn.config import Config
    from hypercorn.trio import serve

    content = (Path(folder) / FILE_NAME).read_bytes()
    etag = b'"%x"' % hash(content)
    headers = [
        (b"content-type", b"text/javascript; charset=utf-8"),
        (b"content-length", b"%d" % len(content)),
        (b"etag", etag),
        (b"cache-control", b"no-cache"),
        (b"x-content-type-options", b"nosniff"),
        (b"accept-ranges", b"bytes"),
    ]

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": message["type"] + ".complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        asked = dict(scope["headers"])
        if scope["path"] != "/" + FILE_NAME:
            await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
        elif asked.get(b"if-none-match") == etag:
            await send({"type": "http.response.start", "status": 304, "headers": [(b"etag", etag)]})
            await send({"type": "http.response.body", "body": b""})
        else:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": content})

    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.errorlog = None
    # Its default closes a connection after 1,000 requests; reconnecting would only slow it.
    config.keep_alive_max_requests = 1 << 30
    trio.run(serve, app, config)


SERVERS = {"ours": serve_ours, "hypercorn": serve_hypercorn}


class ServerProcess:
    """One of SERVERS, listening on a free loopback port."""

    def __init__(self, name, folder):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            number = listener.fileno()
            self.process = subprocess.Popen([sys.executable, __file__, "serve", name, str(number), folder], pass_fds=[number])

    def stop(self):
        self.process.terminate()
        self.process.wait()


# The client


def load(port, seconds):
    """(requests a second, share of a core the client used) of CONNECTIONS kept connections to a port."""
    poll = select.epoll()
    connections, expected, received = {}, {}, {}
    for _ in range(CONNECTIONS):
        connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The first answer says how long each of them is.
        connection.sendall(REQUEST)
        number = connection.fileno()
        connections[number], expected[number], received[number] = connection, answer_bytes(connection), 0
        poll.register(number, select.EPOLLIN)
    done = 0
    cpu, started = time.process_time(), time.perf_counter()
    end = started + seconds
    for connection in connections.values():
        connection.send(REQUEST)
    while time.perf_counter() < end:
        for number, _ in poll.poll():
            connection = connections[number]
            data = connection.recv(65536)
            if not data or received[number] == 0 and not data.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"the server on port {port} gave up: {data[:100]}")
            received[number] += len(data)
            if received[number] == expected[number]:
                received[number] = 0
                done += 1
                connection.send(REQUEST)
    took = time.perf_counter() - started
    busy = (time.process_time() - cpu) / took
    for connection in connections.values():
        connection.close()
    return done / took, busy


def answer_bytes(connection):
    """Read one answer; its length in bytes, checked against what must have come."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head = data.index(b"\r\n\r\n") + 4
    while len(data) < head + FILE_BYTES:
        data += connection.recv(65536)
    if not data.startswith(b"HTTP/1.1 200") or b"content-length: %d" % FILE_BYTES not in data.lower() or len(data) != head + FILE_BYTES:
        raise SystemExit(f"not the file: {data[:200]}")
    return len(data)


# Measuring


def pin(core):
    """Stay on one core; processes started from here inherit it."""
    if core is not None:
        os.sched_setaffinity(0, {core})


def cores():
    """(server's core, client's core), or (None, None) where there is no choice."""
    available = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return (available[0], available[1]) if len(available) > 1 else (None, None)


def measure_files(rounds, seconds, server_core, client_core):
    """Requests a second by server, one entry a round, and the client's busiest share."""
    seen, busiest = {name: [] for name in SERVERS}, 0.0
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / FILE_NAME).write_bytes((b"export const answer = 42;\n" * FILE_BYTES)[:FILE_BYTES])
        pin(server_core)
        servers = {name: ServerProcess(name, folder) for name in SERVERS}
        pin(client_core)
        try:
            for server in servers.values():
                load(server.port, 0.3)  # warm up
            for _ in range(rounds):
                for name, server in servers.items():
                    rate, busy = load(server.port, seconds)
                    seen[name].append(rate)
                    busiest = max(busiest, busy)
        finally:
            for server in servers.values():
                server.stop()
    return seen, busiest


def measure_commands(rounds, count, server_core, client_core):
    """Signed commands a second of one controller on one connection: (of status, of config-set), medians over rounds."""
    from tests.device_process import Controller, DeviceProcess

    seen = {"status": [], "config-set": []}
    with tempfile.TemporaryDirectory() as folder:
        pin(server_core)
        with DeviceProcess(folder, profile=PROFILE) as device:
            pin(client_core)
            owner = Controller(device.port)
            if owner.claim(device.token)[0] != 200:
                raise SystemExit("the device would not be claimed")
            for turn in range(rounds + 1):
                for verb, rates in seen.items():
                    arguments = {"name": f"name {turn}"} if verb == "config-set" else None
                    # Signing is the controller's work, so it is done before the clock starts, and checking after.
                    commands = [owner.command(verb, arguments) for _ in range(count)]
                    started = time.perf_counter()
                    answers = [owner.request("POST", "/command", command) for command in commands]
                    rate = count / (time.perf_counter() - started)
                    for status, body in answers[:: count // 10]:
                        check_answer(owner, status, body)
                    if turn > 0:
                        rates.append(rate)
    return statistics.median(seen["status"]), statistics.median(seen["config-set"])


def check_answer(owner, status, body):
    from leither_edge.core.command import open_answer
    from leither_edge.crypto.sodium import verify

    if status != 200 or open_answer(body, owner.device_key, verify).status != "done":
        raise SystemExit(f"a command was not done: {status}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, under 45 s")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()

    server_core, client_core = cores()
    rounds, seconds, count = (5, 1.2, 200) if options.quick else (11, 4, 1000)
    files, busy = measure_files(rounds, seconds, server_core, client_core)
    status_rate, config_rate = measure_commands(3 if options.quick else 7, count, server_core, client_core)

    ratio = statistics.median(ours / theirs for ours, theirs in zip(files["ours"], files["hypercorn"], strict=True))
    figures = {
        "file_ratio_vs_hypercorn": round(ratio, 2),
        "commands_per_s": round(status_rate, 1),
        "config_commands_per_s": round(config_rate, 1),
        "file_per_s": round(statistics.median(files["ours"]), 1),
        "hypercorn_file_per_s": round(statistics.median(files["hypercorn"]), 1),
        "client_busy": round(busy, 2),
        "pinned": server_core is not None,
    }
    if options.json:
        print(json.dumps(figures))
        return
    print(f"Requests a second: a file of {FILE_BYTES} bytes, {CONNECTIONS} kept connections, medians of {rounds} alternating rounds")
    print(f"  {'ours':34} {figures['file_per_s']:10,.0f}   {ratio:.2f} times hypercorn, at least 1.5 (rounds: {spread(files['ours'])})")
    print(f"  {'hypercorn, trio worker, h11':34} {figures['hypercorn_file_per_s']:10,.0f}   (rounds: {spread(files['hypercorn'])})")
    print(f"  the client was busy {busy:.0%} of its core at most; servers and client {'' if figures['pinned'] else 'NOT '}pinned apart")
    print("Signed commands a second: one controller, one connection, every one durable before its answer")
    print(f"  {'status':34} {status_rate:10,.0f}\n  {'config-set':34} {config_rate:10,.0f}")


def spread(rates):
    return f"{min(rates):,.0f} to {max(rates):,.0f}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        SERVERS[sys.argv[2]](socket.socket(fileno=int(sys.argv[3])), sys.argv[4])
    else:
        main()
