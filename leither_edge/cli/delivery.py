"""Brings a command's bytes to a device by whatever way is open: its address, or else the DHT. The same bytes by both are done once."""

import time

from leither_edge.cli.address import Address
from leither_edge.cli.failure import Failure, UnreachableError, UsageError
from leither_edge.cli.mailbox import TOTAL_S as DHT_TOTAL_S
from leither_edge.cli.mailbox import Mailbox
from leither_edge.cli.transport import TOTAL_S, request_until

COMMAND_TYPE = 'application/cose; cose-type="cose-sign1"'
# Where there is another way, an address has so long to take a connection, and less if it did not the last time.
FIRST_S, SECOND_S = 4, 1.5
AGAIN_FOR_S = 900
# Of a device's channels, unless its status told another one.
PEER_PORT = 8042
PEER_TOTAL_S = 60
# What answers at an address of home when one sits elsewhere: nothing, a printer, somebody else's device.
ELSEWHERE = ("unreachable", "not-a-device", "wrong-device")


class Delivery:
    """The ways to one device.

    Args:
        home: Home.
        peer: the Peer.
        device: the device id's text.
        timeout: seconds for one command over HTTP, or None.
        ways: Ways, or None for HTTP alone.
        seen: () -> what the device told before (see Controller).

    Attributes: via, "http", "dht" or "peer", the way of the last answer, or None; facts, of that way, for JSON.
    """

    def __init__(self, home, peer, device, timeout, ways, seen):
        self.via = None
        self.facts = None
        self._home, self._peer, self._device = home, peer, device
        self._timeout, self._ways, self._seen = timeout or TOTAL_S, ways, seen
        # Once the address has failed, the rest of this run goes the other way.
        self._network = None

    @property
    def is_http_open(self):
        """Whether the address may be asked."""
        return self._network is None and (self._ways is None or self._ways.via not in ("dht", "peer"))

    def send(self, data, signer, max_bytes, keeps=False):
        """Deliver a command until an answer comes.

        Args:
            data: its bytes.
            signer: the Signer whose command it is.
            max_bytes: of an answer over HTTP.
            keeps: where it stays unanswered, it is kept for the next letter.

        Returns:
            HttpAnswer, or a Reply of the mailbox or the channel.

        Raises:
            UnreachableError, UntrustedError, Failure.
        """
        may_have_arrived = False
        if self._ways is not None and self._ways.via == "peer":
            return self._through_channel(data)
        if self.is_http_open:
            try:
                answer = request_until(
                    self._peer.address, "POST", "/command", data, COMMAND_TYPE,
                    timeout=self._timeout, max_bytes=max_bytes, connect_within=self.patience_s,
                )  # fmt: skip
                self.via, self.facts = "http", None
                return answer
            except Failure as error:
                if not self.turns(error):
                    raise
                may_have_arrived = isinstance(error, UnreachableError) and error.maybe_arrived
        return self._through_dht(data, signer, keeps, may_have_arrived)

    @property
    def has_other(self):
        """Whether there is another way when the address fails."""
        return self._network is None and self._network_known() is not None

    @property
    def patience_s(self):
        """How long the address has to take a connection, None where there is no other way."""
        if not self.has_other:
            return None
        last = self._seen().get("mailbox", {}).get("last", 0)
        return SECOND_S if time.time() - last < AGAIN_FOR_S else FIRST_S

    def turns(self, error):
        """Whether, after this Failure of the address, all goes the other way from now on; says so."""
        if error.code not in ELSEWHERE:
            return False
        if not self.has_other:
            self._hint(error)
            return False
        self.turn("does not answer" if error.code == "unreachable" else "is not what answers")
        return True

    def turn(self, reason):
        """Go the other way from now on, and say so."""
        self._network = self._network_known()
        self._ways.note_once(("turn", self._device), f"{self._peer.name} {reason} at {self._peer.address}; going through the DHT.")
        self._ways.say("Joining the DHT")

    def _through_dht(self, data, signer, keeps, may_have_arrived):
        from leither_edge.core.command import open_command

        self._network = self._network or self._network_known()
        if self._network is None:
            name = self._peer.name
            raise UsageError(
                f"It is not known how to find {name} in the DHT.", "It has not told this computer in which network it is.",
                f"At home, let it be found: leither remote {name} config set reach=mainline\n"
                f"If it is: leither remote {name} config get, or join its network: leither dht join",
                code="no-network",
            )  # fmt: skip
        if open_command(data)[0].issuer != signer.key_id:
            raise UsageError(
                "The command on its way was signed by another key than the one in use now.",
                "Through the DHT, only that key can open the answer.", "Name it: --key KEY", code="other-key",
            )  # fmt: skip
        way, known = self._ways.dht(self._network), self._seen().get("mailbox", {})
        mailbox = Mailbox(self._home, self._peer, self._device, signer, way, self._ways, known.get("every_s"), known.get("last", 0))
        try:
            reply = mailbox.exchange(data, self._ways.timeout or max(DHT_TOTAL_S, self._timeout), keeps)
        except UnreachableError as error:
            error.maybe_arrived = error.maybe_arrived or may_have_arrived
            raise
        self.via, self.facts = "dht", reply.facts
        return reply

    def _through_channel(self, data):
        seen = self._seen()
        way = self._ways.peer(self._ways.network_of(seen))
        hint = f"{Address(self._peer.address.host, seen.get('peer_port') or PEER_PORT)}"
        reply = way.exchange(self._peer, data, hint, self._ways.timeout or PEER_TOTAL_S)
        self.via, self.facts = "peer", reply.facts
        return reply

    def _network_known(self):
        if self._ways is None or self._ways.via in ("http", "peer"):
            return None
        return self._ways.network_of(self._seen())

    def _hint(self, error):
        if self._ways is not None and self._ways.via == "auto" and error.code == "unreachable":
            error.fix += f"\nTo reach it from anywhere, once it answers: leither remote {self._peer.name} config set reach=mainline"
