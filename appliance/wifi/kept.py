"""The network that the device joins by itself: kept in one small file, written so that a power cut leaves the old or the new one."""

import json
import os

FILE = "network.json"
FILE_MAX_BYTES = 1024
SSID_MAX_BYTES = 32
PASSPHRASE_MAX_BYTES = 64


class KeptNetwork:
    """ssid (bytes), passphrase (text, empty for an open network), hidden (bool), security ("open", "wpa2", "wpa3")."""

    __slots__ = ("ssid", "passphrase", "hidden", "security")

    def __init__(self, ssid, passphrase, hidden, security):
        self.ssid = ssid
        self.passphrase = passphrase
        self.hidden = hidden
        self.security = security


def load(folder):
    """The kept network, or None: without one, and when the file is not what we write (the page then asks again)."""
    try:
        with open(os.path.join(folder, FILE), "rb") as file:
            data = file.read(FILE_MAX_BYTES + 1)
    except OSError:
        return None
    return parse(data)


def parse(data):
    """The KeptNetwork in the bytes of the file, or None."""
    try:
        said = json.loads(data.decode()) if len(data) <= FILE_MAX_BYTES else None
        if type(said) is not dict or said.keys() != {"ssid_hex", "passphrase", "hidden", "security"}:
            return None
        ssid, passphrase = bytes.fromhex(said["ssid_hex"]), said["passphrase"]
        well = 1 <= len(ssid) <= SSID_MAX_BYTES and type(passphrase) is str and len(passphrase.encode()) <= PASSPHRASE_MAX_BYTES
    except (ValueError, TypeError, RecursionError):
        return None
    if not well or type(said["hidden"]) is not bool or said["security"] not in ("open", "wpa2", "wpa3"):
        return None
    return KeptNetwork(ssid, passphrase, said["hidden"], said["security"])


def save(folder, network):
    """Keep a network durably, readable by root alone. Raises OSError, and then the old one is still kept."""
    said = {"ssid_hex": network.ssid.hex(), "passphrase": network.passphrase, "hidden": network.hidden, "security": network.security}
    os.makedirs(folder, mode=0o700, exist_ok=True)
    folder_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fd = os.open(f"{FILE}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600, dir_fd=folder_fd)
        try:
            os.fchmod(fd, 0o600)
            data = json.dumps(said).encode()
            while data:
                data = data[os.write(fd, data) :]
            os.fsync(fd)
        finally:
            os.close(fd)
        os.rename(f"{FILE}.new", FILE, src_dir_fd=folder_fd, dst_dir_fd=folder_fd)
        os.fsync(folder_fd)
    finally:
        os.close(folder_fd)


def forget(folder):
    """Forget it durably; nothing kept is no error. Raises OSError."""
    try:
        folder_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        for name in (FILE, f"{FILE}.new"):
            try:
                os.unlink(name, dir_fd=folder_fd)
            except FileNotFoundError:
                pass
        os.fsync(folder_fd)
    finally:
        os.close(folder_fd)
