"""The PortalDevice of a real node: executor, claim, board and store behind the few functions the portal calls."""

import trio

from appliance.commands.tables import CONTROL
from appliance.portal.device import PortalDevice, Refusal
from appliance.portal.sessions import Sessions
from leither_edge.core.ids import id_to_text
from leither_edge.crypto.sodium import random_bytes

SETUP_KEY = "setup"


def portal_device(
    executor,
    claim,
    board,
    store,
    node_key,
    profile,
    log,
    counters,
    nursery,
    *,
    assets,
    addresses,
    port,
    extra_names=(),
    access_point=None,
    exposed=None,
):
    """Make the portal's view of a node, and let the executor's sign-in verb approve its browsers.

    Args:
        executor, claim: of appliance.commands; board: async call(verb, **arguments), whose errors have `code` and `message`.
        store: open Store with the tables of appliance.commands.tables; node_key: id; profile, log, counters: of the node.
        nursery: outlives the requests, for what goes on after an answer.
        assets: Assets; addresses: () -> IP literals, best first; port: HTTP port of the URLs people use.
        extra_names: configured portal names; access_point: () -> bool, whether our own access point is open;
        exposed: () -> bool, whether it is and is not encrypted.
    """
    sessions = Sessions(random_bytes, trio.current_time, profile.portal.sessions_max, profile.portal.session_life_s)
    config = _KeptConfig(executor)

    async def run(verb, arguments, session):
        answer = await executor.execute_local(verb, arguments, session)
        if answer.status != "done":
            error = answer.error or {"code": answer.status, "message": answer.status}
            raise Refusal(error["code"], error["message"])
        return answer.result

    async def ask_board(verb, **arguments):
        try:
            return await board.call(verb, **arguments)
        except Exception as error:
            if not isinstance(getattr(error, "code", None), str):
                raise
            raise Refusal(error.code, str(error)) from None

    async def scan():
        return await ask_board("wifi_scan")

    async def cable():
        try:
            status = await ask_board("wifi_status")
        except Refusal:
            return False
        return isinstance(status, dict) and status.get("cable") is True

    async def join(ssid_hex, passphrase, hidden, session):
        # Through the executor, so that the audit log knows of it.
        network = {"ssid_hex": ssid_hex, "passphrase": passphrase, "hidden": hidden}
        return (await run("wifi-set", network, session)).get("address") or ""

    def load_setup():
        with store.read() as tx:
            return tx.get(CONTROL, SETUP_KEY, {})

    async def save_setup(saved):
        await store.commit(lambda tx: tx.put(CONTROL, SETUP_KEY, saved))

    executor.sign_in = sessions.approve
    peers = profile.peers
    return PortalDevice(
        device_id=id_to_text(node_key.id),
        sessions=sessions,
        assets=assets,
        run=run,
        scan=scan,
        cable=cable,
        join=join,
        claim=claim.claim,
        claim_signed=claim.claim_signed,
        claimed=lambda: claim.claimed,
        config=config,
        ranges=lambda: {
            "storage_share_mib": (0, profile.storage.data_quota_mib),
            "bandwidth_up_kib_per_s": (0, peers.bandwidth_up_kib_per_s),
            "bandwidth_down_kib_per_s": (0, peers.bandwidth_down_kib_per_s),
        },
        addresses=addresses,
        port=port,
        extra_names=tuple(extra_names),
        access_point=access_point or (lambda: False),
        exposed=exposed or (lambda: False),
        load_setup=load_setup,
        save_setup=save_setup,
        start_soon=nursery.start_soon,
        clock=trio.current_time,
        log=log,
        counters=counters,
    )


class _KeptConfig:
    """The configuration document in memory: every request asks for the device's name. Changes come in through the executor's hook."""

    def __init__(self, executor):
        self._document = executor.config
        self._next = executor.config_changed
        executor.config_changed = self._changed

    def __call__(self):
        return self._document

    def _changed(self, document):
        self._document = document
        if self._next:
            self._next(document)
