import functools
import io
import json
from collections import namedtuple

import pytest

from leither_edge.cli import grammar, output
from leither_edge.cli import main as cli
from leither_edge.crypto import key_file
from tests.cli.fake_device import TOKEN, FakeDevice
from tests.cli.ledger_club import Club, Keeper

Ran = namedtuple("Ran", "code out err json")
PASSPHRASE = "a good passphrase"
BUILT = functools.cache(grammar.build)


class Printed(io.StringIO):
    """Standard output that takes bytes, too, as files of content are printed."""

    @property
    def buffer(self):
        return self

    def write(self, text):
        return super().write(text if isinstance(text, str) else bytes(text).decode("utf-8", "surrogateescape"))


@pytest.fixture(autouse=True)
def _quick_and_apart(monkeypatch, tmp_path):
    """Every test has a home of its own, no terminal, and key files that open at once."""
    monkeypatch.setenv("LEITHER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LEITHER_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("LEITHER_DEBUG", raising=False)
    # The words are the same for every command, and take longer to make than most commands.
    monkeypatch.setattr(grammar, "build", BUILT)
    monkeypatch.setattr(key_file.write_key_file, "__defaults__", (1, 8))


@pytest.fixture
def run(monkeypatch):
    """Run ``leither`` in this process; returns Ran, whose json is the object on standard output if it is one."""

    def run(*words, stdin=""):
        out, err = Printed(), io.StringIO()
        monkeypatch.setattr("sys.stdout", out)
        monkeypatch.setattr("sys.stderr", err)
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = cli.main([str(word) for word in words])
        text = out.getvalue()
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        assert "Traceback" not in text + err.getvalue()
        return Ran(code, text, err.getvalue(), value)

    return run


@pytest.fixture
def device():
    fake = FakeDevice()
    yield fake
    fake.close()


@pytest.fixture
def owned(run, device):
    """A device that this computer owns, known as ``attic``."""
    assert run("key", "new", "--json").code == 0
    ran = run("remote", "claim", "attic", device.address, "--token", TOKEN)
    assert ran.code == 0, ran.err
    return device


@pytest.fixture
def club(run):
    """A club with an empty book."""
    return Club(run)


@pytest.fixture
def kept(club):
    """The club, its book kept by a process."""
    club.fill()
    with Keeper() as keeper:
        club.keeper = keeper
        yield club


@pytest.fixture
def screen(monkeypatch):
    """Pretend that a person sits there; ``screen.typed`` holds what they will type."""

    class Screen:
        typed: list = []

    Screen.typed = []
    for module in ("prompt", "key", "keyring", "verb_runs", "claim"):
        monkeypatch.setattr(f"leither_edge.cli.{module}.interactive", lambda: True, raising=False)
    for module in ("prompt", "key", "claim"):
        monkeypatch.setattr(f"leither_edge.cli.{module}.ask", lambda question: Screen.typed.pop(0), raising=False)
    for module in ("prompt", "keyring", "verb_runs"):
        monkeypatch.setattr(f"leither_edge.cli.{module}.ask_secret", lambda question: Screen.typed.pop(0), raising=False)
    monkeypatch.setattr(output, "columns_of", lambda stream: 100)
    return Screen


@pytest.fixture
def notes(mimei, tmp_path, monkeypatch):
    """The id of a folder that is marked ``notes``, with a file in it; this process stands beside that file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.txt").write_text("hello\n")
    text = mimei("create", "--mark", "notes").out.strip()
    mimei("put", "plan.txt", "notes")
    return text
