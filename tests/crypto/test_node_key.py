import multiprocessing
import os
import stat
import subprocess
import sys

import pytest

from leither_edge.core.ids import key_id
from leither_edge.crypto import node_key, private_file, sodium
from leither_edge.crypto.node_key import KeyFileError, load_or_create


@pytest.fixture
def path(tmp_path):
    return tmp_path / "node.key"


def test_made_once_and_kept(path):
    key = load_or_create(path)
    assert key.id == key_id(key.public_key)
    assert sodium.verify(key.sign(b"x"), b"x", key.public_key)
    assert load_or_create(str(path)).public_key == key.public_key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and path.stat().st_size == 64
    assert os.listdir(path.parent) == ["node.key"]


def test_the_mode_does_not_depend_on_the_umask(path):
    before = os.umask(0)
    try:
        load_or_create(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_secret_is_shown(path):
    key = load_or_create(path)
    for shown in (repr(key), str(key), f"{key}"):
        assert key.seed.hex() not in shown and repr(key.seed) not in shown
        assert shown.startswith("<NodeKey ")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o601])
def test_a_file_open_to_others_is_refused(path, mode):
    load_or_create(path)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="others may read the node key .*chmod 600"):
        load_or_create(path)


@pytest.mark.parametrize("size", [0, 1, 32, 63, 65, 4096])
def test_a_file_of_another_size_is_refused(path, size):
    load_or_create(path)
    path.write_bytes(bytes(size))
    with pytest.raises(KeyFileError, match=f"has {size} bytes"):
        load_or_create(path)


def test_every_flipped_bit_is_found(path):
    load_or_create(path)
    good = path.read_bytes()
    for at in range(0, 64, 3):
        path.write_bytes(good[:at] + bytes([good[at] ^ 0x10]) + good[at + 1 :])
        with pytest.raises(KeyFileError, match="damaged"):
            load_or_create(path)


def test_what_is_not_a_plain_file(path):
    path.mkdir(mode=0o700)
    with pytest.raises(KeyFileError, match="not a plain file"):
        load_or_create(path)
    path.rmdir()
    os.mkfifo(path, 0o600)
    with pytest.raises(KeyFileError, match="not a plain file"):
        load_or_create(path)
    path.unlink()
    path.symlink_to(path.parent / "elsewhere")
    with pytest.raises(KeyFileError, match="cannot read"):
        load_or_create(path)


def test_a_folder_that_is_missing(tmp_path):
    with pytest.raises(KeyFileError, match="cannot write the node key .*No such file"):
        load_or_create(tmp_path / "missing" / "node.key")


def test_what_a_power_cut_left_is_replaced(path):
    for number in (1, os.getpid()):
        (path.parent / f"node.key.new-{number}").write_bytes(b"half")
    key = load_or_create(path)
    assert load_or_create(path).id == key.id and os.listdir(path.parent) == ["node.key"]


@pytest.mark.parametrize("call", ["write", "fsync", "link"])
def test_a_failure_leaves_no_key_behind(path, monkeypatch, call):
    def fail(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(private_file.os, call, fail)
    with pytest.raises(KeyFileError, match="No space left"):
        load_or_create(path)
    assert not path.exists()
    monkeypatch.undo()
    load_or_create(path)


def test_file_and_folder_are_synced_before_the_key_is_used(path, monkeypatch):
    synced = []
    real = os.fsync

    def record(file):
        synced.append((stat.S_ISDIR(os.fstat(file).st_mode), path.exists()))
        real(file)

    monkeypatch.setattr(private_file.os, "fsync", record)
    load_or_create(path)
    assert synced == [(False, False), (True, True)]


def test_short_writes_are_continued(path, monkeypatch):
    real = os.write
    monkeypatch.setattr(private_file.os, "write", lambda file, data: real(file, bytes(data)[:7]))
    key = load_or_create(path)
    monkeypatch.undo()
    assert load_or_create(path).id == key.id


def test_a_file_system_without_links(path, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(private_file.os, "link", refuse)
    key = load_or_create(path)
    assert load_or_create(path).id == key.id


def _make(path, start, queue):
    start.wait()
    try:
        queue.put(load_or_create(path).id)
    except Exception as error:
        queue.put(repr(error))


def test_processes_that_begin_at_once_share_one_identity(path):
    context = multiprocessing.get_context("fork")
    for _ in range(5):
        queue, start = context.Queue(), context.Event()
        processes = [context.Process(target=_make, args=(path, start, queue)) for _ in range(4)]
        for process in processes:
            process.start()
        start.set()
        results = {queue.get(timeout=20) for _ in processes}
        for process in processes:
            process.join(20)
        assert results == {load_or_create(path).id}
        assert os.listdir(path.parent) == ["node.key"]
        path.unlink()


def test_killed_at_any_moment_it_has_a_whole_key_or_none(path):
    program = (
        "import os, signal, sys\n"
        "from leither_edge.crypto import node_key, private_file\n"
        "name = sys.argv[2]\n"
        "def die(*arguments): os.kill(os.getpid(), signal.SIGKILL)\n"
        "setattr(private_file.os, name, die)\n"
        "node_key.load_or_create(sys.argv[1])\n"
    )
    for call in ("write", "fsync", "link", "listdir"):
        path.unlink(missing_ok=True)
        subprocess.run([sys.executable, "-c", program, str(path), call], cwd=_root(), timeout=20)
        existed = path.exists()
        key = load_or_create(path)
        assert load_or_create(path).id == key.id
        assert existed == (call == "listdir")


def _root():
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(node_key.__file__))))
