"""The phone's browser: a JSON object a line in, one out. It runs inside the phone's network namespace."""

import http.client
import json
import os
import re
import socket
import struct
import sys
from urllib.parse import urlencode

PORTAL = "192.168.4.1"
LIMIT_S = 8 * float(os.environ.get("PATIENCE", "1"))
cookies = {}
form_token = ""


def fetched(method, host, path, body=None):
    """One request; {"status", "location", "text"}."""
    global form_token
    connection = http.client.HTTPConnection(PORTAL, 80, timeout=LIMIT_S)
    headers = {"Host": host, "Accept-Language": "en", "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    if body is not None:
        headers.update({"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://{host}"})
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode(errors="replace")
    for name, value in answer.getheaders():
        if name.lower() == "set-cookie":
            key, _, value = value.partition(";")[0].partition("=")
            cookies[key] = value
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', text)
    if found:
        form_token = found[1]
    connection.close()
    return {"status": answer.status, "location": answer.getheader("Location"), "text": text}


def resolved(name, server):
    """Every IPv4 address a DNS server gives for a name."""
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0" + struct.pack(">HH", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(LIMIT_S)
        sock.sendto(struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + question, (server, 53))
        answer = sock.recv(512)
    return {"addresses": [socket.inet_ntoa(answer[-4:])] if struct.unpack(">H", answer[6:8])[0] else []}


def done(asked):
    if asked["do"] == "get":
        return fetched("GET", asked["host"], asked["path"])
    if asked["do"] == "post":
        return fetched("POST", asked["host"], asked["path"], urlencode({**asked["fields"], "form_token": form_token}))
    return resolved(asked["name"], asked["server"])


for line in sys.stdin:
    try:
        said = done(json.loads(line))
    except (OSError, http.client.HTTPException) as error:
        said = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(said), flush=True)
