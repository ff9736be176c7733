"""One connection to a running node: procedures, blocks, uploads. What comes back is bounded, and blocks are checked."""

import http.client
import json
from base64 import b64decode, b64encode
from collections import OrderedDict

from leither_edge.cli.failure import Failure
from leither_edge.cli.output import clean
from leither_edge.cli.transport import CONNECT_S, unreachable

# 1,000 MiMei with long words and tags, or as many changes with their values.
ANSWER_MAX_BYTES = 64 << 20
ERROR_MAX_BYTES = 4096
# 10,000 roots.
UPLOADED_MAX_BYTES = 1 << 20
# Folders are gone through name by name: their blocks are wanted again and again.
KEPT_BLOCKS = 256
_STATUS_CODES = {400: "bad-input", 401: "not-signed-in", 403: "forbidden", 404: "not-found", 409: "conflict", 410: "not-found",
                 413: "too-large", 503: "busy", 507: "quota"}  # fmt: skip


class Connection:
    """Keeps one connection to a node.

    Args:
        address: cli.address.Address.
        timeout: seconds without a byte after which a node counts as gone.
    """

    def __init__(self, address, timeout):
        self.address, self.timeout, self.sid = address, timeout, ""
        self._http = http.client.HTTPConnection(address.host, address.port, timeout=min(CONNECT_S, timeout))
        self._number = 0

    def another(self):
        """A second connection of the same session."""
        other = Connection(self.address, self.timeout)
        other.sid = self.sid
        return other

    def close(self):
        """Let the connection go."""
        self._http.close()

    def call(self, method, *params):
        """The result of a procedure. Raises MimeiError as the node's own, Failure."""
        self._number += 1
        message = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": [_outgoing(one) for one in params]}
        response = self._send("POST", "/rpc", json.dumps(message).encode(), {"Content-Type": "application/json"})
        if response.status != 200:
            raise self._refused(response)
        try:
            answer = json.loads(self._body(response, ANSWER_MAX_BYTES))
            if "error" in answer:
                error = answer["error"]
                raise error_of((error.get("data") or {}).get("code") or "failed", str(error["message"]))
            return _incoming(answer["result"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise self._no_node() from None

    def block(self, cid):
        """The bytes of a block, checked. Raises BlockMissing, BadBlock."""
        from leither_edge.mimei.errors import BlockMissing
        from leither_edge.mimei.ipld import cid as cids

        text = cids.to_text(cid)
        response = self._send("GET", f"/ipfs/{text}?format=raw", None, {"Accept": "application/vnd.ipld.raw"})
        if response.status in (404, 410, 451):
            self._body(response, ERROR_MAX_BYTES)
            raise BlockMissing(f"The block {text} is not on that node.", cid)
        if response.status != 200:
            raise self._refused(response)
        data = self._body(response, cids.BLOCK_MAX)
        cids.check(cid, data)
        return data

    def upload(self, method, path, pieces, size):
        """What the node answers (a dict) to a file sent to a path. Args: pieces (iterator of bytes), size (bytes, None: unknown)."""
        headers = {"Content-Type": "application/octet-stream"}
        headers["Transfer-Encoding" if size is None else "Content-Length"] = "chunked" if size is None else str(size)
        response = self._send(method, path, pieces, headers, chunked=size is None)
        if response.status not in (200, 201):
            raise self._refused(response)
        try:
            return dict(json.loads(self._body(response, UPLOADED_MAX_BYTES)))
        except (ValueError, TypeError):
            raise self._no_node() from None

    def _send(self, method, path, body, headers, chunked=False):
        headers = {"Host": self.address.host_header, "User-Agent": "leither", **headers}
        if self.sid:
            headers["Authorization"] = f"Bearer {self.sid}"
        # A node ends connections that nothing came over for a while; what was sent on one that had ended is sent again.
        again = self._http.sock is not None and (body is None or isinstance(body, bytes))
        connected = self._http.sock is not None
        while True:
            try:
                try:
                    if self._http.sock is None:
                        self._http.connect()
                        self._http.sock.settimeout(self.timeout)
                    self._http.request(method, path, body, headers, encode_chunked=chunked)
                    connected = True
                except BrokenPipeError:
                    # It refused before all was sent, and says why.
                    if not hasattr(body, "__next__"):
                        raise
                return self._http.getresponse()
            except (http.client.HTTPException, OSError) as error:
                self._http.close()
                if again and not isinstance(error, TimeoutError):
                    again = False
                    continue
                if isinstance(error, http.client.HTTPException) and not isinstance(error, ConnectionError):
                    raise self._no_node() from None
                raise unreachable(self.address, error, self.timeout if connected else CONNECT_S, connected) from None

    def _body(self, response, max_bytes):
        try:
            data = response.read(max_bytes + 1)
        except (http.client.HTTPException, OSError) as error:
            self._http.close()
            raise unreachable(self.address, error if isinstance(error, OSError) else ConnectionResetError(), self.timeout, True) from None
        if len(data) > max_bytes:
            self._http.close()
            raise Failure(
                f"{self.address} sent more than {max_bytes} bytes.", "No node does that.", "Check the address.", code="not-a-node"
            )
        return data

    def _refused(self, response):
        text = self._body(response, ANSWER_MAX_BYTES)[:ERROR_MAX_BYTES].decode("utf-8", "replace")
        if response.status == 404 and "/rpc" in text or response.status in (405, 501):
            return self._no_node()
        return error_of(_STATUS_CODES.get(response.status, "failed"), text.strip() or f"The node answered with status {response.status}.")

    def _no_node(self):
        return Failure(
            f"{self.address} does not answer as a node that keeps content.", "It may be another program, or an older node.",
            "Check the address and the port.", code="not-a-node",
        )  # fmt: skip


class RemoteBlocks:
    """The blocks of a node, as what reads files and folders asks for them. Args: connection (Connection, for them alone)."""

    def __init__(self, connection):
        self._connection, self._kept = connection, OrderedDict()

    def get(self, cid):
        """The bytes of a block. Raises BlockMissing, BadBlock."""
        from leither_edge.mimei.ipld import cid as cids

        data = cids.inline(cid)
        if data is not None:
            return data
        if cid in self._kept:
            self._kept.move_to_end(cid)
            return self._kept[cid]
        data = self._connection.block(cid)
        if cids.codec(cid) != cids.RAW:
            self._kept[cid] = data
            if len(self._kept) > KEPT_BLOCKS:
                self._kept.popitem(last=False)
        return data

    def close(self):
        """Let the connection go."""
        self._connection.close()

    def has(self, cid):
        """Whether the node has a block."""
        from leither_edge.mimei.errors import BlockMissing

        try:
            self.get(cid)
            return True
        except BlockMissing:
            return False


def error_of(code, sentence):
    """The MimeiError of a code that a node named."""
    from leither_edge.mimei import errors

    kinds = (errors.BadBlock, errors.TooLarge, errors.BadInput, errors.NotFound, errors.NotSignedIn, errors.Forbidden, errors.Conflict,
             errors.QuotaReached, errors.Busy, errors.Damaged)  # fmt: skip
    text = clean(sentence, 2000)
    for kind in kinds:
        if kind.code == code:
            return kind(text)
    return errors.MimeiError(text, clean(code, 40))


def of_bytes(thing):
    """Bytes that the node sent, as text where they are text. Raises TypeError."""
    return thing.encode("utf-8", "surrogateescape") if isinstance(thing, str) else bytes(memoryview(thing))


def _outgoing(thing):
    if isinstance(thing, bytes):
        return {"$bytes": b64encode(thing).decode()}
    if isinstance(thing, int) and not isinstance(thing, bool) and abs(thing) >= 1 << 53:
        return str(thing)
    return thing


def _incoming(thing):
    if isinstance(thing, list):
        return [_incoming(part) for part in thing]
    if isinstance(thing, dict):
        if len(thing) == 1 and isinstance(thing.get("$bytes"), str):
            return b64decode(thing["$bytes"], validate=True)
        return {name: _incoming(value) for name, value in thing.items()}
    return thing
