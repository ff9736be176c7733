"""``leither peer`` and ``leither mimei`` between nodes, on a running node whose answers are made up: words, pages, jobs, exit codes."""

import pytest

from leither_edge.cli.card_progress import Rate
from leither_edge.cli.failure import UntrustedError
from leither_edge.cli.flow_progress import line, took
from leither_edge.cli.flow_signing import Answering
from leither_edge.cli.keyring import Signer
from leither_edge.cli.mimei_flow import called
from leither_edge.core.ids import id_from_text
from leither_edge.crypto.key_pair import KeyPair
from leither_edge.crypto.sodium import seal_to
from leither_edge.flow.backup.forms import open_message
from leither_edge.mimei import rights
from tests.cli.flow_node import NODE, ROW, failing, made_up_node


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    with made_up_node(tmp_path_factory.mktemp("node")) as found:
        yield found


@pytest.fixture
def made(standing):
    made = standing[1]
    made.asked.clear()
    answers, ends = dict(made.answers), dict(made.ends)
    yield made
    made.answers, made.ends = answers, ends


class Shown:
    """A command as people see it, run at once, [0] (Ran), and as programs do, run when looked at, [1] (the JSON object)."""

    def __init__(self, run, words, code):
        self._run, self._words, self._code = run, words, code
        self._found = [self._ran(*words), None]

    def __getitem__(self, position):
        if self._found[position] is None:
            self._found[1] = self._ran(*self._words, "--json").json
            assert self._found[1] is not None, self._words
        return self._found[position]

    def _ran(self, *words):
        ran = self._run(*words)
        assert ran.code == self._code, (words, ran)
        return ran


@pytest.fixture
def on_node(run, standing, made):
    """Run ``leither`` on the node; returns Shown."""
    return lambda *words, code=0: Shown(run, (*words, "--node", standing[0]), code)


@pytest.fixture
def notes(on_node):
    """The id of a MiMei of the node that is marked ``notes``."""
    return on_node("mimei", "create", "--mark", "notes")[0].out.split()[0]


def test_the_address_book(on_node, made):
    ran, found = on_node("peer", "list")
    assert found["peers"] == [ROW] and "ben" in ran.out and "192.0.2.7:8042" in ran.out
    assert "Compare the id" in on_node("peer", "add", "192.0.2.7:8042", "--name", "ben")[0].err
    assert made.asked[-1] == ("peer_add", ("192.0.2.7:8042", [], "ben", False))
    on_node("peer", "set", "ben", "--friend", "--may", "share,search", "--name", "Ben")
    assert made.asked[-1] == ("peer_set", ("ben", "Ben", True, None, ["share", "search"]))
    assert "shut out" in on_node("peer", "block", "ben")[0].out
    assert "again" in on_node("peer", "unblock", "ben")[0].out
    page = on_node("peer", "stat", "ben")[0].out
    assert "68 KiB" in page and "1 min 10 s" in page
    made.answers["peer_stat"] = NODE
    page = on_node("peer", "stat")[0].out
    assert "nowhere" in page and "256 KiB/s up, no limit down" in page and "2 nodes" in page and "1 relay" in page
    made.answers["peer_stat"] = {"peer": ROW}
    assert "forgotten" in on_node("peer", "remove", "ben", "--yes")[0].out and made.asked[-1] == ("peer_remove", (ROW["id"],))
    made.answers["peer_stat"] = {"peer": ROW, "held": 5_000_000}
    assert "4.8 MiB" in on_node("peer", "remove", "ben", "--yes")[0].out
    assert "leither peer remove ben" in on_node("peer", "block", "ben")[0].err
    assert "--yes" in on_node("peer", "remove", "ben", code=2)[0].err
    made.answers["peer_list"] = []
    assert "leither peer invite" in on_node("peer", "list")[0].out


def test_meeting(on_node, made):
    made.steps = [{"code": "K7QX-2MPA-9RTD", "link": "leither:peer/abc", "until": 1_700_000_600}]
    ran, found = on_node("peer", "invite", "--minutes", "5")
    assert "K7QX-2MPA-9RTD" in ran.out and "Kilo seven Quebec X-ray" in ran.out and "leither:peer/abc" in ran.out
    assert "your friend now" in ran.out and found["peer"] == ROW and found["code"] == "K7QX-2MPA-9RTD"
    made.steps = []
    assert on_node("peer", "accept", "K7QX-2MPA-9RTD", "--name", "ben")[1]["peer"]["name"] == "ben"
    assert "1: 1.5 ms" in on_node("peer", "ping", "ben")[0].out


def test_content_between_nodes(on_node, made, notes):
    ran, found = on_node("mimei", "publish", "notes")
    assert "leither:abc" in ran.out and found["stored"] == 8
    assert made.asked[-2] == ("publish_prepare", (id_from_text(notes),)) and made.asked[-1][1][0] == "ticket"
    made.is_honest = False
    assert "Nothing was signed" in on_node("mimei", "publish", "notes", code=1)[0].err
    made.is_honest = True
    on_node("mimei", "provide", "notes", "--stop")
    assert made.asked[-1] == ("provide", (id_from_text(notes), False))
    assert "ben" in on_node("mimei", "findprovs", notes)[0].out
    ran, found = on_node("mimei", "sync", "leither:abc", "--from", "ben", "--from", "http://192.0.2.9:80")
    assert "2 new versions, version 1 is the last" in ran.out and "1.9 MiB from ben" in ran.err and "carl" in ran.err
    assert found["versions"] == [0, 1] and found["warnings"]
    assert made.asked[-1] == ("sync", ("leither:abc", ["ben", "http://192.0.2.9:80"], False, "refuse", False))
    on_node("mimei", "follow", "notes")
    assert made.asked[-1] == ("sync", (notes, [], True, "refuse", False))
    assert "Nothing is followed" in on_node("mimei", "follow")[0].out
    assert "not followed" in on_node("mimei", "follow", "notes", "--stop")[0].out
    on_node("mimei", "share", "notes", "ben", "--right", "read,list")
    assert made.asked[-1] == ("share", (id_from_text(notes), "ben", "", rights.READ | rights.LIST))
    on_node("mimei", "unshare", "notes", "ben")
    assert "Nothing is shared" in on_node("mimei", "share")[0].out
    row = {"id": notes, "peer": "ben", "state": "waiting", "words": "notes", "time": 1_700_000_000, "number": 1, "error": ""}
    made.answers["shares"] = {"shared": [row], "left": [row], "offered": [row]}
    page = on_node("mimei", "share")[0].out
    assert "waits until he takes it" in page and "Left sealed with" in page and f"share --accept {notes}" in page
    on_node("mimei", "share", "--accept", notes)
    assert "same versions" in on_node("mimei", "compare", "notes")[0].err
    made.ends["compare"] = {
        "state": "fork",
        "has_changed": False,
        "versions": [
            {"number": 2, "where": "here", "time": 1_700_000_000, "author": ROW["id"], "memo": "mine"},
            {"number": 2, "where": "fork", "time": 1_700_000_000, "author": ROW["id"], "memo": "his"},
        ],
    }
    assert "mine" in on_node("mimei", "compare", "notes", code=1)[0].out


def test_finding_backing_up_restoring(on_node, made):
    ran, found = on_node("mimei", "search", "plan", "--peers", "ben=2,anna")
    assert "plan.txt" in ran.out and "anna did not answer" in ran.err and found["missing"]
    assert made.asked[-1] == ("search_peers", ("plan", ["ben=2", "anna"], 20, 5))
    assert "3 versions of 2 MiMei are with ben" in on_node("mimei", "backup-to", "ben")[0].out
    assert "16 pieces came back" in on_node("mimei", "backup-to", "ben", "--check")[0].out
    made.ends["backup_check"] = {"asked": 16, "same": 15}
    on_node("mimei", "backup-to", "ben", "--check", code=1)
    on_node("mimei", "backup-to", "ben", "--stop")
    assert "Nothing of this node" in on_node("mimei", "backup-to")[0].out
    one = {"peer": "ben", "time": 1_700_000_000, "bytes": 5000, "behind": 2, "checked": None, "error": None}
    made.answers["backup_stat"] = {"backups": [one], "held": [{"peer": "anna", "bytes": 7000, "allowed": 1 << 30}]}
    assert "2 versions behind" in on_node("mimei", "backup-to", code=1)[0].out
    assert "are back" in on_node("mimei", "restore-from", "ben")[0].out


def test_what_lies_sealed_elsewhere(on_node, made, notes):
    ran, found = on_node("mimei", "leave", "notes", "carl")
    assert "lies sealed with carl" in ran.out and "1 member" in ran.err and found["number"] == 1
    assert "taken back" in on_node("mimei", "leave", "notes", "carl", "--stop")[0].out
    assert "1 new version" in on_node("mimei", "sync", notes, "--sealed", "--from", "carl")[0].out
    assert made.asked[-1] == ("take_sealed", (id_from_text(notes), "carl", None))
    on_node("mimei", "sync", notes, "--sealed", code=2)


def test_failures_are_plain_and_have_their_exit_codes(on_node, made):
    made.answers["peer_block"] = failing("Nobody of this name is known here.", "unknown-peer")
    ran, found = on_node("peer", "block", "nobody", code=1)
    assert "leither peer list" in ran.err and found["error"]["code"] == "unknown-peer"
    for code, exit_code in (("unreachable", 4), ("forbidden", 3), ("conflict", 1)):
        made.ends["peer_ping"] = failing("It did not work. There is a reason.", code)
        found = on_node("peer", "ping", "ben", code=exit_code)[1]
        assert found["error"]["message"] == "It did not work." and found["error"]["why"] == "There is a reason."
    made.ends["sync"] = KeyError("a secret")
    assert "secret" not in str(on_node("mimei", "sync", "leither:abc", code=1))


def test_work_goes_on_without_its_command(on_node, made, run, standing, monkeypatch):
    from leither_edge.cli.flow_remote import RemoteNode

    call = RemoteNode.call

    def stopped(self, name, *arguments):
        if name == "job_wait":
            raise KeyboardInterrupt
        return call(self, name, *arguments)

    made.is_open = False
    with monkeypatch.context() as patch:
        patch.setattr(RemoteNode, "call", stopped)
        ran = run("mimei", "sync", "leither:long", "--node", standing[0])
    assert ran.code == 130 and "leither mimei jobs" in ran.err
    rows = on_node("mimei", "jobs")[1]["jobs"]
    job = next(row for row in rows if row["state"] == "running")
    assert "leither:long" in on_node("mimei", "jobs")[0].out
    # The same command finds it again, and so does its id.
    made.is_open = True
    assert on_node("mimei", "jobs", job["id"])[1]["versions"] == [0, 1]
    made.is_open = False
    made.steps = [{"done": 5, "total": 10}]
    with monkeypatch.context() as patch:
        patch.setattr(RemoteNode, "call", stopped)
        run("mimei", "sync", "leither:longer", "--node", standing[0])
    job = next(row for row in on_node("mimei", "jobs")[1]["jobs"] if row["state"] == "running")
    on_node("mimei", "jobs", job["id"], "--stop")
    assert on_node("mimei", "jobs", job["id"], code=1)[1]["error"]["code"] == "stopped"
    made.steps = []
    made.is_open = True


def test_work_that_takes_too_long_is_given_up(on_node, made):
    made.is_open = False
    assert "1.5 seconds" in on_node("mimei", "sync", "leither:slow", "--timeout", "1.5", code=4)[0].err
    assert [row["state"] for row in on_node("mimei", "jobs")[1]["jobs"]][-1] == "stopped"
    made.is_open = True


class Asked:
    """A node that takes answers. Attribute: answers."""

    def __init__(self):
        self.answers = []

    def call(self, *words):
        self.answers.append(words)


def test_a_key_here_does_what_a_restore_needs_and_nothing_else():
    key, node = KeyPair(b"k" * 32), Asked()
    answer = Answering(node, Signer("owner", key.id, key.public_key, key.sign, None, key.unseal))
    message = open_message(b"i" * 20, b"h" * 32)
    answer({"asks": {"number": 1, "what": "sign", "data": message.hex()}}, "job")
    answer({"asks": {"number": 1, "what": "sign", "data": message.hex()}}, "job")
    assert node.answers == [("key_answer", "job", 1, key.sign(message))]
    for number, other in enumerate((b"", message[:-1], message + b"x", b"leither-sign-in-1\n" + bytes(52), message[1:] + b"x"), 2):
        with pytest.raises(UntrustedError):
            answer({"asks": {"number": number, "what": "sign", "data": other.hex()}}, "job")
    for number, (secret, opened) in enumerate(((b"s" * 32, b"s" * 32), (b"a sealed command, which is longer than a key", b"")), 10):
        answer({"asks": {"number": number, "what": "open", "data": seal_to(secret, key.public_key).hex()}}, "job")
        assert node.answers[-1] == ("key_answer", "job", number, opened)
    answer({"asks": {"number": 20, "what": "open", "data": "00"}}, "job")
    assert node.answers[-1][-1] == b""


def test_how_far_it_is_and_how_long_it_took():
    assert [took(*one) for one in ((0.5, 9 << 20), (3, 9 << 20), (3, 9))] == ["", " in 3 s, 3.1 MB/s", " in 3 s"]
    assert (called("leither:mimei/ID/KEY?from=a"), called("leither:abc"), called("notes")) == ("ID", "leither:abc", "notes")

    rate = Rate(None)
    shown = [line("Looking", facts, rate, now) for now, facts in enumerate((
        {}, {"doing": "Asking who has it"}, {"done": 0, "total": None}, {"doing": "Fetching", "done": 3 << 20, "total": 9 << 20},
        {"doing": "Fetching", "done": 6 << 20, "total": 9 << 20, "providers": ["ben", "anna", "carl", "dora"], "note": "\x1b[2J"},
    ))]  # fmt: skip
    assert shown[:3] == ["Looking", "Asking who has it", "Looking"]
    assert shown[4].startswith("Fetching  [")
    assert " 66 %  3.1 MB/s  0:01 left  6.0 MiB of 9.0 MiB  from ben, anna, carl and 1 more" in shown[4]
    assert "\x1b" not in shown[4]


@pytest.mark.parametrize(
    "words",
    [
        "peer set ben", "peer invite --minutes 0", "peer invite --minutes 61", "peer set ben --may cook", "mimei follow --stop",
        "mimei share notes", "mimei share notes --accept notes", "mimei search x --peers ben=0", "mimei backup-to --check", "mimei jobs",
        "mimei backup-to ben --check --stop", "mimei sync leither:abc --from no-such.car",
    ],
)  # fmt: skip
def test_words_that_make_no_sense(run, words):
    ran = run(*words.split())
    assert ran.code == 2 and ran.err
