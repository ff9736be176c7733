"""``leither remote`` where no address leads to the device: the same commands through the DHT, told in plain words."""

import http.server
import os
import threading

import pytest
import trio

from leither_edge.cli import delivery, dht_access, dht_way, mailbox, outbox
from leither_edge.cli.home import Home
from leither_edge.core.command import open_command
from leither_edge.core.ids import id_to_text, public_key_to_text
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.dht import DhtError
from leither_edge.mailbox import letters
from leither_edge.mailbox.carrying import put_letter, read_letter
from leither_edge.mailbox.letters import Answered, Answers, LetterError, Unanswered
from tests.cli.fake_device import TOKEN, FakeDevice
from tests.mailbox.fake_dht import FakeDht, FakeNetwork

NOWHERE = "127.0.0.1:9"


class Elsewhere:
    """Devices that only a DHT leads to. ``are_on``: whether they look; ``joins``: how often this computer has joined."""

    def __init__(self):
        self.network, self.devices = FakeNetwork(), []
        self.are_on, self.joins, self.letters = True, 0, 0

    async def live(self, home, network, total, say, work, must_join):
        """In place of dht_access.live."""
        self.joins += 1
        if not self.network.is_up:
            raise DhtError("no-contacts", "No node answered.")
        async with trio.open_nursery() as nursery:
            for device in self.devices:
                nursery.start_soon(self._look, device)
            await work(self.network.node())
            nursery.cancel_scope.cancel()

    async def _look(self, device):
        dht, done = self.network.node(), {}
        while True:
            await trio.sleep(0.005)
            for item in [item for item in self.network.items.values() if self.are_on and item.salt == device.key.id]:
                if item.seq <= done.get(item.key, 0):
                    continue
                done[item.key] = item.seq
                entries = []
                for data in letters.read_queue(await read_letter(dht, item.value, device.key.unseal)):
                    status, body = device.command(data)
                    command = open_command(data)[0]
                    entries.append(
                        Answered(command.command_id, body) if status == 200
                        else Unanswered(command.command_id, body["code"], body["message"])
                    )  # fmt: skip
                self.letters += 1
                letter = letters.make_answers(Answers(entries, 40), item.key)
                await put_letter(dht, letter, device.key, command.issuer, lambda at_least: max(at_least, self.letters))

    def meet(self, run, name):
        """Claim a device at home, let it be found, and go away."""
        device = FakeDevice()
        device.config.update(reach="mainline", dht_network="", dht_bootstrap="")
        self.devices.append(device)
        assert run("remote", "claim", name, device.address, "--token", TOKEN).code == 0
        assert run("remote", name, "config", "get").code == 0
        device.close()
        device.executed.clear()
        return device


@pytest.fixture
def elsewhere(monkeypatch):
    world = Elsewhere()
    monkeypatch.setattr(dht_access, "live", world.live)
    monkeypatch.setattr(delivery, "FIRST_S", 0.05)
    monkeypatch.setattr(delivery, "SECOND_S", 0.05)
    monkeypatch.setattr(delivery, "TOTAL_S", 0.3)
    monkeypatch.setattr(mailbox, "OURS_EVERY_S", ((float("inf"), 0.01),))
    return world


@pytest.fixture
def away(run, elsewhere):
    """A device of this computer's, called ``home``, which is elsewhere."""
    run("key", "new", "--json")
    return elsewhere.meet(run, "home")


def test_in_a_cafe_it_goes_through_the_dht_and_says_so(run, away):
    ran = run("remote", "home", "status")
    assert ran.code == 0 and "2 h 1 min" in ran.out
    assert ran.err.splitlines() == [
        f"home does not answer at {away.address}; going through the DHT.",
        "8 nodes keep the command; home looks about every 2 minutes when it is on.",
    ]
    assert "about every 15 s" in run("remote", "home", "status").err


def test_json_tells_the_way(run, away):
    row = run("remote", "home", "status", "--json").json
    assert row["via"] == "dht" and row["dht"]["stored"] == 8


def test_at_home_nothing_is_asked_of_the_dht(run, elsewhere, owned):
    owned.config.update(reach="mainline", dht_network="", dht_bootstrap="")
    run("remote", "attic", "config", "get")
    row = run("remote", "attic", "status", "--json").json
    assert row["via"] == "http" and "dht" not in row and elsewhere.joins == 0


@pytest.mark.parametrize("status", [200, 302, 404])
def test_something_else_at_the_address_is_passed_by(run, away, monkeypatch, status):
    class SignIn(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", "7")
            self.end_headers()
            self.wfile.write(b"sign in")

        do_POST = do_GET

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), SignIn) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        move(f"127.0.0.1:{server.server_address[1]}")
        ran = run("remote", "home", "status")
        server.shutdown()
    assert ran.code == 0 and "is not what answers at" in ran.err


def test_another_device_at_the_address_is_passed_by(run, away):
    other = FakeDevice()
    move(other.address)
    ran = run("remote", "home", "config", "set", "language=zh")
    other.close()
    assert ran.code == 0 and away.config["language"] == "zh" and not other.executed


def move(address):
    """Change the book: the device's address means something else here."""
    content = Home().read_json("book.json")
    content["remotes"]["home"]["address"] = address
    Home().write_json(content, "book.json")


def test_a_way_can_be_chosen(run, elsewhere, away):
    ran = run("remote", "home", "status", "--via", "http", "--timeout", "0.2")
    assert ran.code == 4 and elsewhere.joins == 0
    move("192.0.2.1")
    assert run("remote", "home", "status", "--via", "dht", "--json").json["via"] == "dht"
    assert run("remote", "home", "status", "--via", "pigeon").code == 2


def test_what_was_done_over_http_is_not_done_again(run, elsewhere, monkeypatch):
    run("key", "new", "--json")
    device = FakeDevice()
    device.config.update(reach="mainline", dht_network="", dht_bootstrap="")
    elsewhere.devices.append(device)
    run("remote", "claim", "home", device.address, "--token", TOKEN)
    run("remote", "home", "config", "get")
    device.executed.clear()
    device.faults = ["drop-answer"] * 99
    ran = run("remote", "home", "identify", "--json")
    device.close()
    assert ran.code == 0 and ran.json["via"] == "dht"
    assert [verb for verb, _ in device.executed] == ["identify"] and len(set(device.received[1:])) == 1


def test_a_device_that_is_off_does_it_later_and_resume_brings_the_answer(run, elsewhere, away):
    elsewhere.are_on = False
    ran = run("remote", "home", "identify", "--timeout", "0.2", "--json")
    assert ran.code == 4 and "home finds it when it is on" in ran.json["error"]["why"] and "--resume" in ran.json["error"]["fix"]
    elsewhere.are_on = True
    ran = run("remote", "home", "identify", "--resume", "--json")
    assert ran.code == 0 and ran.json["via"] == "dht"
    assert [verb for verb, _ in away.executed] == ["identify"]


def test_an_earlier_command_goes_along_and_both_are_done_in_order(run, elsewhere, away):
    elsewhere.are_on = False
    run("remote", "home", "config", "set", "language=zh", "--timeout", "0.1")
    run("remote", "home", "status", "--timeout", "0.1")
    elsewhere.are_on = True
    ran = run("remote", "home", "config", "set", "name=Attic")
    assert ran.code == 0 and "1 earlier command for home without an answer goes along." in ran.err
    assert [arguments for verb, arguments in away.executed if verb == "config-set"] == [{"language": "zh"}, {"name": "Attic"}]
    assert list(waiting().values()) == [[]]


def waiting():
    """The names of the files of unanswered commands, and the commands in them."""
    names = os.listdir(Home().path("mailbox")) if os.path.isdir(Home().path("mailbox")) else []
    return {name: outbox.Outbox(Home(), *name.split(".")[:2]).commands for name in names}


def test_a_full_mailbox_says_so(run, elsewhere, away):
    elsewhere.are_on = False
    for number in range(8):
        run("remote", "home", "identify", "--seconds", number + 1, "--timeout", "0.05")
    ran = run("remote", "home", "identify", "--seconds", 30, "--timeout", "0.05", "--json")
    assert ran.code == 1 and ran.json["error"]["code"] == "mailbox-full"


def test_a_command_that_waits_is_not_given_up_by_trying_offline(run, elsewhere, away):
    elsewhere.are_on = False
    run("remote", "home", "identify", "--timeout", "0.1")
    elsewhere.network.is_up = False
    assert run("remote", "home", "identify", "--resume", "--timeout", "0.1").code == 4
    elsewhere.network.is_up = elsewhere.are_on = True
    assert run("remote", "home", "config", "set", "language=zh").code == 0
    assert [verb for verb, _ in away.executed if verb in ("identify", "config-set")] == ["identify", "config-set"]


def test_what_does_not_fit_does_not_block_what_comes_after(run, elsewhere, away, monkeypatch):
    fits = letters.make_queue

    def make_queue(commands, *rest):
        if any(open_command(command)[0].verb == "identify" for command in commands):
            raise LetterError("too-large", "a mailbox carries at most so many bytes")
        return fits(commands, *rest)

    monkeypatch.setattr(letters, "make_queue", make_queue)
    assert run("remote", "home", "identify", "--json").json["error"]["code"] == "too-large"
    assert run("remote", "home", "config", "set", "language=zh").code == 0


def test_a_whole_group_shares_one_node(run, elsewhere, away):
    others = [elsewhere.meet(run, f"d{number}") for number in range(2)]
    run("remote", "group", "add", "all-of-us", "home", "d0", "d1")
    joins = elsewhere.joins
    ran = run("remote", "@all-of-us", "config", "set", "language=zh", "--json")
    assert ran.code == 0 and ran.json["done"] == 3 and {row["via"] for row in ran.json["devices"]} == {"dht"}
    assert elsewhere.joins == joins + 1 and {device.config["language"] for device in (away, *others)} == {"zh"}


def test_a_group_is_carried_on_after_a_break(run, elsewhere, away):
    other = elsewhere.meet(run, "d0")
    run("remote", "group", "add", "both", "home", "d0")
    elsewhere.devices.remove(other)
    ran = run("remote", "@both", "identify", "--timeout", "0.4", "--json")
    assert ran.code == 4 and ran.json["unreachable"] == ["d0"]
    elsewhere.devices.append(other)
    assert run("remote", "@both", "identify", "--resume", "--json").json["done"] == 2
    assert [len(device.executed) for device in (away, other)] == [1, 1]


def test_a_dangerous_command_answers_its_challenge(run, away):
    added = public_key_to_text(KeyPair(bytes(32)).public_key)
    ran = run("remote", "home", "keyset", "rotate", "--add", "viewer", added, "--yes", "--json")
    assert ran.code == 0 and ran.json["result"]["version"] == 2 and away.keyset.version == 2


def test_the_keysets_version_is_learned_without_the_address(run, away):
    seen = Home().read_json("seen", f"{id_to_text(away.key.id)}.json")
    Home().write_json({**seen, "keyset_version": 0}, "seen", f"{id_to_text(away.key.id)}.json")
    assert run("remote", "home", "status", "--key", "owner").code == 0
    away.keyset = away.keyset._replace(version=7)
    assert run("remote", "home", "status", "--key", "owner").code == 0


def test_a_refusal_without_a_signature_is_told_as_over_http(run, away):
    away.keyset = away.keyset._replace(keys=(("owner", KeyPair(bytes(32)).public_key),))
    error = run("remote", "home", "status", "--json").json["error"]
    assert error["code"] == "bad-pass" and "pass create --this-computer" in error["fix"]


def test_a_large_answer_comes_whole(run, away):
    away.lines = [{"n": n, "time": 1_760_000_000 + n, "text": "x" * 90} for n in range(1, 101)]
    assert len(run("remote", "home", "logs", "-n", "100", "--json").json["result"]["lines"]) == 100


def test_an_answer_whose_pieces_cannot_be_had_at_once_is_fetched_again(run, elsewhere, away, monkeypatch):
    away.lines = [{"n": n, "time": 1_760_000_000 + n, "text": "x" * 90} for n in range(1, 101)]
    whole, outages = FakeDht.get_immutable, []

    async def get_immutable(self, target, progress=None):
        if len(outages) < 3:
            outages.append(target)
            raise DhtError("silent", "Nobody answers.")
        return await whole(self, target, progress)

    monkeypatch.setattr(FakeDht, "get_immutable", get_immutable)
    ran = run("remote", "home", "logs", "-n", "100", "--timeout", "5", "--json")
    assert ran.code == 0 and len(ran.json["result"]["lines"]) == 100


def test_an_answer_that_another_key_signed_is_not_believed(run, away, monkeypatch):
    monkeypatch.setattr(away, "_answer", lambda command, *rest: FakeDevice._answer(forger(away), command, *rest))
    ran = run("remote", "home", "status", "--json")
    assert ran.code == 1 and ran.json["error"]["code"] == "untrusted"


def forger(device):
    other = FakeDevice()
    other.close()
    other.keyset = device.keyset
    return other


def test_a_copy_of_this_key_that_was_ahead_is_passed(run, elsewhere, away):
    run("remote", "home", "status")
    target = next(target for target, item in elsewhere.network.items.items() if item.salt == away.key.id)
    elsewhere.network.items[target] = elsewhere.network.items[target]._replace(seq=2**45)
    assert run("remote", "home", "status").code == 0
    assert elsewhere.network.items[target].seq == 2**45 + 1


def test_without_a_network_it_says_why(run, elsewhere, away):
    elsewhere.network.is_up = False
    ran = run("remote", "home", "identify", "--json")
    assert ran.code == 4 and ran.json["error"]["code"] == "no-contacts"
    assert not any(waiting().values())


def test_a_device_that_keeps_to_its_house_is_not_looked_for(run, elsewhere, owned):
    owned.config.update(reach="lan", dht_network="", dht_bootstrap="")
    run("remote", "attic", "config", "get")
    owned.close()
    ran = run("remote", "attic", "status", "--timeout", "0.1", "--json")
    assert ran.code == 4 and elsewhere.joins == 0 and "config set reach=mainline" in ran.json["error"]["fix"]
    ran = run("remote", "attic", "status", "--via", "dht", "--json")
    assert ran.code == 2 and ran.json["error"]["code"] == "no-network"


@pytest.mark.parametrize(
    ("told", "network"),
    [
        ({"reach": "mainline", "network": "", "bootstrap": ""}, (None, [], True, False)),
        ({"reach": "mainline", "network": "", "bootstrap": "a.example:1"}, (None, [("a.example", 1)], False, False)),
        ({"reach": "organization", "network": "00" * 8, "bootstrap": "[::1]:2, b:3"}, (bytes(8), [("::1", 2), ("b", 3)], False, True)),
        ({"reach": "lan", "network": "", "bootstrap": ""}, None),
        ({"reach": "organization", "network": "", "bootstrap": ""}, None),
        ({"reach": "organization", "network": "zz", "bootstrap": "x"}, None),
        ({}, None),
    ],
)
def test_what_a_configuration_says_of_the_network(told, network):
    found = dht_way.network_told(told)
    assert (found and tuple(found)) == network


def test_a_damaged_outbox_is_passed_over(run, elsewhere, away):
    elsewhere.are_on = False
    run("remote", "home", "identify", "--timeout", "0.05")
    (name,) = waiting()
    Home().write_json({"commands": [1, {"command": "%", "since": 0}, {"since": 1}]}, "mailbox", name)
    elsewhere.are_on = True
    assert run("remote", "home", "status").code == 0
