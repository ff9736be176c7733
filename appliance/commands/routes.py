"""Commands, the device's card, the claim and the counters over HTTP. Trust lies in the signatures, not in the transport."""

from binascii import Error as HexError
from binascii import unhexlify

from appliance.commands.admission import Unauthentic
from appliance.commands.claim import ClaimError
from appliance.commands.executor import TryAgain
from appliance.commands.status import rss_kib
from leither_edge.core import cose
from leither_edge.core.cbor import encode
from leither_edge.core.claim import CLAIM_MAX_BYTES
from leither_edge.http import HttpError, Response
from leither_edge.observe import openmetrics
from leither_edge.storage import StorageError

COSE_TYPE = 'application/cose; cose-type="cose-sign1"'
NONCE_MAX_BYTES = 32
_CLAIM_STATUS = {"claimed": 409, "wrong-token": 403, "window-closed": 403, "too-many-tries": 429}
_NO_STORE = (("cache-control", "no-store"), ("x-content-type-options", "nosniff"))


def routes(executor, claim, node_key, profile, counters):
    """[(method, path, handler), ...] for the router."""
    return [
        ("POST", "/command", _command(executor, profile.commands.command_max_bytes)),
        ("GET", "/device", _device(executor, claim, node_key)),
        ("POST", "/claim", _claim(executor, claim, node_key)),
        ("POST", "/claim/check", _claim_check(claim)),
        ("GET", "/metrics", _metrics(executor, counters)),
    ]


def device_card(executor, claim, node_key, nonce):
    """The signed CT_DEVICE message: who this is, and what time it has. nonce: bytes of the one who asks."""
    keyset = executor.keyset
    payload = {
        1: node_key.id,
        2: node_key.public_key,
        3: executor.config["name"],
        4: claim.claimed,
        5: nonce,
        6: executor.versions,
        7: executor.now(),
        8: executor.floor.floor,
        9: keyset.version if keyset else 0,
    }
    return cose.sign1(encode(payload), cose.CT_DEVICE, node_key.id, node_key.sign)


def _command(executor, max_bytes):
    async def command(request):
        data = await request.body(max_bytes)
        try:
            return Response(200, await executor.execute(data), COSE_TYPE, _NO_STORE)
        except Unauthentic as error:
            return refusal(400, error.code, str(error))
        except TryAgain as error:
            # 507: sending it again soon does not help.
            return refusal(507 if error.code == "storage" else 503, error.code, str(error))

    return command


def _device(executor, claim, node_key):
    async def device(request):
        try:
            nonce = unhexlify(request.query.get("nonce", ""))
        except (HexError, ValueError):
            raise HttpError(400, "The nonce must be hexadecimal.") from None
        if len(nonce) > NONCE_MAX_BYTES:
            raise HttpError(400, f"The nonce must have at most {NONCE_MAX_BYTES} bytes.")
        return Response(200, device_card(executor, claim, node_key, nonce), COSE_TYPE, _NO_STORE)

    return device


def _claim(executor, claim, node_key):
    async def claim_device(request):
        data = await request.body(CLAIM_MAX_BYTES)
        try:
            await claim.claim_signed(data)
        except ClaimError as error:
            return refusal(_CLAIM_STATUS.get(error.code, 400), error.code, str(error))
        except StorageError as error:
            return refusal(503, "storage", str(error))
        return Response(200, device_card(executor, claim, node_key, b""), COSE_TYPE, _NO_STORE)

    return claim_device


def _claim_check(claim):
    async def check(request):
        data = await request.body(CLAIM_MAX_BYTES)
        try:
            claim.check_signed(data)
        except ClaimError as error:
            return refusal(_CLAIM_STATUS.get(error.code, 400), error.code, str(error))
        return Response(204, b"", None, _NO_STORE)

    return check


def _metrics(executor, counters):
    async def metrics(request):
        if not request.is_loopback and not executor.config["metrics_remote"]:
            # As if it were not there: what a device counts is its owner's business.
            raise HttpError(404, "There is nothing at this address.")
        counters.set("rss_kib", rss_kib())
        return Response(200, openmetrics.render(counters), openmetrics.CONTENT_TYPE, _NO_STORE)

    return metrics


def refusal(status, code, text):
    """An unsigned refusal as a small JSON object; ``json`` itself would cost memory for two strings."""
    return Response(status, f'{{"error":{{"code":{_quoted(code)},"message":{_quoted(text)}}}}}\n'.encode(), "application/json", _NO_STORE)


def _quoted(text):
    marks = []
    for mark in text:
        if mark in '"\\':
            marks.append("\\" + mark)
        elif mark < " " or "\ud800" <= mark <= "\udfff" or mark == "\x7f":
            marks.append(f"\\u{ord(mark):04x}")
        else:
            marks.append(mark)
    return '"' + "".join(marks) + '"'
