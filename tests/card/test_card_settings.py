"""What a card says is shown without secrets and changed in place; and the list for Raspberry Pi Imager."""

import hashlib
import json
import shutil
import subprocess

import pytest

from leither_edge.card.card_file import CARD_MAX_BYTES, Card, Network, file_bytes, parse_card, write_card
from leither_edge.card.fat import find_file
from leither_edge.card.location import find_card_file, read_card_file
from leither_edge.core.ids import public_key_to_text
from tests.card.images import MIB, card_image

CARD = Card("01234-56789-ABCDE-FGHJK", "hush hush", Network("Home", "secret word", True), None, "Leither-7KQM")
KEY = bytes(range(32))


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "card"
    path.write_bytes(card_image(tmp_path, files={"leither.toml": file_bytes(CARD)}))
    return path


def card_on(path):
    data = path.read_bytes()

    def read(offset, count):
        return data[offset : offset + count]

    return parse_card(read_card_file(read, find_card_file(read, len(data))))


def test_show_without_secrets(run, written, tmp_path):
    file = tmp_path / "leither.toml"
    file.write_text(write_card(CARD._replace(owner=KEY)))
    for path in (written, file):
        for words in ((), ("--json",)):
            ran = run("card", "show", path, *words)
            assert ran.code == 0 and "Leither-7KQM" in ran.out and "Home" in ran.out
            assert not any(secret in ran.out + ran.err for secret in ("hush", 'word"', "secret word", "56789"))
    assert ran.json["owner"] == public_key_to_text(KEY) and ran.json["wifi"] == {"ssid": "Home", "passphrase": True, "hidden": True}
    file.write_text("")
    ran = run("card", "show", file)
    assert "made by the device" in ran.out and "nobody yet" in ran.out


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"[wlan]", "line 1"),
        (b"x" * 5000, "too large"),
        (bytes(510) + b"\x55\xaa", "not a card of Leither Edge"),
        (b"\xfd7zXZ\0" + bytes(600), "is packed"),
    ],
)
def test_show_what_is_no_card(run, tmp_path, data, sentence):
    (tmp_path / "file").write_bytes(data)
    ran = run("card", "show", tmp_path / "file")
    assert ran.code in (1, 2) and sentence in ran.err
    for path in (tmp_path / "none", tmp_path):
        assert run("card", "show", path).code == 2


def test_settings_keep_what_is_not_named(run, written):
    before = written.read_bytes()
    assert run("card", "settings", written, "--wifi", "Attic", "--open").code == 1
    assert written.read_bytes() == before
    ran = run("card", "settings", written, "--really", "--wifi", "Attic", "--open")
    assert ran.code == 0 and card_on(written) == CARD._replace(network=Network("Attic", "", False)) and CARD.claim_token in ran.out
    assert run("card", "settings", written, "--really", "--no-wifi", "--new-token").code == 0
    after = card_on(written)
    assert after.network is None and after.claim_token != CARD.claim_token and after.access_point_passphrase == "hush hush"
    assert run("card", "settings", written, "--really", "--owner", public_key_to_text(KEY)).code == 0
    assert card_on(written) == after._replace(owner=KEY, claim_token=None)
    assert run("card", "settings", written, "--really", "--no-owner").code == 0
    assert card_on(written).owner is None and card_on(written).claim_token
    data = written.read_bytes()
    assert len(data) == len(before) and sum(a != b for a, b in zip(data, before, strict=True)) < 4096


def test_a_file_that_an_editor_made_shorter(run, tmp_path, written):
    """Its size grows again within its clusters."""
    written.write_bytes(card_image(tmp_path, files={"leither.toml": b""}))
    assert "do not fit" in run("card", "settings", written, "--really").err
    image = card_image(tmp_path, mib=44, fat_mib=40, bits=32, files={"leither.toml": b"# short\n" * 80})
    written.write_bytes(image)
    ran = run("card", "settings", written, "--really")
    assert ran.code == 0 and card_on(written).claim_token in ran.out
    file = find_file(lambda at, count: written.read_bytes()[at : at + count], MIB, 40 * MIB, "leither.toml")
    shown = subprocess.run(["mtype", "-i", f"{written}@@1M", "::leither.toml"], check=True, capture_output=True).stdout
    assert len(shown) == file.size and parse_card(shown) == card_on(written)


def test_settings_beyond_repair_begin_anew(run, tmp_path):
    path = tmp_path / "card"
    path.write_bytes(card_image(tmp_path, files={"leither.toml": b"[wlan]\n".ljust(4096)}))
    ran = run("card", "settings", path, "--really")
    assert ran.code == 1 and "line 1" in ran.err and "--fresh" in ran.err
    assert run("card", "settings", path, "--really", "--fresh").code == 0 and card_on(path).claim_token


def test_the_file_itself(run, tmp_path):
    """As Raspberry Pi Imager leaves it on a drive that any computer opens."""
    path = tmp_path / "leither.toml"
    ran = run("card", "settings", path)
    assert ran.code == 0 and len(path.read_bytes()) == CARD_MAX_BYTES
    made = parse_card(path.read_bytes())
    ran = run("card", "settings", path, "--wifi", "Home", "--open", "--json")
    assert ran.json["claim_token"] == made.claim_token
    assert parse_card(path.read_bytes()) == made._replace(network=Network("Home", "", False))
    assert "could not be written" in run("card", "settings", tmp_path / "none" / "leither.toml").err


def test_the_list_for_imager(run, image, made, describe):
    describe()
    listed = run("card", "imager-list", image, made.plain, "--base-url", "https://example.org/images/").json["os_list"]
    assert [entry["url"] for entry in listed] == [f"https://example.org/images/{name}" for name in ("sdcard.img.xz", "sdcard.img")]
    first = listed[0]
    assert (first["name"], first["release_date"], first["init_format"]) == ("Leither Edge for tests", "2026-01-02", "none")
    assert first["devices"] == ["pi1-32bit", "pi3-32bit"] and listed[1]["devices"] == []
    assert first["extract_size"] == len(made.bytes) and first["extract_sha256"] == hashlib.sha256(made.bytes).hexdigest()
    data = image.read_bytes()
    assert (first["image_download_size"], first["image_download_sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert first["icon"].startswith("data:image/svg+xml") and first["description"]
    odd = image.parent / "with space é.img.xz"
    shutil.copy(image, odd)
    ran = run("card", "imager-list", odd, "--tag", "pi5-64bit", "--json")
    assert ran.json["os_list"][0]["url"] == odd.as_uri() and ran.json["os_list"][0]["devices"] == ["pi5-64bit"]
    assert json.loads(run("card", "imager-list", odd).out)["os_list"]
    assert run("card", "imager-list", image, "--base-url", "ftp://x").code == 2
    image.write_bytes(image.read_bytes()[:-8])
    assert run("card", "imager-list", image).code == 1
