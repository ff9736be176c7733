"""A browser without a screen: keeps cookies, follows nothing by itself, finds the form token of a page."""

import re
from urllib.parse import urlencode

import h11
import trio


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {name.decode(): value.decode() for name, value in headers}
        self.cookies = [value.decode() for name, value in headers if name == b"set-cookie"]
        self.body = body
        self.text = body.decode("utf-8", "replace")

    @property
    def location(self):
        return self.headers.get("location")


async def send_raw(port, data):
    """Send bytes as they are and read the answer until the server closes or the answer is whole."""
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    async with stream:
        connection = h11.Connection(h11.CLIENT)
        connection.send(h11.Request(method="HEAD" if data.startswith(b"HEAD") else "GET", target="/", headers=[("Host", "x")]))
        connection.send(h11.EndOfMessage())
        await stream.send_all(data)
        status, headers, body = 0, [], b""
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await stream.receive_some(65536))
            elif isinstance(event, h11.Response):
                status, headers = event.status_code, list(event.headers)
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
                return Answer(status, headers, body)


class Browser:
    def __init__(self, port, host=None, language="en"):
        self.port = port
        self.host = host or f"127.0.0.1:{port}"
        self.language = language
        self.cookies = {}
        self.form_token = ""
        self.address = ""

    async def request(self, method, path, body=b"", **headers):
        lines = {"Host": self.host, "Accept-Language": self.language, "Connection": "close"}
        if self.cookies:
            lines["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        lines.update({name.replace("_", "-"): value for name, value in headers.items() if value is not None})
        if body or method == "POST":
            lines["Content-Length"] = str(len(body))
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
        answer = await send_raw(self.port, head.encode() + body)
        for cookie in answer.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        found = re.search(r'name="form_token" value="([0-9a-f]+)"', answer.text)
        if found:
            self.form_token = found[1]
        return answer

    async def get(self, path, **headers):
        return await self.request("GET", path, **headers)

    async def post(self, path, _origin="ours", _type="application/x-www-form-urlencoded", **fields):
        fields.setdefault("form_token", self.form_token)
        origin = f"http://{self.host}" if _origin == "ours" else _origin
        return await self.request("POST", path, urlencode(fields).encode(), Content_Type=_type, Origin=origin)
