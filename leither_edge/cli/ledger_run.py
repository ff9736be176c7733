"""``leither ledger run``: the bookkeeper as a process of its own."""

import os
import signal
import subprocess
import sys
import tempfile

from leither_edge.cli.failure import UsageError
from leither_edge.cli.ledger_failures import told
from leither_edge.cli.ledger_place import MAP_BYTES, find
from leither_edge.core.ids import id_to_text

# Some 30 MB in memory at most; each waits for one pulse.
POOL_TRANSFERS, POOL_BYTES = 4096, 4 << 20
# Whoever pays waits on a connection of its own until the pulse is durable.
CONNECTIONS_MAX = 512
# A book of millions of accounts is exported in one answer.
EXPORT_S = 600.0
WORD_BYTES = 24
PAGE_HEADERS = (("cache-control", "no-cache"), ("x-content-type-options", "nosniff"))


def run(home, out, args):
    """Keep a book until told to stop."""
    place = find(home, args)
    if place.folder is None:
        raise UsageError("A book is kept in its folder.", fix="Name the folder with --book.")
    if not 0 <= args.port < 65536:
        raise UsageError(f"{args.port} is not a port.", fix="It is a number from 0 to 65535; 0 takes a free one.")
    import trio

    from leither_edge.http import ListenError, open_listeners
    from leither_edge.organization.book_folder import KEY_NAME, open_in

    if not os.path.lexists(os.path.join(place.folder, KEY_NAME)):
        raise UsageError(
            "This book is for reading alone.", f"There is no {KEY_NAME} in its folder, with which its headers are signed.",
            "Keep it where that key is, or put the key there.", code="no-key", details={"field": "key"},
        )  # fmt: skip

    with told():
        book = open_in(place.folder, MAP_BYTES)
    try:
        try:
            listeners = open_listeners(args.port, tuple(args.listen or ("127.0.0.1",)))
        except (ListenError, OSError) as error:
            raise UsageError("The bookkeeper cannot listen there.", f"{error}", code="listen") from None
        trio.run(keep, book, place, listeners, out)
    finally:
        book.close()


async def keep(book, place, listeners, out):
    """Serve a book on listening sockets until SIGTERM or SIGINT."""
    import trio

    from leither_edge.http import Limits, Router, serve
    from leither_edge.ledger.pool import Pool
    from leither_edge.observe.counters import Counters
    from leither_edge.observe.log import Log
    from leither_edge.organization.book_folder import say_address, unsay_address
    from leither_edge.organization.offers import to_text
    from leither_edge.organization.service import Service, remove_exports

    counters, word = Counters(), to_text(os.urandom(WORD_BYTES))
    remove_exports(place.folder)
    service = Service(book, Pool(POOL_TRANSFERS, POOL_BYTES), counters, place.folder, word)
    router = Router()
    service.add_routes(router)
    router.add("GET", "/receipt", ReceiptPage())
    limits = Limits(connections_max=CONNECTIONS_MAX, connections_per_address_max=CONNECTIONS_MAX, handler_timeout_s=EXPORT_S)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stop_on_signal, nursery.cancel_scope)
        await nursery.start(service.bookkeeper.run)
        (host, port), *_ = await nursery.start(serve, router, listeners, limits, counters, Log())
        url = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
        # A command here reaches it on loopback, whatever else it listens on.
        say_address(place.folder, local_url(host, port), word)
        try:
            tell(out, book, place, url)
            await trio.sleep_forever()
        finally:
            unsay_address(place.folder)


def local_url(host, port):
    """The URL by which this computer reaches an address that was listened on."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def tell(out, book, place, url):
    """Say where the book is kept."""
    facts = {"address": url, "organization": id_to_text(book.organization), "book": place.name, "pulse": book.pulse, "pid": os.getpid()}

    def page():
        out.done(f"The book “{place.name}” is kept at {url} (pulse {book.pulse}). Ctrl-C stops.")
        out.facts([("Organization", facts["organization"]), ("Receipts are checked at", f"{url}receipt")], indent=2)

    out.result(facts, page)


async def stop_on_signal(scope):
    """End everything when the process is told to stop."""
    import trio

    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            scope.cancel()
            return


class ReceiptPage:
    """Serves the page that checks receipts; a program of its own makes it when it is first asked for."""

    def __init__(self):
        self._page = None

    async def __call__(self, request):
        import trio

        from leither_edge.http import HttpError, Response

        if self._page is None:
            try:
                self._page = await trio.to_thread.run_sync(make_page)
            except (OSError, subprocess.SubprocessError):
                raise HttpError(404, "The receipt page is not installed here.") from None
        return Response(200, self._page, "text/html; charset=utf-8", PAGE_HEADERS)


def make_page():
    """The bytes of the receipt page. Raises OSError, SubprocessError."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "receipt.html")
        command = [sys.executable, "-m", "appliance.portal.receipt.single_file", path]
        subprocess.run(command, check=True, capture_output=True, timeout=30)
        with open(path, "rb") as file:
            return file.read()
