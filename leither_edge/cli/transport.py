"""HTTP to a device: one request, one bounded answer, one deadline. Trust comes from signatures, never from here."""

import socket
import threading
import time
from collections import namedtuple

from leither_edge.cli.failure import Failure, UnreachableError

ANSWER_MAX_BYTES = 1024 * 1024
# A device that does not take a connection in this time is off, far away or behind a firewall.
CONNECT_S = 5
TOTAL_S = 20
PAUSES_S = (0.2, 0.5, 1, 2, 4)
# A device says this when it is too busy; the same bytes may be sent again.
BUSY_STATUS = (429, 503)

HttpAnswer = namedtuple("HttpAnswer", "status content_type body")


def request(
    address, method, path, body=None, content_type=None, *, timeout=TOTAL_S, max_bytes=ANSWER_MAX_BYTES, headers=None, connect_s=CONNECT_S
):
    """Send one request and read its whole answer.

    Args:
        address: an Address.
        method: GET or POST.
        path: path and query, ASCII.
        body: bytes or None.
        content_type: of the body.
        timeout: seconds for everything together, so that a trickling answer cannot hold us.
        max_bytes: a longer answer is an error.
        headers: more of them.
        connect_s: seconds for the connection alone.

    Returns:
        HttpAnswer.

    Raises:
        UnreachableError: no connection or no whole answer in time.
        Failure: something answers there that is no device.
    """
    import http.client

    connection = http.client.HTTPConnection(address.host, address.port, timeout=min(connect_s, timeout))
    expired, connected = threading.Event(), False

    def stop():
        expired.set()
        if connection.sock is not None:
            try:
                connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    watch = threading.Timer(timeout, stop)
    watch.daemon = True
    watch.start()
    try:
        connection.connect()
        connected = True
        connection.sock.settimeout(timeout)
        headers = {"Host": address.host_header, "User-Agent": "leither", "Connection": "close", "Accept": "*/*", **(headers or {})}
        if content_type:
            headers["Content-Type"] = content_type
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        data = answer.read(max_bytes + 1)
        if expired.is_set():
            raise TimeoutError
        if len(data) > max_bytes:
            raise Failure(
                f"{address} sent an answer of more than {max_bytes} bytes.",
                "No device does that.",
                "Check the address.",
                code="not-a-device",
            )
        if answer.length:
            raise ConnectionResetError
        return HttpAnswer(answer.status, (answer.getheader("Content-Type") or "").partition(";")[0].strip().lower(), data)
    except (http.client.HTTPException, ValueError) as error:
        if expired.is_set():
            raise unreachable(address, TimeoutError(), timeout, connected) from None
        if isinstance(error, (http.client.IncompleteRead, http.client.RemoteDisconnected)):
            raise unreachable(address, ConnectionResetError(), timeout, connected) from None
        raise Failure(
            f"{address} does not answer like a Leither device.",
            "It is not speaking HTTP.",
            "Check the address and the port.",
            code="not-a-device",
        ) from None
    except OSError as error:
        raise unreachable(address, TimeoutError() if expired.is_set() else error, timeout, connected) from None
    finally:
        watch.cancel()
        connection.close()


def request_until(address, *args, timeout=TOTAL_S, connect_within=None, sleep=time.sleep, clock=time.monotonic, **kwargs):
    """Like request(), and try the same bytes again while there is time.

    Only for requests that may be repeated: a signed command is done once however often it arrives.
    ``connect_within``: seconds after which an address that has not taken a connection is given up.
    """
    end, patience_end = clock() + timeout, None if connect_within is None else clock() + connect_within
    pauses, arrived = iter(PAUSES_S), False
    while True:
        left = max(end - clock(), 0.05)
        pause = next(pauses, None)
        again = pause is not None and left > pause
        try:
            connect_s = CONNECT_S if patience_end is None else min(CONNECT_S, max(patience_end - clock(), 0.05))
            answer = request(address, *args, timeout=left, connect_s=connect_s, **kwargs)
            if answer.status not in BUSY_STATUS or not again:
                return answer
            arrived = True
        except UnreachableError as error:
            arrived = error.maybe_arrived = arrived or error.maybe_arrived
            if not arrived and patience_end is not None and clock() + (pause or 0) > patience_end:
                raise
            if not again or not error.retry:
                raise
        sleep(pause)


def unreachable(address, error, timeout, connected):
    """Say in plain words why nothing came back."""
    what = f"{address} could not be reached."
    fix = "Check that the device has power and that this computer is on the same network."
    retry = True
    if isinstance(error, socket.gaierror):
        why, fix, retry = (
            f"No device of the name “{address.host}” is known on this network.",
            "Check the name, or use the device's IP address.",
            False,
        )
    elif isinstance(error, ConnectionRefusedError):
        why, fix = (
            "There is a machine at that address, but nothing listens on that port.",
            "Check the port; the device may also be starting.",
        )
    elif isinstance(error, TimeoutError):
        what, why = f"{address} did not answer.", f"No answer within {timeout:.0f} seconds." if timeout >= 1 else "No answer in time."
    elif isinstance(error, (ConnectionResetError, BrokenPipeError)):
        what, why = f"{address} broke off the connection.", "The device may be starting again."
    else:
        why = f"{(error.strerror or str(error)).capitalize()}."
    failure = UnreachableError(what, why, fix)
    failure.retry, failure.maybe_arrived = retry, connected
    return failure
