"""Cards are written, read back, and refused: real images, real files and loop devices in place of cards."""

import contextlib
import hashlib
import json
import lzma
import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from leither_edge.card.card_file import CARD_MAX_BYTES, Network, parse_card
from leither_edge.card.location import find_card_file, read_card_file
from leither_edge.cli import card_write
from leither_edge.cli.card_device import CardDevice
from leither_edge.cli.extras import qr_lines
from leither_edge.core.ids import public_key_to_text
from tests.card.images import MIB, PLACEHOLDER, block_map, card_image, mapped_blocks
from tests.device_process import ROOT

OWNER = public_key_to_text(bytes(range(32)))
SURELY = ("--really", "--yes")


def settings_of(path):
    data = path.read_bytes()
    return parse_card(text_of(data))


def text_of(data):
    def read(offset, count):
        return data[offset : offset + count]

    return read_card_file(read, find_card_file(read, len(data)))


def same_but_settings(data, image):
    """Whether a card holds an image but for leither.toml, and behind it what was there before."""
    at = image.index(PLACEHOLDER)
    patched = data[:at] + PLACEHOLDER + data[at + 4096 : len(image)]
    return patched == image and set(data[len(image) :]) == {0xA5}


@pytest.mark.parametrize("packed", [True, False])
def test_a_card(run, image, made, card, packed):
    ran = run("card", "write", image if packed else made.plain, "--device", card, *SURELY)
    assert ran.code == 0 and "ready: 12.6 MB written and read back" in ran.out
    assert same_but_settings(card.read_bytes(), made.bytes)
    said = settings_of(card)
    assert said.claim_token in ran.out and said.access_point_passphrase in ran.out and said.access_point_ssid in ran.out
    assert said.access_point_ssid.startswith("Leither-") and len(said.access_point_ssid) == 12 and said.network is None
    assert f"leither remote claim NAME 192.168.4.1:80 --token {said.claim_token}" in ran.out
    assert "have no lock" in ran.out, "nobody knows here which radio the board has"
    assert len(text_of(card.read_bytes())) == CARD_MAX_BYTES
    assert ("No checksum" in ran.err) != packed


def test_each_card_has_secrets_of_its_own(run, image, card):
    found = set()
    for _ in range(3):
        assert run("card", "write", image, "--device", card, *SURELY, "--json").code == 0
        found.add(settings_of(card))
    assert len({c.claim_token for c in found}) == len({c.access_point_passphrase for c in found}) == 3


def test_all_settings_as_json(run, image, card, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "password").write_text("correct horse\nmore\n")
    (tmp_path / "ap").write_text("my own passphrase\n")
    ran = run(
        "card", "write", image, "--device", card, *SURELY, "--json", "--wifi", "咖啡馆", "--hidden", "--owner", OWNER,
        "--wifi-password-file", tmp_path / "password", "--passphrase-file", tmp_path / "ap",
    )  # fmt: skip
    said = settings_of(card)
    assert ran.code == 0 and said.network == Network("咖啡馆", "correct horse", True) and said.owner == bytes(range(32))
    assert said.claim_token is None and said.access_point_passphrase == "my own passphrase"
    assert ran.json["access_point"] == {"ssid": said.access_point_ssid, "passphrase": "my own passphrase"}
    assert (ran.json["wifi"], ran.json["owner"], ran.json["claim_token"]) == ("咖啡馆", OWNER, None)
    assert ran.json["read_back"] is True and ran.json["image_bytes"] == 12 * MIB and ran.out.count("\n") == 1
    assert "horse" not in ran.out + ran.err


def test_an_owner_by_name(run, image, card):
    key = run("key", "new", "--json").json
    assert run("card", "write", image, "--device", card, *SURELY, "--owner", "owner").code == 0
    assert public_key_to_text(settings_of(card).owner) == key["public_key"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--wifi", "Home"), "nobody is here to type it"),
        (("--wifi", "x" * 33, "--open"), "1 to 32 bytes"),
        (("--wifi", "", "--open"), "1 to 32 bytes"),
        (("--wifi", "Home", "--wifi-password-file", "/dev/null"), "8 to 63"),
        (("--wifi", "Home", "--wifi-password-file", "/nonexistent"), "could not be read"),
        (("--hidden",), "Name the network too"),
        (("--open",), "Name the network too"),
        (("--owner", "nobody"), "There is no key"),
        (("--owner", "B" + OWNER[1:]), "typing error"),
        (("--passphrase-file", "/dev/null"), "8 to 63"),
        (("--wifi", "caf\udce9", "--open"), "A card cannot say that"),
        (("--device", "/nonexistent"), "cannot be found"),
        (("--device", "/dev/null"), "is not a disk"),
    ],
)
def test_wrong_options_touch_nothing(run, image, card, words, sentence):
    before = card.read_bytes()
    ran = run("card", "write", image, "--device", card, *SURELY, *words)
    assert ran.code in (1, 2) and sentence in ran.err and card.read_bytes() == before


def test_which_disk(run, image):
    ran = run("card", "write", image)
    assert ran.code == 2 and "Which disk" in ran.err and "leither card list" in ran.err


def test_a_file_only_with_really(run, image, card):
    ran = run("card", "write", image, "--device", card, "--yes")
    assert ran.code == 1 and "add --really" in ran.err and set(card.read_bytes()) == {0xA5}


def test_nobody_confirms(run, image, card):
    ran = run("card", "write", image, "--device", card, "--really", "--json")
    assert ran.code == 2 and ran.json["error"]["code"] == "needs-confirmation" and set(card.read_bytes()) == {0xA5}


def test_the_question_names_the_disk(run, image, card, screen, monkeypatch):
    asked = []
    monkeypatch.setattr("leither_edge.cli.prompt.ask", lambda question: asked.append(question) or screen.typed.pop(0))
    screen.typed = ["no"]
    ran = run("card", "write", image, "--device", card, "--really")
    assert ran.code == 1 and "a file, 14.7 MB, will be erased" in ran.err and set(card.read_bytes()) == {0xA5}
    screen.typed = ["card"]
    assert run("card", "write", image, "--device", card, "--really").code == 0


def test_the_password_is_asked_for(run, image, card, screen, monkeypatch):
    monkeypatch.setattr("leither_edge.cli.card_settings.interactive", lambda: True)
    monkeypatch.setattr("leither_edge.cli.card_settings.ask_secret", lambda question: "correct horse")
    assert run("card", "write", image, "--device", card, *SURELY, "--wifi", "Home").code == 0
    assert settings_of(card).network == Network("Home", "correct horse", False)


def test_too_small(run, image, made, card, describe):
    card.write_bytes(bytes(11 * MIB))
    ran = run("card", "write", image, "--device", card, *SURELY)
    assert ran.code == 1 and "too small" in ran.err and not any(card.read_bytes())


def test_the_image_itself_is_no_card(run, made, tmp_path):
    path = tmp_path / "sdcard.img"
    path.write_bytes(made.bytes)
    ran = run("card", "write", path, "--device", path, *SURELY)
    assert ran.code == 2 and "over itself" in ran.err and path.read_bytes() == made.bytes


def damage(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: data[: len(data) // 2], "cut short"),
        (lambda data: data[:-1], "cut short"),
        (lambda data: data[:20], "cut short"),
        (lambda data: damage(data, len(data) // 2), "cannot be unpacked"),
        (lambda data: data + b"more" * 9, "cannot be unpacked"),
        (lambda data: b"", "is empty"),
        (lambda data: b"\x1f\x8b" + data, "packed with gzip"),
        (lambda data: lzma.compress(bytes(MIB)), "not an image of Leither Edge: it begins with no partition table"),
        (lambda data: lzma.compress(lzma.decompress(data)[: 3 * MIB]), "outside of it"),
    ],
)
def test_bad_images_touch_nothing(run, image, card, change, sentence):
    image.write_bytes(change(image.read_bytes()))
    (image.parent / "sdcard.img.xz.sha256").unlink()
    ran = run("card", "write", image, "--device", card, *SURELY)
    assert ran.code in (1, 2) and sentence in ran.err and set(card.read_bytes()) == {0xA5}


def test_no_leither_toml(run, tmp_path, card):
    path = tmp_path / "other.img"
    path.write_bytes(card_image(tmp_path, files={"config.txt": b"x"}))
    ran = run("card", "write", path, "--device", card, *SURELY)
    assert ran.code == 1 and "no file leither.toml" in ran.err and set(card.read_bytes()) == {0xA5}


def test_two_streams_and_padding(run, image, made, card):
    image.write_bytes(lzma.compress(made.bytes[: 5 * MIB]) + bytes(8) + lzma.compress(made.bytes[5 * MIB :]) + bytes(4))
    (image.parent / "sdcard.img.xz.sha256").unlink()
    assert run("card", "write", image, "--device", card, *SURELY).code == 0 and same_but_settings(card.read_bytes(), made.bytes)


def test_checksums_beside_the_image(run, image, card, describe):
    describe()
    assert run("card", "write", image, "--device", card, *SURELY).code == 0
    card.write_bytes(b"\xa5" * (14 * MIB))
    for wrong, sentence in (
        ({"extract_size": 5}, "another size, unpacked"),
        ({"extract_sha256": "0" * 64}, "another checksum, unpacked"),
        ({"image_download_size": 5}, "another size"),
        ({"image_download_sha256": "0" * 64}, "another checksum"),
        ({"extract_sha256": "no"}, "is damaged"),
        ({"extract_size": -1}, "is damaged"),
    ):
        describe(**wrong)
        ran = run("card", "write", image, "--device", card, *SURELY)
        assert ran.code == 1 and sentence in ran.err
    describe()
    digest = image.parent / "sdcard.img.xz.sha256"
    for text, sentence in (
        ("0" * 64 + "  sdcard.img.xz\n", "another checksum"),
        ("0" * 64 + "  other.img\n", "has no checksum of"),
        ("junk", "has no checksum of"),
    ):
        digest.write_text(text)
        ran = run("card", "write", image, "--device", card, *SURELY)
        assert ran.code == 1 and sentence in ran.err
    (image.parent / "sdcard.img.xz.json").write_text("[" * 100_000)
    assert "is damaged" in run("card", "write", image, "--device", card, *SURELY).err
    assert set(card.read_bytes()) == {0xA5}


def test_only_what_is_in_use_is_written(run, image, made, card):
    ranges = mapped_blocks(made.bytes)
    (image.parent / "sdcard.img.bmap").write_bytes(block_map(made.bytes, ranges))
    ran = run("card", "write", image, "--device", card, *SURELY, "--json")
    mapped = sum(last + 1 - first for first, last in ranges) * 4096
    assert ran.code == 0 and ran.json["written_bytes"] == mapped < 6 * MIB
    data = card.read_bytes()
    for first, last in ranges:
        if not first * 4096 <= made.bytes.index(PLACEHOLDER) < (last + 1) * 4096:
            assert data[first * 4096 : (last + 1) * 4096] == made.bytes[first * 4096 : (last + 1) * 4096]
    assert data[8 * MIB : 9 * MIB] == b"\xa5" * MIB and settings_of(card).claim_token


def test_block_maps_that_do_not_fit(run, image, made, card):
    path = image.parent / "sdcard.img.xz.bmap"
    ranges, toml = mapped_blocks(made.bytes), made.bytes.index(PLACEHOLDER) // 4096
    other = bytearray(made.bytes)
    other[11 * MIB] ^= 1
    without = [(a, b) for a, b in ranges if not a <= toml <= b]
    for data, sentence in (
        (block_map(bytes(other), ranges), "do not belong together"),
        (block_map(made.bytes + bytes(4096), ranges), "do not belong together"),
        (block_map(made.bytes, without), "leaves out leither.toml"),
        (b"junk", "is not used"),
    ):
        path.write_bytes(data)
        ran = run("card", "write", image, "--device", card, *SURELY)
        assert ran.code == 1 and sentence in ran.err, sentence
    assert set(card.read_bytes()) == {0xA5}


# The boundary to the disk is replaced here, as no real device can be made to lose what it took.


def test_a_card_that_loses_a_write(run, image, card, monkeypatch):
    real = CardDevice.write
    monkeypatch.setattr(CardDevice, "write", lambda self, at, data: None if at == 11 * MIB else real(self, at, data))
    ran = run("card", "write", image, "--device", card, *SURELY, "--json")
    assert ran.code == 1 and ran.json["error"]["code"] == "read-back" and ran.json["first_wrong_byte"] == 11 * MIB
    assert "1 of 12 parts differ" in ran.json["error"]["why"] and "not finished" not in ran.json["error"]["why"]


def test_a_card_that_loses_the_settings(run, image, card, monkeypatch, made):
    real, at = CardDevice.write, made.bytes.index(PLACEHOLDER) // MIB * MIB

    def write(self, offset, data):
        real(self, offset, made.bytes[offset : offset + len(data)] if offset == at else data)

    monkeypatch.setattr(CardDevice, "write", write)
    assert "does not hold what was written" in run("card", "write", image, "--device", card, *SURELY).err


def test_a_card_smaller_than_it_says(run, image, card, monkeypatch):
    """Such cards take everything and keep the last megabytes in place of the first ones."""
    real = CardDevice.write
    monkeypatch.setattr(CardDevice, "write", lambda self, at, data: real(self, at % (8 * MIB), data))
    assert "smaller than it says" in run("card", "write", image, "--device", card, *SURELY).err


@pytest.mark.parametrize(("error", "sentence"), [(5, "pulled out"), (28, "smaller than it says"), (22, "Invalid argument")])
def test_a_card_that_fails(run, image, card, monkeypatch, error, sentence):
    def pwrite(file, data, offset):
        if offset >= 5 * MIB:
            raise OSError(error, os.strerror(error))
        return real(file, data, offset)

    real = os.pwrite
    monkeypatch.setattr("leither_edge.cli.card_device.os.pwrite", pwrite)
    ran = run("card", "write", image, "--device", card, *SURELY)
    assert ran.code == 1 and sentence in ran.err and "not finished" in ran.err
    # Whatever was there before, and whatever is there now, starts nowhere.
    assert not any(card.read_bytes()[:512])


def test_an_image_that_changes_meanwhile(run, image, card, monkeypatch, made):
    real = card_write.examine

    def examine(checked, *arguments):
        found = real(checked, *arguments)
        image.write_bytes(lzma.compress(damage(made.bytes, 11 * MIB)))
        return found

    monkeypatch.setattr(card_write, "examine", examine)
    ran = run("card", "write", image, "--device", card, *SURELY)
    assert ran.code == 1 and "has changed" in ran.err and not any(card.read_bytes()[:512])


def test_stopping_with_the_keyboard(image, card, tmp_path):
    """A real process and a real signal, in the middle of writing."""
    program = (
        # A shell's background job, as CI may be, has the signal ignored, and hands that down.
        "import signal, time\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from leither_edge.cli.card_device import CardDevice\nreal = CardDevice.write\n"
        "def slow(self, at, data):\n    real(self, at, data)\n    print('writing', flush=True)\n    time.sleep(0.5)\n"
        "CardDevice.write = slow\nimport sys\nfrom leither_edge.cli.main import main\nsys.exit(main())\n"
    )
    words = [sys.executable, "-c", program, "card", "write", str(image), "--device", str(card), *SURELY]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "writing\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130 and "Stopped." in said and "not finished" in said and "Traceback" not in said
    assert not any(card.read_bytes()[:512])


def test_a_whole_card_on_a_real_block_device(run, image, made, card, loop):
    words = ("card", "write", image, "--device", loop)
    assert "does not look like a card" in run(*words, "--yes").err
    assert run(*words, *SURELY).code == 0
    assert same_but_settings(card.read_bytes(), made.bytes)
    shown = run("card", "show", loop, "--json")
    assert shown.json["claim_token"] is True and shown.json["access_point"] == settings_of(card).access_point_ssid
    before = settings_of(card)
    changed = run("card", "settings", loop, "--really", "--wifi", "Home", "--open")
    assert changed.code == 0 and settings_of(card) == before._replace(network=Network("Home", "", False))
    with open(loop, "rb") as device:
        assert hashlib.sha256(device.read()).digest() == hashlib.sha256(card.read_bytes()).digest()


def test_a_mounted_block_device_is_refused(run, image, card, loop, tmp_path):
    subprocess.run(["mkfs.ext4", "-q", loop], check=True, capture_output=True)
    place = tmp_path / "mounted"
    place.mkdir()
    if subprocess.run(["mount", "-t", "ext4", loop, place], capture_output=True).returncode:
        pytest.skip("this machine mounts nothing")
    try:
        ran = run("card", "write", image, "--device", loop, *SURELY)
        assert ran.code == 1 and "is in use" in ran.err and f"is mounted at {place}" in ran.err
    finally:
        subprocess.run(["umount", place], check=True)


def test_a_block_device_that_another_holds(run, image, loop):
    holder = os.open(loop, os.O_RDONLY | os.O_EXCL)
    try:
        ran = run("card", "write", image, "--device", loop, *SURELY)
        assert ran.code == 1 and "is in use" in ran.err
    finally:
        os.close(holder)


def test_what_a_person_sees(image, card):
    """On a real terminal: the bar with rate and time, and the two codes."""
    pytest.importorskip("segno")
    words = [sys.executable, "-m", "leither_edge.cli", "card", "write", str(image), "--device", str(card), *SURELY]
    own, theirs = pty.openpty()
    with subprocess.Popen(words, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "COLUMNS": "100"}) as process:
        os.close(theirs)
        seen = b""
        with contextlib.suppress(OSError):  # the terminal is gone when the process is
            while piece := os.read(own, 65536):
                seen += piece
    os.close(own)
    seen, said = seen.decode(), settings_of(card)
    assert process.returncode == 0 and f"Writing {card}  [" in seen
    wifi = f"WIFI:T:WPA;S:{said.access_point_ssid};P:{said.access_point_passphrase};;"
    for text in (wifi, f"http://192.168.4.1/?t={said.claim_token.replace('-', '')}"):
        assert all(line in seen for line in qr_lines(text))


def test_not_on_other_systems(run, image, card, monkeypatch):
    monkeypatch.setattr("leither_edge.cli.card_write.sys.platform", "darwin")
    ran = run("card", "write", image, "--device", card, *SURELY)
    assert ran.code == 1 and "Raspberry Pi Imager" in ran.err


def test_help_and_completion(run, capsys):
    for words in ((), ("write",), ("list",), ("show",), ("settings",), ("imager-list",)):
        ran = run("card", *words, "--help")
        assert ran.code == 0 and "EXAMPLES" in ran.out
    assert "Windows and macOS" in run("card", "write", "--help").out
    words = run("__complete", "bash", "leither card ", "").out.split()
    assert words == ["imager-list", "list", "settings", "show", "write"]
    assert "--wifi" in run("__complete", "bash", "leither card write x --", "--").out.split()
    run("key", "new", "--json")
    assert run("__complete", "bash", "leither card write x --owner ", "").out.split() == ["owner"]
    assert run("__complete", "bash", "leither card write x --device ", "").code == 0


def test_json_is_one_object_for_failures_too(run, card):
    ran = run("card", "write", "/nonexistent", "--device", card, "--json")
    assert ran.code == 2 and ran.json["error"]["code"] == "no-image"
    assert json.loads(run("card", "list", "--json").out)["disks"] is not None
