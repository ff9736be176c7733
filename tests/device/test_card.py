"""A card's file at the start of the device: token, owner, network and passphrase; and one that is wrong."""

import os
import time

import pytest

from appliance.commands.claim import ClaimError
from appliance.device.announcement import announcement
from appliance.device.applied_card import apply_card
from appliance.device.passphrase import PASSPHRASE_FILE, load_or_create
from leither_edge.card.card_file import Card, Network, write_card
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.crypto.private_file import KeyFileError
from tests.commands.device import running
from tests.device_process import Controller, DeviceProcess

TOKEN = "01234-56789-ABCDE-FGHJK"
OWNER = KeyPair(b"\x21" * 32)
RADIO = {"LEITHER_FAKE_WIRED": "no"}


@pytest.fixture
def written(tmp_path):
    def write(card):
        path = tmp_path / "leither.toml"
        path.write_text(card if isinstance(card, str) else write_card(card), encoding="utf-8")
        return str(path)

    return write


async def test_the_cards_token_is_the_one_that_counts(tmp_path, written):
    async with running(tmp_path) as device:
        claim = device.claim()
        made = claim.token
        await apply_card(written(Card(TOKEN)), claim, device.log, device.counters)
        assert claim.token == TOKEN
        with pytest.raises(ClaimError, match="not right"):
            await claim.claim(made, OWNER.public_key)
        await claim.claim("o1234 56789 abcde fghjk", OWNER.public_key)
        await apply_card(written(Card(TOKEN)), claim, device.log, device.counters)
        assert claim.token is None
        assert not any("56789" in line for line in device.lines)


async def test_the_cards_owner_owns_it_once(tmp_path, written):
    other = KeyPair(b"\x22" * 32)
    async with running(tmp_path) as device:
        claim = device.claim()
        await apply_card(written(Card(owner=OWNER.public_key)), claim, device.log, device.counters)
        assert claim.claimed and device.executor.keyset.keys == (("owner", OWNER.public_key),)
        applied = await apply_card(written(Card(owner=other.public_key)), claim, device.log, device.counters)
        assert device.executor.keyset.keys == (("owner", OWNER.public_key),) and not applied.notes
        assert len(device.dump()["audit"]) == 1


async def test_a_wrong_card_changes_nothing_and_is_told(tmp_path, written):
    async with running(tmp_path) as device:
        claim = device.claim()
        made, before = claim.token, device.dump()
        text = write_card(Card(TOKEN, "a secret word", owner=OWNER.public_key)) + "[wifi]\nssid = 'Home'\npasswort = 'another secret'\n"
        applied = await apply_card(written(text), claim, device.log, device.counters)
        assert claim.token == made and device.dump() == before and applied.passphrase is None and applied.network is None
        assert device.counters.get("cards", result="wrong") == 1
        told = await announcement("http://127.0.0.1:1/", claim, "box", device.key.id, "pi-zero", False, None, applied.notes)
        for said in (told, "".join(device.lines)):
            assert "has no setting named passwort" in said and "secret" not in said


async def test_no_card_and_one_for_the_radio(tmp_path, written):
    async with running(tmp_path) as device:
        claim = device.claim()
        for path in (None, str(tmp_path / "none.toml")):
            applied = await apply_card(path, claim, device.log, device.counters)
            assert (applied.passphrase, applied.network, applied.notes) == (None, None, ())
        applied = await apply_card(written(Card(None, "a secret word", Network("Home", "hush hush"))), claim, device.log, device.counters)
        assert applied.passphrase == "a secret word" and applied.ssid is None
        named = await apply_card(written(Card(access_point_ssid="Leither-7KQM")), claim, device.log, device.counters)
        assert named.ssid == "Leither-7KQM" and named.passphrase is None
        assert applied.network == {"ssid": "Home", "passphrase": "hush hush", "hidden": False}
        assert not any("secret" in line or "hush" in line for line in device.lines)
        told = await announcement("http://127.0.0.1:1/", claim, "box", device.key.id, "pi-zero", False, ("Leither-test", "a secret word"))
        assert "Leither-test" in told and "a secret word" in told


def test_a_passphrase_is_made_once(tmp_path):
    made = load_or_create(str(tmp_path))
    path = tmp_path / PASSPHRASE_FILE
    assert len(made) == 14 and load_or_create(str(tmp_path)) == made and path.stat().st_mode & 0o777 == 0o600
    path.write_text("nonsense")
    assert load_or_create(str(tmp_path)) != "nonsense"
    os.chmod(path, 0o644)
    with pytest.raises(KeyFileError):
        load_or_create(str(tmp_path))


def test_a_whole_device_with_a_card(tmp_path, written):
    seed = b"\x21" * 32
    path = written(Card(TOKEN, "a secret word", Network("Attic", "correct horse", True), OWNER.public_key, "Leither-7KQM"))
    log = tmp_path / "log"
    with open(log, "wb") as errors, DeviceProcess(tmp_path / "state", arguments=("--card", path), environment=RADIO, log=errors) as device:
        owner = Controller(device.port, seed)
        give_up = time.monotonic() + 10
        while True:
            wifi = owner.do("status").result["wifi"]
            if wifi["state"] == "joined" and not wifi["access_point"]:
                break
            assert time.monotonic() < give_up, wifi
            time.sleep(0.02)
        assert wifi["ssid"] == "Attic" and wifi["configured"]
    said = log.read_text()
    assert "card read" in said and "network tried" in said
    assert "secret" not in said and "horse" not in said and "56789" not in said


def test_the_cards_access_point_is_the_one_that_opens(tmp_path, written):
    path = written(Card(TOKEN, "a secret word", access_point_ssid="Leither-7KQM"))
    log = tmp_path / "log"
    with open(log, "wb") as errors, DeviceProcess(tmp_path / "state", arguments=("--card", path), environment=RADIO, log=errors):
        give_up = time.monotonic() + 10
        while "access point open" not in log.read_text():
            assert time.monotonic() < give_up
            time.sleep(0.02)
    assert "name=Leither-7KQM" in log.read_text()


def test_a_whole_device_with_a_wrong_card(tmp_path, written):
    path = written("[wlan]\n")
    with DeviceProcess(tmp_path / "state", arguments=("--card", path), environment=RADIO) as device:
        owner = Controller(device.port)
        assert owner.claim(device.token)[0] == 200
        wifi = owner.do("status").result["wifi"]
        assert wifi["state"] == "disconnected"
