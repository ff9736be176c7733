"""A command through the DHT: put where its device looks, wait until the answer lies where we look. Trust comes from signatures."""

import time
from collections import namedtuple

from leither_edge.cli.address import parse_address
from leither_edge.cli.failure import Failure, UnreachableError, UntrustedError
from leither_edge.cli.outbox import Outbox
from leither_edge.cli.output import clean
from leither_edge.cli.sequence import next_sequence

# A device that is there looks at least this often, if it has not said how often.
LOOK_EVERY_S = 120
# For so long after a command it looks every few seconds.
FAST_FOR_S, FAST_S = 600, 15
TOTAL_S = 600
# (until so many seconds after the command, how often we look for its answer)
OURS_EVERY_S = ((60, 2), (300, 4), (float("inf"), 8))
# Another copy of this key may have replaced our letter, and nodes come and go.
AGAIN_EVERY_S = 120
FETCH_S = 5

# data: the signed answer's bytes; code, sentence: where the device gave none, else None. look_every_s: how often it looks.
# facts: for JSON: nodes that stored the command, bytes on the wire in both directions.
Reply = namedtuple("Reply", "data code sentence look_every_s facts")


class Mailbox:
    """The mailbox of one key at one device.

    Args:
        home: Home.
        peer: the Peer.
        device: the device id's text.
        signer: the Signer whose commands these are.
        way: DhtWay.
        ways: Ways, to which is told what happens.
        look_every_s: how often the device said it looks, or None.
        last: when it answered this way last, seconds since 1970, or 0.
    """

    def __init__(self, home, peer, device, signer, way, ways, look_every_s, last):
        from leither_edge.core.ids import id_to_text

        self._home, self._peer, self._device = home, peer, device
        self._signer, self._way, self._ways = signer, way, ways
        self._issuer = id_to_text(signer.key_id)
        self._fast = time.time() - last < FAST_FOR_S
        self._every = look_every_s or LOOK_EVERY_S
        self._outbox = Outbox(home, self._issuer, device)
        self._stored = 0

    def exchange(self, data, timeout, keeps):
        """The Reply to the bytes of a command.

        Args:
            data: a signed command of the signer.
            timeout: seconds.
            keeps: where it stays unanswered, keep it for the next letter.

        Raises:
            UnreachableError, UntrustedError, Failure.
        """
        from leither_edge.mailbox.letters import ENTRIES_MAX

        name = self._peer.name
        was_there = data in self._outbox.commands
        self._outbox.add(data, ENTRIES_MAX)
        others = len(self._outbox.commands) - 1
        if others:
            earlier = "1 earlier command" if others == 1 else f"{others} earlier commands"
            self._ways.note_once(("others", name), f"{earlier} for {name} without an answer {'goes' if others == 1 else 'go'} along.")
        try:
            reply = self._way.call(self._carry, data, time.monotonic() + timeout)
        except UnreachableError as error:
            error.retry, error.maybe_arrived = False, self._stored > 0
            if not keeps or not (error.maybe_arrived or was_there):
                self._outbox.drop([data])
            raise
        except BaseException:
            # What never went out, as it does not fit, would keep back all that comes after it.
            if not keeps or not (self._stored or was_there):
                self._outbox.drop([data])
            raise
        if reply is None:
            self._outbox.drop([] if keeps else [data])
            raise self._too_late(timeout, keeps)
        return reply

    async def _carry(self, dht, data, end):
        """Runs in the node's thread."""
        import trio

        from leither_edge.core.command import open_command
        from leither_edge.dht import DhtError

        command_id = open_command(data)[0].command_id
        begin = time.monotonic()
        before = _traffic(dht)
        self._stored = await self._put(dht)
        put_at, seen = time.monotonic(), None
        while time.monotonic() < end:
            self._say_waiting()
            now = time.monotonic()
            if now - put_at > AGAIN_EVERY_S:
                put_at = now
                try:
                    self._stored = await self._put(dht)
                except UnreachableError:
                    # The network has gone for a while; it lies there still.
                    pass
            try:
                found = (await dht.poll_mutable(self._peer.public_key, self._signer.key_id, seen)).value
            except DhtError:
                found = None
            if found is not None and (seen is None or found.seq > seen):
                reply, is_read = await self._take(dht, found, command_id)
                if is_read:
                    seen = found.seq
                if reply is not None:
                    sizes = [after - less for after, less in zip(_traffic(dht), before, strict=True)]
                    seconds = round(time.monotonic() - begin, 3)
                    return reply._replace(
                        facts={"stored": self._stored, "seconds": seconds, "bytes_in": sizes[0], "bytes_out": sizes[1]}
                    )
            pause = next(every for until, every in OURS_EVERY_S if now - begin < until)
            await trio.sleep(max(0, min(pause, end - time.monotonic())))
        return None

    async def _put(self, dht):
        """Put the whole queue where the device looks; the number of nodes that stored it."""
        from leither_edge.cli.dht_access import failure
        from leither_edge.core.command import open_command
        from leither_edge.dht import DhtError
        from leither_edge.mailbox.carrying import put_letter
        from leither_edge.mailbox.letters import LetterError, make_queue

        def progress(asked, answered, stored):
            self._ways.say(f"Putting it into the DHT for {self._peer.name}: {asked} nodes asked, {answered} answered, {stored} stored it")

        def next_seq(at_least):
            # What the network has was signed by this very key, so it may carry us as far as it likes.
            now_ms = max(int(time.time() * 1000), at_least)
            return next_sequence(self._home, f"mailbox-{self._issuer}", self._device, at_least, now_ms)

        try:
            # A command of an earlier run that is sent again may be older than what waits here; a device takes them in order only.
            commands = sorted(self._outbox.commands, key=lambda command: open_command(command)[0].sequence)
            letter = make_queue(commands, self._peer.public_key)
            _, report = await put_letter(dht, letter, self._signer, self._peer.device_id, next_seq, progress)
        except LetterError as error:
            raise Failure("The command does not fit into the mailbox.", f"{clean(error, 200)}.", code=error.code) from None
        except DhtError as error:
            raise failure(error, self._way.network) from None
        return report.stored

    async def _take(self, dht, found, command_id):
        """(Reply to our command in a letter of answers, None where there is none; whether the letter could be read)."""
        from leither_edge.dht import DhtError
        from leither_edge.mailbox.carrying import read_letter
        from leither_edge.mailbox.letters import LetterError, Unanswered, read_answers

        self._ways.say(f"Fetching the answer of {self._peer.name}")
        try:
            answers = read_answers(await read_letter(dht, found.value, self._signer.unseal, _over_http))
        except LetterError as error:
            if error.code == "missing":
                return None, False
            raise UntrustedError(
                f"The answer of {self._peer.name} cannot be read.", f"{clean(error, 300)}.", "The command may have been done. Look first."
            ) from None
        except DhtError:
            return None, False
        self._drop_answered(answers)
        for entry in answers.entries:
            if entry.command_id == command_id:
                if isinstance(entry, Unanswered):
                    return Reply(None, entry.code, clean(entry.sentence, 300), answers.look_every_s, None), True
                return Reply(entry.data, None, None, answers.look_every_s, None), True
        return None, True

    def _drop_answered(self, answers):
        from leither_edge.core.command import open_command

        answered = {entry.command_id for entry in answers.entries}
        self._outbox.drop([data for data in self._outbox.commands if open_command(data)[0].command_id in answered])

    def _say_waiting(self):
        name, nodes = self._peer.name, f"{self._stored} node{'s' if self._stored != 1 else ''}"
        usual = min(self._every, FAST_S) if self._fast else self._every
        keep = f"{nodes} keep{'' if self._stored != 1 else 's'} the command"
        self._ways.note_once((self._device, "stored"), f"{keep}; {name} looks about every {spoken_time(usual)} when it is on.")
        self._ways.say(f"Waiting until {name} looks (about every {spoken_time(usual)})")

    def _too_late(self, timeout, keeps):
        name = self._peer.name
        error = UnreachableError(
            f"{name} has not answered through the DHT within {spoken_time(timeout)}.",
            f"The command lies there for about two hours, kept by {self._stored} nodes: {name} finds it when it is on." if keeps
            else f"It is off, has no network, or does not take part in the DHT: leither remote {name} config get reach",
            "Wait longer: --timeout SECONDS",
        )  # fmt: skip
        error.retry = False
        return error


async def _over_http(named):
    """The sealed body that a letter names, from the device's own HTTP; None where it cannot be had."""
    import trio

    from leither_edge.cli.transport import request
    from leither_edge.mailbox.bodies import BODY_MAX_BYTES

    for url in named.addresses:
        try:
            answer = await trio.to_thread.run_sync(
                lambda url=url: request(
                    parse_address(url), "GET", f"/mailbox/{named.body.digest.hex()}", timeout=FETCH_S, max_bytes=BODY_MAX_BYTES
                )
            )
        except Failure:
            continue
        if answer.status == 200 and len(answer.body) == named.body.size:
            return answer.body
    return None


def _traffic(dht):
    """(bytes in, bytes out) of a node so far, UDP payload."""
    stat = dht.stat()
    families = [facts for name, facts in stat.items() if name in ("ipv4", "ipv6")]
    return sum(facts["bytes_in"] for facts in families), sum(facts["bytes_out"] for facts in families)


def spoken_time(seconds):
    """A span as people say it."""
    if seconds < 120:
        return f"{round(seconds)} s"
    return f"{round(seconds / 60)} minutes" if seconds < 7200 else f"{round(seconds / 3600)} hours"
