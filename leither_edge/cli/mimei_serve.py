"""``leither mimei serve`` and ``db --serve``: a store of this computer for browsers, programs and Redis clients here."""

import contextlib
import functools
import os

from leither_edge.cli.failure import UsageError
from leither_edge.cli.home import replace_file
from leither_edge.cli.mimei_failures import told, wrong
from leither_edge.cli.mimei_local import open_local
from leither_edge.cli.mimei_store import ADDRESS_NAME, Limits
from leither_edge.cli.mimei_target import target
from leither_edge.cli.output import clean

LOOPBACK = "127.0.0.1"
# Pages of elsewhere reach this computer under other names (DNS rebinding).
HOST_NAMES = ("127.0.0.1", "localhost")
CONNECTIONS_MAX = 64
HANDLER_S = 900
UPLOAD_MAX_BYTES = 1 << 42
DATABASE = 3


def serve(home, out, args):
    """Serve the store over HTTP until told to stop."""
    network = owners = None
    if args.peers:
        from leither_edge.cli.mimei_serve_peers import network_of
        from leither_edge.cli.store_key import Owners

        network, owners = network_of(home, args), Owners(home)
    elif args.offer_tunnel or args.name:
        raise UsageError("--offer-tunnel and --name are for channels to other nodes.", fix="Add --peers.")
    run_local(home, out, args, functools.partial(serve_http, network=network, owners=owners))


def serve_database(home, out, args):
    """Serve one database to Redis clients until told to stop."""
    run_local(home, out, args, serve_redis)


def run_local(home, out, args, main):
    """Open the store of this computer and run ``main(at, out, args, listeners)`` on trio."""
    import trio

    from leither_edge.http import ListenError, open_listeners

    if args.node:
        raise wrong("A running node serves itself.", fix="Leave out --node to serve a store of this computer.")
    if not 0 <= args.port < 65536:
        raise UsageError(f"{args.port} is not a port.", fix="It is a number from 0 to 65535; 0 takes a free one.")
    own = []
    with told():
        at = open_local(home, out, args, lambda public_key, granted: getattr(args, "open", False) or public_key in own)
        try:
            own += [at.key.public_key, at.library.node_key.public_key]
            # The session was begun before it was known whose key this is.
            at.session = at.library.local_session(at.key)
            try:
                listeners = open_listeners(args.port, (LOOPBACK,))
            except (ListenError, OSError) as error:
                raise UsageError("It cannot listen there.", f"{error}", "Another --port, or none for a free one.", code="listen") from None
            trio.run(main, at, out, args, listeners)
        finally:
            at.close()


async def serve_http(at, out, args, listeners, network=None, owners=()):
    """The gateway and its JSON-RPC on listening sockets, and channels to other nodes.

    Args: network (where those are met, or None), owners ([public key] of the user's, who may restore backups).
    """
    import trio

    from leither_edge import __version__
    from leither_edge.cli.ledger_run import stop_on_signal
    from leither_edge.gateway import add_routes
    from leither_edge.http import Limits as HttpLimits
    from leither_edge.http import Router
    from leither_edge.http import serve as serve_on
    from leither_edge.observe.counters import Counters
    from leither_edge.observe.log import Log

    router, counters, log = Router(), Counters(), Log()
    limits = HttpLimits(
        connections_max=CONNECTIONS_MAX, connections_per_address_max=CONNECTIONS_MAX, handler_timeout_s=HANDLER_S,
        upload_max_bytes=UPLOAD_MAX_BYTES,
    )  # fmt: skip
    async with trio.open_nursery() as nursery, contextlib.AsyncExitStack() as stack:
        nursery.start_soon(stop_on_signal, nursery.cancel_scope)
        nursery.start_soon(at.library.run)
        node = None
        if args.peers:
            from leither_edge.cli.mimei_serve_peers import peers_beside

            node = await stack.enter_async_context(peers_beside(at, args, network, owners, counters, log))
        flow = node.calls if node else None
        add_routes(router, at.library, Limits(at.folder), counters, log, version=__version__, flow=flow)
        (_, port), *_ = await nursery.start(serve_on, gate(router), listeners, limits, counters, log)
        url = f"http://{LOOPBACK}:{port}"
        replace_file(os.path.join(at.folder, ADDRESS_NAME), f"{url} {os.getpid()}\n".encode())
        try:
            tell_http(out, at, args, url, node, network)
            await trio.sleep_forever()
        finally:
            os.unlink(os.path.join(at.folder, ADDRESS_NAME))


def gate(router):
    """A handler in front of all routes that refuses names that are not this computer's."""
    from leither_edge.http import HttpError

    async def handle(request):
        if request.headers.get("host", "").rpartition(":")[0] not in HOST_NAMES:
            raise HttpError(421, "This computer is not known under that name.", reason="host")
        return await router(request)

    return handle


def tell_http(out, at, args, url, node=None, network=None):
    """Say where the store is served. node, network: of its channels to other nodes, or None."""
    facts = {"address": url, "store": at.folder, "pid": os.getpid(), "open": args.open, "peers": None}
    more = []
    if node is not None:
        from leither_edge.cli.mimei_serve_peers import rows

        more = rows(node, network)
        facts["peers"] = {"id": node.id_text, "port": node.port, "public_key": node.key_text}

    def page():
        out.done(f"{clean(at.folder, 200)} is served at {url}. Ctrl-C stops.")
        out.facts(
            [
                ("A label", f"{url}/ipfs/LABEL"), ("A file", f"{url}/mimei/ID/cur/path"), ("Programs", f"{url}/rpc (JSON-RPC)"),
                ("Commands", f"leither mimei ls --node {url}"), ("Who may join", "everybody here" if args.open else "you"),
                *more,
            ],
            indent=2,
        )  # fmt: skip

    out.result(facts, page)


async def serve_redis(at, out, args, listeners):
    """One database on listening sockets, as Redis's own number 0."""
    import trio

    from leither_edge.cli.ledger_run import stop_on_signal
    from leither_edge.observe.counters import Counters
    from leither_edge.observe.log import Log
    from leither_edge.resp.places import Places
    from leither_edge.resp.server import serve as serve_on
    from leither_edge.resp.shared import limits_of

    found = target(at, args.mimei)
    if found.cid is not None or at.info(found.mid).data_type != DATABASE:
        raise UsageError(f"{clean(args.mimei, 60)} is not a database.", fix="Make one: leither mimei create --type database --mark NAME")
    zero = selector(found)

    class OneFirst(Places):
        """Number 0 is the database that was named, and a password alone is the id of a session."""

        def sign_in(self, name, password):
            # What clients call the user where only a password was given to them.
            return self.session(password) if name == "default" else super().sign_in(name, password)

        def open(self, session, selector):
            return super().open(session, zero if selector == b"0" else selector)

        def make(self, session, selector):
            return super().make(session, zero if selector == b"0" else selector)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(stop_on_signal, nursery.cancel_scope)
        nursery.start_soon(at.library.run)
        places = OneFirst(at.library)
        (_, port), *_ = await nursery.start(
            lambda task_status: serve_on(
                places, at.library.held, listeners, limits_of(Limits(at.folder)), Counters(), Log(), always=args.always,
                task_status=task_status,
            )
        )  # fmt: skip
        line = f"redis-cli -p {port} -a {at.session.sid} --no-auth-warning"
        facts = {"host": LOOPBACK, "port": port, "password": at.session.sid, "command": line, "pid": os.getpid()}

        def page():
            out.done(f"{clean(args.mimei, 60)} answers Redis clients on {LOOPBACK}, port {port}. Ctrl-C stops.")
            out.next_step("In another window:", line)

        out.result(facts, page)
        await trio.sleep_forever()


def selector(found):
    """What SELECT takes for a Target (bytes)."""
    from leither_edge.core.ids import id_to_text

    version = "" if found.version == "cur" else f"@{found.version}"
    return f"{id_to_text(found.mid)}{version}".encode()
