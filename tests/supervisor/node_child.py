"""A stand-in for the node: says it is ready, beats, and then does one thing, named by --do. Standard library only."""

import os
import signal
import socket
import sys
import time

_options = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=False))
STATE = _options["--state"]
ACTION = _options.get("--do", "serve")
control = socket.socket(fileno=int(os.environ["LEITHER_SUPERVISOR_FD"]))


def note(text):
    """Leave a trace outside the state folder (it may be wiped): one line a life."""
    trace = os.environ.get("TRACE")
    if trace:
        with open(trace, "a") as file:
            file.write(text + "\n")


def say(text):
    os.write(2, text.encode() + b"\n")


def ready():
    control.send(b'{"ready":{"text":"node ready %d"}}' % os.getpid())


def ask(verb, arguments="{}"):
    control.send(b'{"id":1,"verb":"%s","args":%s}' % (verb.encode(), arguments.encode()))
    return control.recv(65536).decode()


def serve():
    for number in range(1, 10**9):
        control.send(b'{"beat":%d}' % number)
        control.settimeout(0.02)
        try:
            if not control.recv(65536):
                os._exit(9)
        except TimeoutError:
            pass


def first_life(name):
    """True once a state folder."""
    path = os.path.join(STATE, name)
    if os.path.exists(path):
        return False
    open(path, "w").close()
    return True


note(f"life {os.getpid()} files={','.join(sorted(os.listdir(STATE)))}")
if ACTION == "refuse":
    say("The store is damaged. Restore a backup.")
    sys.exit(1)
if ACTION == "usage":
    say("usage")
    sys.exit(2)
if ACTION == "never-ready":
    time.sleep(1000)
if ACTION == "ignore-term":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if ACTION == "graceful":
    signal.signal(signal.SIGTERM, lambda *_: (note("term"), os._exit(0)))
say("info child-start secret=\x1b[31mred")
ready()
control.send(b'{"beat":0}')
if ACTION == "crash" and first_life("crashed"):
    say("error about to crash")
    os.abort()
if ACTION == "hang" and first_life("hung"):
    say("error about to hang")
    time.sleep(1000)
if ACTION == "again" and first_life("again"):
    time.sleep(float(_options.get("--for", "0.2")))
    sys.exit(75)
if ACTION == "loop-crash":
    sys.exit(3)
if ACTION == "garbage":
    import random

    generator = random.Random(int(_options.get("--seed", "1")))
    samples = [
        b"",
        b"{}",
        b"[]",
        b"[" * 50000,
        b"\xff\xfe",
        b'{"id":1}',
        b'{"id":1,"verb":"no","args":{}}',
        b'{"beat":-1}',
        b'{"beat":1e9}',
        b'{"id":true,"verb":"info","args":{}}',
        b'{"id":2,"verb":["a"],"args":{}}',
        b"x" * 70000,
        b'{"id":3,"verb":"wifi_join","args":{"ssid":"\\ud800"}}',
        b'{"id":4,"verb":"logs","args":{"limit":9999}}',
        b'{"ready":{"text":5}}',
        b'{"id":5,"verb":"info","args":[]}',
        b'{"id":5,"id":5,"verb":"info","args":{}}',
        b'{"id":6,"verb":"info","args":{"x":NaN}}',
        b'{"id":1,"verb":"__init__","args":{}}',
        b'{"beat":' + b"9" * 9000 + b"}",
    ]
    for turn in range(400):
        packet = bytearray(generator.choice(samples))
        if packet and generator.random() < 0.5:
            for _ in range(generator.randint(1, 4)):
                packet[generator.randrange(len(packet))] = generator.randrange(256)
        control.send(packet)
        if turn % 50 == 49:
            control.setblocking(False)
            try:
                while control.recv(65536):
                    pass
            except BlockingIOError:
                pass
            control.setblocking(True)
    control.settimeout(2)
    control.send(b'{"id":77,"verb":"supervisor_status","args":{}}')
    while True:
        answer = control.recv(65536)
        if b'"id":77,' in answer:
            note("status " + answer.decode())
            break
if ACTION == "ask":
    for verb in _options["--verbs"].split(","):
        note(ask(verb))
if ACTION in ("reboot", "factory_reset") and not os.path.exists(os.environ["TRACE"] + ".asked"):
    open(os.environ["TRACE"] + ".asked", "w").close()
    os.makedirs(os.path.join(STATE, "deep", "er"))
    open(os.path.join(STATE, "deep", "er", "secret"), "w").close()
    os.symlink("/", os.path.join(STATE, "link"))
    note(ask(ACTION))
serve()
