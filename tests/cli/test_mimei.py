"""``leither mimei`` as somebody uses it, in a folder of this computer."""

import io
import os
import random

import pytest

HELLO = "bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am"
NOT_HERE = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"


@pytest.fixture
def mimei(run):
    """Run ``leither mimei``; what it prints for programs is checked to be there."""

    def mimei(*words, code=0, stdin=""):
        ran = run("mimei", *words, stdin=stdin)
        assert ran.code == code, (words, ran)
        return ran

    return mimei


def test_a_file_gets_its_label_with_no_setting_up(mimei, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "film.mp4").write_bytes(b"hello\n")
    assert mimei("add", "film.mp4").out == f"added {HELLO} film.mp4\n"
    assert (tmp_path / "home" / "mimei" / "author.key").stat().st_mode & 0o777 == 0o600
    assert mimei("add", "-q", "-", stdin="hello\n").out == f"{HELLO}\n"
    assert mimei("stat", "--json").json["pins"] == 1


def test_a_label_alone_keeps_nothing(mimei, tmp_path):
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    (folder / "more" / "a.txt").write_bytes(random.Random(1).randbytes(300_000))
    (folder / ".hidden").write_text("x")
    for options in ((), ("--profile", "unixfs-v0-2015"), ("--hidden",)):
        alone = mimei("add", "--only-hash", "-Q", folder, *options).out
        assert options or not (tmp_path / "home" / "mimei").exists()
        kept = mimei("add", folder, *options).out.splitlines()
        assert kept[-1] == f"added {alone.strip()} photos" and len(kept) == (4 if options == ("--hidden",) else 3)
    assert alone.startswith("b") and mimei("add", "-nQ", "--profile", "unixfs-v0-2015", folder).out.startswith("Qm")


def test_a_folder_around_keeps_names(mimei, notes):
    added = mimei("add", "--wrap", "plan.txt", "--json").json["added"]
    assert [one["name"] for one in added] == ["plan.txt", ""]
    assert mimei("cat", f"{added[-1]['label']}/plan.txt").code == 0
    assert [one["name"] for one in mimei("ls", added[-1]["label"], "--json").json["entries"]] == ["plan.txt"]


def test_versions_bring_back_what_was(mimei, notes, tmp_path):
    made = mimei("backup", "notes", "-m", "first draft", "--json").json
    assert made["version"] == 0 and made["memo"] == "first draft"
    (tmp_path / "plan.txt").write_text("another plan\n")
    mimei("put", "plan.txt", f"{notes}:/plan.txt")
    mimei("mkdir", "notes:/2024/may")
    mimei("cp", "notes@0:/plan.txt", "notes:/2024/may/")
    changes = sorted(mimei("diff", "notes", "--json").json["changes"], key=lambda one: one["what"])
    assert [(one["kind"], one["what"]) for one in changes] == [("+", "2024"), ("~", "plan.txt")]
    assert (changes[1]["old"]["size"], changes[1]["new"]["size"]) == (6, 13)
    assert "~ plan.txt  6 B -> 13 B" in mimei("diff", "notes").out.splitlines()
    mimei("mv", "notes:/2024/may/plan.txt", "notes:/2024/then.txt")
    assert [one["name"] for one in mimei("ls", "notes:/2024", "--json").json["entries"]] == ["may", "then.txt"]
    assert mimei("rm", "notes:/2024", code=1).err.count("\n") >= 1
    mimei("rm", "-r", "notes:/2024")
    mimei("restore", "notes", "0")
    assert mimei("diff", "notes").out == ""
    assert "first draft" in mimei("versions", "notes").out
    assert mimei("release", "notes").code == 0 and mimei("versions", "notes", "--json").json["versions"][0]["release"]
    assert "0" in mimei("rm", "notes@0", code=1).err


def test_what_is_written_here_is_gone_on_with_and_never_overwritten(mimei, notes, tmp_path):
    data = random.Random(2).randbytes(9 << 20)
    (tmp_path / "film").write_bytes(data)
    mimei("put", "film", "notes")
    label = mimei("stat", "notes:/film", "--json").json["label"]
    part = tmp_path / f".copy.{label[-16:]}.leither-part"
    part.write_bytes(data[: 6 << 20] + bytes(1000))
    ran = mimei("get", "notes:/film", "copy")
    assert "Going on at 2.0 MiB" in ran.err and (tmp_path / "copy").read_bytes() == data and not part.exists()
    assert "--force" in mimei("get", "notes:/film", "copy", code=1).err
    (tmp_path / "copy").write_text("old")
    mimei("get", "notes:/film", "copy", "--force")
    assert (tmp_path / "copy").read_bytes() == data
    assert mimei("get", "notes", "whole").code == 0 and sorted(os.listdir(tmp_path / "whole")) == ["film", "plan.txt"]
    assert mimei("get", "notes", "whole", code=1).err
    (tmp_path / "whole" / ".leither-part").mkdir()
    (tmp_path / "whole" / "film").unlink()
    assert mimei("get", "notes", "whole", "--json").json["bytes"] == len(data) + 6


def test_folders_take_the_place_of_others_when_that_is_wanted(mimei, notes, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("1")
    mimei("put", "site", "notes")
    (tmp_path / "site" / "index.html").rename(tmp_path / "site" / "home.html")
    mimei("put", "site", "notes:/site", "--force")
    names = [one["name"] for one in mimei("ls", "notes", "--json").json["entries"]]
    assert "site" in names
    mimei("put", "--root", "site", "notes")
    assert [one["name"] for one in mimei("ls", "notes", "--json").json["entries"]] == ["home.html"]


def test_a_mimei_is_named_in_several_ways(mimei, notes):
    for name in ("notes", notes, notes[:6], f"{notes}@cur"):
        assert mimei("stat", name, "--json").json["id"] == notes
    assert "leither mimei create --mark nodes" in mimei("stat", "nodes", code=1).err
    assert mimei("fork", "notes", code=1).err
    mimei("backup", "notes")
    forked = mimei("fork", "notes@0", "--mark", "mine").out.strip()
    assert mimei("stat", forked, "--json").json["ancestor"]
    assert len(mimei("ls", "--json").json["mimei"]) == 2 and "notes" in mimei("ls").out
    assert "confirm" in mimei("rm", "mine", code=2).err
    mimei("rm", "mine", "--yes")
    assert len(mimei("ls", "--json").json["mimei"]) == 1


@pytest.mark.parametrize(
    "words, code, said",
    [
        (("cat", NOT_HERE), 1, "is not here"),
        (("cat", "notes:/nothing"), 1, "nothing"),
        (("get", "notes@9"), 1, "version 9"),
        (("put", "plan.txt", "notes@last:/x"), 2, "cannot be changed"),
        (("put", "missing.txt", "notes"), 2, "cannot be read"),
        (("put", "plan.txt", "notes:/a/../b"), 1, ".."),
        (("ls", "notes@x"), 2, "not a version"),
        (("cat", "notes"), 2, "is a folder"),
        (("mkdir", "notes"), 2, "Which path"),
        (("backup", "notes@3"), 2, "more than a MiMei's name"),
        (("ls", "--store", "plan.txt"), 2, "cannot be a content store"),
        (("ls", "--user", "anna"), 2, "--node"),
    ],
)
def test_what_cannot_be_done_is_said_plainly(mimei, notes, words, code, said):
    ran = mimei(*words, code=code)
    assert said in ran.err and ran.out == ""
    assert mimei(*words, "--json", code=code).json["exit_code"] == code


def test_a_database_answers_as_redis_does(mimei, tmp_path):
    mimei("create", "--type", "database", "--mark", "scores")
    assert mimei("db", "scores", "ZADD", "best", "7", "anna", "-3", "ben").out == "2\n"
    assert mimei("db", "scores", "ZRANGEBYSCORE", "best", "-inf", "+inf", "--no-raw").out == '1) "ben"\n2) "anna"\n'
    assert mimei("db", "scores", "ZRANGE", "best", "0", "-1", "WITHSCORES").out == "ben\n-3\nanna\n7\n"
    assert mimei("db", "scores", "GET", code=1).out.startswith("ERR wrong number")
    mimei("backup", "scores")
    typed = 'SET "a b" "x\\x00\\n"\nHSET h f v\nHGETALL h\nLPUSH l 1 2\nDEL best\nGET nothing\nKEYS nothing\n'
    assert mimei("db", "scores", "--no-raw", stdin=typed).out.splitlines() == [
        "OK", "(integer) 1", '1) "f"', '2) "v"', "(integer) 2", "(integer) 1", "(nil)", "(empty array)",
    ]  # fmt: skip
    shown = mimei("diff", "scores").out
    assert '+ "a b" (string)  "x\\x00\\n"' in shown and '- "best" "anna" (zset)  "7"' in shown
    changes = mimei("diff", "scores", "--json").json["changes"]
    assert {"kind": "+", "what": {"key": "h", "type": "hash", "member": "f"}, "old": None, "new": "v"} in changes
    assert mimei("db", "scores@0", "EXISTS", "h", "--json").json == {"reply": 0, "ok": True}
    assert mimei("db", "scores@0", "SET", "a", "b", code=1).out.startswith("READONLY")
    mimei("restore", "scores@last")
    assert mimei("db", "scores", "ZCARD", "best").out == "2\n"
    assert "not a file" in mimei("get", "scores", code=2).err and "no files" in mimei("ls", "scores", code=1).err


def test_a_stream_grows(mimei, tmp_path):
    mimei("create", "--type", "stream", "--mark", "log")
    mimei("put", "--lines", "-", "log", stdin="one\ntwo\n")
    mimei("backup", "log")
    (tmp_path / "three").write_text("three")
    assert "the first at 2" in mimei("put", tmp_path / "three", "log").out
    assert mimei("cat", "log").out == "one\ntwo\nthree\n" and mimei("cat", "log", "--offset", "2").out == "three\n"
    assert mimei("cat", "log@0").out == "one\ntwo\n" and mimei("diff", "log").out == '+ 2  "three"\n'


def test_who_may_do_what_is_said_in_words(mimei, notes):
    user = "AAECAwQFBgcICQoLDA0ODxAREhM"
    mimei("rights", "notes", "guest", "public")
    mimei("rights", "notes", user, "member")
    mimei("rights", "notes", user, "+write,-fork")
    found = mimei("rights", "notes", "--json").json
    assert found["roles"]["guest"]["rights"] == ["see", "read-release", "list", "fork"]
    assert found["members"][user]["rights"] == ["see", "read-release", "read", "list", "write"]
    assert "everything" in mimei("rights", "notes", user, "--remove").out and not mimei("rights", "notes", "--json").json["members"]
    assert "is not a right" in mimei("rights", "notes", "guest", "fly", code=1).err
    assert "neither a role" in mimei("rights", "notes", "somebody", "read", code=2).err


def test_things_are_found_by_tags_and_words(mimei, notes):
    assert mimei("tag", "notes", "travel", "plans").out == "plans\ntravel\n"
    assert mimei("tag", "notes", "-d", "plans").out == "travel\n"
    mimei("backup", "notes")
    assert [hit["path"] for hit in mimei("search", "hello", "--json").json["hits"]] == ["plan.txt"]
    assert mimei("search", "#travel", "--json").json["hits"][0]["id"] == notes
    assert mimei("search", "nowhere").out == ""


def test_what_nothing_keeps_goes(mimei, notes, tmp_path):
    (tmp_path / "film").write_bytes(random.Random(3).randbytes(3 << 20))
    label = mimei("add", "-Q", "film").out.strip()
    assert mimei("gc", "--json").json["bytes"] < 1 << 20 and mimei("fsck").code == 0
    mimei("ref", "add", "notes", label)
    assert mimei("ref", "ls", "notes", "--json").json["references"] == {label: 1}
    mimei("pin", "rm", label)
    assert mimei("pin", "rm", label, code=1).err and mimei("gc", "--json").json["bytes"] < 1 << 20
    mimei("ref", "rm", "notes", label)
    assert mimei("gc", "--json").json["bytes"] >= 3 << 20
    assert mimei("pin", "add", label, "--json", code=1).json["error"]["code"] == "block-missing"


def test_damage_is_found(mimei, notes, tmp_path):
    (tmp_path / "film").write_bytes(random.Random(4).randbytes(100_000))
    mimei("put", "film", "notes")
    found = [path for path in (tmp_path / "home" / "mimei" / "blocks").rglob("*") if path.is_file()]
    found[0].write_bytes(b"x" + found[0].read_bytes()[1:])
    ran = mimei("fsck", code=1)
    assert "✗" in ran.out and "leither mimei fsck --repair" in ran.out
    assert mimei("fsck", "--repair", "--json").json["repaired"]


def test_content_moves_as_a_file(mimei, notes, tmp_path):
    mimei("backup", "notes", "-m", "one")
    mimei("put", "plan.txt", "notes:/more")
    mimei("backup", "notes", "-m", "two")
    mimei("export", "--all", "notes", "notes.car")
    assert "--force" in mimei("export", "notes", "notes.car", code=1).err
    other = ("--store", tmp_path / "other")
    ran = mimei("import", "notes.car", *other, "--json")
    assert ran.json["id"] == notes and ran.json["versions"] == [0, 1] and len(ran.json["roots"]) == 3
    assert mimei("import", "notes.car", *other).out == f"✓ MiMei {notes}: nothing new.\n"
    assert [one["memo"] for one in mimei("versions", notes, *other, "--json").json["versions"]] == ["one", "two"]
    assert mimei("cat", f"{notes}@0:/plan.txt", *other).out == "hello\n"
    (tmp_path / "lie.car").write_bytes((tmp_path / "notes.car").read_bytes()[:-1] + b"!")
    assert mimei("import", "lie.car", "--store", tmp_path / "third", code=1).err
    label = mimei("add", "-Q", "plan.txt").out.strip()
    mimei("export", label, "plan.car")
    assert mimei("import", "plan.car", *other).out == f"{label}\n"


def test_names_are_completed(run, mimei, notes):
    mimei("create")
    found = run("__complete", "fish", "leither mimei get n", "").out
    assert found == "notes\tfiles\n"
    assert run("__complete", "bash", "leither mimei create --type d", "d").out == "database\n"
    assert run("__complete", "bash", "leither mimei put ", "").out == ""


def test_a_prompt_for_a_database(mimei, monkeypatch):
    mimei("create", "--type", "database", "--mark", "scores")
    typed = iter(["SET a 1", "", 'GET "a', "leither.backup first one", "INCR a", "leither.diff", "leither.restore 0", "GET a",
                  "leither.restore 9", "leither.versions", "help", "quit"])  # fmt: skip
    monkeypatch.setattr("builtins.input", lambda question: next(typed))
    monkeypatch.setattr("leither_edge.cli.mimei_database.at_terminal", lambda stream: True)
    lines = mimei("db", "scores").out.splitlines()
    assert lines[:7] == ["OK", "(error) A quote does not end.", "(integer) 0", "(integer) 2", '~ "a" (string)  "1" -> "2"', "OK", '"1"']
    assert lines[7].startswith("(error) ERR There is no version 9") and lines[8] == "0) first one"


def test_a_long_way_shows_how_far_it_is(monkeypatch):
    from leither_edge.cli import mimei_progress
    from leither_edge.cli.output import Output

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    now = [0.0]
    monkeypatch.setattr(mimei_progress.time, "monotonic", lambda: now[0])
    err = Terminal()
    out = Output(out=io.StringIO(), err=err)
    with mimei_progress.moving(out, "Adding film.mp4", 100 << 20) as tell:
        for second in range(1, 6):
            now[0] = float(second)
            tell(second * (10 << 20), "a\x1b[31mb")
            assert bool(err.getvalue()) == (second >= 2)
    assert "50 %  10.5 MB/s  0:05 left  a\N{REPLACEMENT CHARACTER}[31…" in err.getvalue() and err.getvalue().endswith("\r\x1b[K")
    with mimei_progress.moving(out, "Adding", None) as tell:
        now[0] += 3
        tell(5 << 20)
    assert "Adding  5.0 MiB" in err.getvalue()
