"""The lock on the state folder and the wiping of it."""

import fcntl
import os
import signal
import time

import pytest

from appliance.supervisor.state_folder import (
    MARKER,
    StateFolderError,
    complete_reset,
    forget_content,
    is_reset_requested,
    open_folder,
    request_reset,
)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "state"
    fd = open_folder(str(path))
    yield path, fd
    os.close(fd)


def fill(path, files=40):
    for number in range(files):
        inner = path / f"a{number % 4}" / "b"
        inner.mkdir(parents=True, exist_ok=True)
        (inner / f"file{number}").write_text("secret")


def test_made_private_and_locked(folder):
    path, _fd = folder
    assert path.stat().st_mode & 0o777 == 0o700
    with pytest.raises(StateFolderError, match=f"process {os.getpid()}"):
        open_folder(str(path), wait_s=0)


def test_waits_for_an_orphan_to_end(tmp_path):
    read_fd, write_fd = os.pipe()
    pid = os.fork()
    if pid == 0:
        fd = os.open(tmp_path, os.O_RDONLY)
        fcntl.flock(fd, fcntl.LOCK_EX)
        os.write(write_fd, b"x")
        time.sleep(0.1)
        os._exit(0)
    os.read(read_fd, 1)
    os.close(open_folder(str(tmp_path), wait_s=10))
    os.waitpid(pid, 0)
    os.close(read_fd)
    os.close(write_fd)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StateFolderError, match="--state"):
        open_folder(str(tmp_path / "file"))


def test_reset_empties_the_folder_and_follows_no_link(folder, tmp_path):
    path, fd = folder
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "keep").write_text("keep")
    fill(path)
    (path / "link").symlink_to(outside)
    (path / "a0" / "link").symlink_to(outside)
    (path / "dangling").symlink_to("nowhere")
    os.mkfifo(path / "pipe")
    calls = []
    assert not is_reset_requested(fd)
    request_reset(fd)
    request_reset(fd)
    assert is_reset_requested(fd)
    complete_reset(fd, lambda: calls.append((path / MARKER).exists()), progress=lambda: calls.append("progress"))
    assert list(path.iterdir()) == []
    assert not is_reset_requested(fd)
    # The board forgets last, while the marker is still there to have it done again.
    assert calls[-1] is True and calls.count("progress") > 40
    assert (outside / "keep").exists()


def test_content_is_forgotten_and_what_lies_beside_it_kept(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    data = tmp_path / "data"
    forget_content(str(data))
    fill(data / "mimei")
    (data / "lost+found").mkdir()
    (data / "mimei" / "link").symlink_to(outside)
    forget_content(str(data))
    forget_content(str(data))
    assert list((data / "mimei").iterdir()) == [] and (data / "lost+found").exists() and outside.exists()
    # A link in its place leads nowhere.
    (data / "mimei").rmdir()
    fill(outside)
    (data / "mimei").symlink_to(outside)
    with pytest.raises(OSError):
        forget_content(str(data))
    assert list(outside.iterdir())


def test_a_board_that_fails_leaves_the_marker(folder):
    path, fd = folder
    request_reset(fd)

    def fail():
        raise OSError("radio")

    with pytest.raises(OSError):
        complete_reset(fd, fail)
    assert is_reset_requested(fd)
    complete_reset(fd, lambda: None)
    assert not is_reset_requested(fd)


def test_killed_after_every_step(folder):
    """SIGKILL after the first, second, third... removal: what is left is marked, and finishing it empties the folder."""
    path, fd = folder
    for steps in range(0, 30, 3):
        fill(path, files=12)
        request_reset(fd)
        pid = os.fork()
        if pid == 0:
            left = [steps]

            def die(left=left):
                left[0] -= 1
                if left[0] <= 0:
                    os.kill(os.getpid(), signal.SIGKILL)

            complete_reset(fd, lambda: None, progress=die)
            os._exit(0)
        _pid, status = os.waitpid(pid, 0)
        if os.waitstatus_to_exitcode(status) == -signal.SIGKILL:
            assert is_reset_requested(fd)
            complete_reset(fd, lambda: None)
        assert list(path.iterdir()) == []
