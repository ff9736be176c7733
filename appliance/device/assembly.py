"""Puts the device together and serves it until it is told to stop."""

import os
import signal
import sys
import time

import trio

from appliance.board_client import BoardClient, BoardError
from appliance.commands.claim import Claim
from appliance.commands.executor import Executor
from appliance.commands.routes import routes
from appliance.commands.tables import TABLES
from appliance.device.addresses import Addresses
from appliance.device.announcement import announcement, write_address
from appliance.device.applied_card import apply_card
from appliance.device.awaited_address import announce, is_device, told_entrance, waiting_text
from appliance.device.kept_book import open_kept_book
from appliance.device.kept_clock import keep_clock
from appliance.device.kept_dht import KeptDht
from appliance.device.kept_mimei import KeptMimei
from appliance.device.kept_names import names_service
from appliance.device.kept_peers import KeptPeers
from appliance.device.passphrase import load_or_create as passphrase_in
from appliance.device.sealed_bodies import SealedBodies, mailbox_service
from appliance.portal import assets
from appliance.portal.adapter import portal_device
from appliance.portal.api import portal_routes
from appliance.portal.visit import host_gate
from appliance.radio import Radio
from leither_edge import BUILD_TIME, __version__, profile
from leither_edge.core.ids import id_to_text
from leither_edge.core.time_floor import TimeFloor
from leither_edge.dht.kept import TABLES as DHT_TABLES
from leither_edge.http import Router
from leither_edge.node import open_node
from leither_edge.observe.log import Log

WEB_FOLDER = "web"


class NoBoard:
    """In place of the supervisor where there is none: nothing can be asked of it, and it says so."""

    async def call(self, verb, **arguments):
        raise BoardError("no-supervisor", "This node runs without its supervisor, which alone may do that.")

    async def run(self):
        await trio.sleep_forever()

    async def beat_every(self, interval_s):
        await trio.sleep_forever()

    async def ready(self, text):
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def close(self):
        pass


async def serve_device(options, *, clock=time.time):
    """Serve until SIGTERM, SIGINT or the supervisor's end.

    options: Options; clock: () -> seconds since 1970, as the machine believes them.
    Raises ProfileError, StorageError, KeyFileError, ListenError or OSError, each with a sentence for the owner.
    """
    limits = profile.load(options.profile)
    log = Log(line_max_bytes=limits.log.line_max_bytes)
    node = open_node(limits, options.state, (*TABLES, *DHT_TABLES), log, clock=clock)
    board = BoardClient.from_environment() or NoBoard()
    book, book_service = open_kept_book(node)
    mimei = KeptMimei(node, options)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_stop_on_signal, nursery.cancel_scope)
            await _serve(node, options, board, nursery, book_service, mimei)
            await trio.sleep_forever()
    finally:
        board.close()
        mimei.close()
        if book is not None:
            book.close()
        node.close()


async def _serve(node, options, board, nursery, book_service, mimei):
    limits, floor = node.profile, TimeFloor(BUILD_TIME, has_clock=not options.no_clock)
    versions = {"leither": __version__, "python": "{}.{}.{}".format(*sys.version_info)}
    passphrase = passphrase_in(node.folder)
    radio = Radio(board, f"Leither-{id_to_text(node.key.id)[:4]}", passphrase, limits.portal, node.counters, node.log)
    executor = Executor(node.store, node.key, floor, node.clock, radio, node.counters, node.log, limits, versions=versions)
    claim = Claim(
        node.store, node.key.id, node.folder, limits.portal.claim_window_s, limits.commands.audit_entries_max,
        floor, node.clock, node.counters, node.log,
    )  # fmt: skip
    # The board first: whatever follows may ask it.
    nursery.start_soon(_hear_supervisor, board, nursery.cancel_scope)
    nursery.start_soon(board.beat_every, limits.supervisor.heartbeat_interval_s)
    await nursery.start(executor.run)
    card = await apply_card(options.card, claim, node.log, node.counters)
    radio.passphrase, radio.ssid = card.passphrase or radio.passphrase, card.ssid or radio.ssid

    nursery.start_soon(keep_clock, node.folder, floor, node.clock, node.log)

    router = Router()
    for method, path, handler in routes(executor, claim, node.key, limits, node.counters):
        router.add(method, path, handler)
    if book_service is not None:
        await nursery.start(book_service.bookkeeper.run)
        book_service.add_routes(router)
    peers = KeptPeers(node, mimei, lambda: dht.dht, options, executor)
    mimei.begin(executor, claim, nursery, router, flow=peers.calls)
    addresses = Addresses(options.hosts, trio.current_time)
    pages = assets.load(os.path.join(node.folder, WEB_FOLDER))
    listeners = node.listen(options.hosts, options.port)
    bodies, port = SealedBodies(), listeners[0].getsockname()[1]
    router.add("GET", "/mailbox/{digest}", bodies.serve)
    names = names_service(node, executor, options, addresses, port, more=peers.records)
    beside = mailbox_service(node, executor, bodies, addresses, port), names
    dht = KeptDht(node, executor, claim, options, beside)
    executor.reach = lambda: {**(dht.facts() or {}), **peers.facts()}

    def config_changed(config):
        dht.config_changed(config)
        mimei.config_changed(config)

    executor.config_changed = config_changed
    device = portal_device(
        executor, claim, radio, node.store, node.key, limits, node.log, node.counters, nursery,
        assets=pages, addresses=addresses, port=port,
        access_point=radio.access_point, exposed=lambda: radio.is_exposed,
    )  # fmt: skip
    sessions = device.sessions

    def keyset_changed(keyset):
        sessions.close_all()
        mimei.end_sessions()

    executor.keyset_changed = keyset_changed
    portal_routes(router, device=device)
    await nursery.start(node.serve, host_gate(router, device), listeners)

    address = device.url()
    write_address(node.folder, address)
    # Before the radio tries the card's network, for which the board answers nothing else.
    may_wait = await is_device(board)
    await nursery.start(radio.run, claim, card.network)
    nursery.start_soon(dht.run)
    nursery.start_soon(peers.run)
    node.log.info("ready", address=address, claimed=claim.claimed)

    async def said():
        name, is_local_only, entrance = executor.config["name"], addresses.is_local_only, told_entrance(radio.entrance)
        return await announcement(device.url(), claim, name, node.key.id, limits.board.name, is_local_only, entrance, card.notes)

    waiting = waiting_text(__version__, radio.ssid if radio.serves_phones else None) if may_wait else None
    await announce(board, addresses, waiting, said)


async def _stop_on_signal(scope):
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            scope.cancel()
            return


async def _hear_supervisor(board, scope):
    """A node without its supervisor has nobody to bound and restart it, so it ends too."""
    try:
        await board.run()
    except BoardError:
        scope.cancel()
