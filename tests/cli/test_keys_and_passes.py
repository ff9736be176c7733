"""Keys: made, shown, restored, deleted. Passes: made, handed over, ended."""

import json
import os
import stat
import time

import pytest

from tests.cli.conftest import PASSPHRASE


def test_new_key_and_back_from_its_words(run, tmp_path):
    made = run("key", "new", "--json")
    assert made.code == 0 and len(made.json["recovery_words"].split()) == 24
    assert stat.S_IMODE(os.stat(made.json["file"]).st_mode) == 0o600
    assert run("key", "delete", "owner", "--yes").code == 0 and not os.path.exists(made.json["file"])
    back = run("key", "restore", "--words-file", "-", "--name", "again", "--json", stdin=made.json["recovery_words"])
    assert back.code == 0 and back.json["public_key"] == made.json["public_key"]
    assert "recovery_words" not in back.json


def test_words_are_proven_on_a_terminal(run, screen, monkeypatch):
    import io

    from leither_edge.cli import key

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    class Out:
        as_json, out, err = False, Terminal(), Terminal()
        lines: list = []

        def line(self, text=""):
            self.lines.append(text)

        def styled(self, text, *styles, **more):
            return text

    words = [f"word{n}" for n in range(24)]
    asked = []

    def ask(question):
        asked.append(question)
        return words[int(question.split()[1].rstrip(":")) - 1] if "Word" in question else ""

    monkeypatch.setattr(key, "ask", ask)
    key.show_words(Out(), words)
    assert len(asked) == 3 and "\x1b[3J" in Out.out.getvalue()
    monkeypatch.setattr(key, "ask", lambda question: "wrong")
    with pytest.raises(key.CancelledError):
        key.show_words(Out(), words)


@pytest.mark.parametrize("words", [["key", "new"], ["key", "new", "--json"]])
def test_no_words_are_shown_for_a_key_that_cannot_be_kept(run, monkeypatch, tmp_path, words):
    short = tmp_path / "short"
    short.write_text("short\n")
    monkeypatch.delenv("LEITHER_PASSPHRASE")
    for more in ([], ["--passphrase-file", short]):
        ran = run(*words, *more)
        assert ran.code == 2 and "recovery" not in ran.out and "passphrase" in ran.out + ran.err


def test_a_passphrase_from_standard_input_is_read_once(run, monkeypatch):
    monkeypatch.delenv("LEITHER_PASSPHRASE")
    assert run("key", "new", "--passphrase-file", "-", stdin="a good passphrase\n").code == 0


def test_passphrase_is_typed_twice(run, screen, monkeypatch):
    monkeypatch.delenv("LEITHER_PASSPHRASE")
    screen.typed = ["", "short", "long enough", "not the same", "long enough", "long enough"]
    monkeypatch.setattr("leither_edge.cli.key.show_words", lambda out, words: None)
    screen.typed = screen.typed[2:]
    assert run("key", "new").code == 0


def test_wrong_passphrase(run, monkeypatch):
    run("key", "new", "--json")
    monkeypatch.setenv("LEITHER_PASSPHRASE", "not this one")
    ran = run("remote", "pass", "create", "--this-computer", "--json")
    assert ran.code == 1 and ran.json["error"]["code"] == "wrong-passphrase"


def test_passphrase_rules(run, tmp_path, monkeypatch):
    file = tmp_path / "pass"
    file.write_text("short\n")
    assert run("key", "new", "--passphrase-file", file, "--json").code == 2
    monkeypatch.delenv("LEITHER_PASSPHRASE")
    assert run("key", "new", "--json").json["error"]["code"] == "needs-passphrase"
    assert run("key", "list", "--json").json["keys"] == []


def test_unencrypted_only_with_a_warning(run):
    ran = run("key", "new", "--no-passphrase", "--json")
    assert ran.code == 0 and ran.json["encrypted"] is False and "not encrypted" in ran.json["warnings"][0]


def test_open_key_file_must_be_private(run):
    file = run("key", "new", "--no-passphrase", "--json").json["file"]
    os.chmod(file, 0o644)
    assert "chmod 600" in run("remote", "pass", "create", "--this-computer").err


def test_a_key_is_never_overwritten(run, tmp_path):
    assert run("key", "new", "--json").code == 0
    assert run("key", "new", "--json").json["error"]["code"] == "key-exists"
    out = tmp_path / "there"
    out.write_text("precious")
    assert run("key", "new", "--name", "b", "--out", out, "--json").code == 1
    assert out.read_text() == "precious"


@pytest.mark.parametrize("words", ["", "zoo " * 24, "notaword " * 24, "abandon " * 23])
def test_bad_words(run, words):
    ran = run("key", "restore", "--words-file", "-", "--json", stdin=words)
    assert ran.code == 1 and ran.json["error"]["code"] == "bad-words"


def test_show_gives_the_public_part_only(run):
    made = run("key", "new", "--json").json
    shown = run("key", "show")
    assert made["public_key"] in shown.out
    # One word, such as "key", may stand there by chance; two neighbours do not.
    words = made["recovery_words"].split()
    for first, second in zip(words, words[1:], strict=False):
        assert f"{first} {second}" not in shown.out


def test_pass_for_another_laptop(run, owned, tmp_path, monkeypatch):
    file = tmp_path / "laptop.pass"
    assert run("remote", "pass", "create", "--new-controller", file, "--role", "viewer", "--days", "30", "--label", "Anna").code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    monkeypatch.setenv("LEITHER_HOME", str(tmp_path / "other"))
    monkeypatch.delenv("LEITHER_PASSPHRASE")
    assert run("remote", "pass", "use", file).code == 0
    assert run("remote", "add", "attic", owned.address).code == 0
    assert run("remote", "attic", "status").code == 0
    ran = run("remote", "attic", "reboot", "--json")
    assert ran.code == 3 and ran.json["error"]["code"] == "not-allowed"


def test_pass_for_a_public_key_with_few_verbs(run, owned, tmp_path, monkeypatch):
    first = os.environ["LEITHER_HOME"]
    monkeypatch.setenv("LEITHER_HOME", str(tmp_path / "other"))
    theirs = run("key", "new", "--no-passphrase", "--json").json["public_key"]
    monkeypatch.setenv("LEITHER_HOME", first)
    ran = run("remote", "pass", "create", "--for", theirs, "--verbs", "status", "--only", "attic")
    assert ran.code == 0
    file = tmp_path / "p"
    file.write_text(ran.out)
    monkeypatch.setenv("LEITHER_HOME", str(tmp_path / "other"))
    assert run("remote", "pass", "use", file).code == 0
    run("remote", "add", "attic", owned.address)
    assert run("remote", "attic", "status").code == 0
    assert run("remote", "attic", "identify").code == 3


def test_verbs_of_a_pass_must_exist(run, owned):
    make = ("remote", "pass", "create", "--this-computer", "--json", "--verbs")
    ran = run(*make, "status,cofnig-set")
    assert ran.code == 2 and "cofnig-set" in ran.json["error"]["message"] and "config-set" in ran.json["error"]["fix"]
    assert run(*make, ",").code == 2
    assert run(*make, "status, wifi join,wifi-set").json["verbs"] == ["status", "wifi-set"]


def test_an_ended_pass_falls_back_to_the_owner_key(run, owned, monkeypatch):
    later = time.time() + 400 * 86400
    monkeypatch.setattr(time, "time", lambda: later)
    owned.clock = time.time
    ran = run("remote", "attic", "status")
    assert ran.code == 0 and "has ended" in ran.err
    assert run("remote", "pass", "create", "--this-computer", "--only", "attic").code == 0
    assert "has ended" not in run("remote", "attic", "status").err


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"type": "leither pass", "pass": "AAAA"}', "\x00" * 9000, '{"type": 5}'])
def test_bad_pass_files(run, tmp_path, content):
    file = tmp_path / "p"
    file.write_text(content)
    assert run("remote", "pass", "use", file).code == 1


def test_no_secret_in_any_output(run, owned):
    book = json.dumps(
        [run("key", "list", "--json").json, run("remote", "list", "--json").json, run("remote", "pass", "list", "--json").json]
    )
    assert PASSPHRASE not in book and "seed" not in book
