"""The folder of a content store on this computer: where it lies, how much it may hold, whose it is, who has it open."""

import contextlib
import os
import sys
import time

from leither_edge.cli import keyring
from leither_edge.cli.failure import Failure, UsageError

FOLDER = "mimei"
KEY_NAME = "author.key"
# Says where a process that serves the store is reached: address and process id.
ADDRESS_NAME = "address"
# The profile whose bounds for memory hold here; how much may be kept is for the disk to say.
PROFILE = "tv-box"
# Address space only: the file grows as the store does. A 32-bit process has less to give.
MAP_MIB = 65536 if sys.maxsize > 1 << 32 else 512
FREE_MIN_MIB = 256
DRAWN_MARK_CHARS = 40
# Another command is done with the folder in a moment.
IN_USE_S, IN_USE_PAUSE_S = 5, 0.05


class Limits:
    """A hardware profile's sections, with room for as much as the disk of a folder has."""

    def __init__(self, folder):
        from leither_edge.profile import load
        from leither_edge.profile.profile import Section

        found = os.statvfs(folder)
        disk_mib = max(1, found.f_blocks * found.f_frsize >> 20)
        profile = load(PROFILE)
        room = {"data_map_mib": MAP_MIB, "data_quota_mib": disk_mib, "data_free_min_mib": min(FREE_MIN_MIB, disk_mib // 8)}
        self.storage = Section("storage", {**_values(profile.storage), **room})
        self.mimei = Section("mimei", {**_values(profile.mimei), "user_quota_mib": disk_mib})
        self.http, self.peers = profile.http, profile.peers


def _values(section):
    return {name: value for name, value in vars(section).items() if not name.startswith("_")}


def store_folder(home, args):
    """The folder of the store that a command line means, made if there is none."""
    if not getattr(args, "store", None):
        return home.make(FOLDER)
    folder = os.path.abspath(args.store)
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        names = None
    except OSError as error:
        raise UsageError(f"{folder} cannot be a content store.", f"{error.strerror}.") from None
    if names and "db" not in names and KEY_NAME not in names:
        raise UsageError(f"{folder} holds other things than a content store.", fix="Name an empty folder, or one that is not there yet.")
    if names is None:
        try:
            os.mkdir(folder, 0o700)
        except OSError as error:
            raise UsageError(f"The folder {folder} could not be made.", f"{error.strerror}.") from None
    return folder


def author_key(folder):
    """The KeyPair that is kept beside a store, made on first use."""
    from leither_edge.crypto import sodium
    from leither_edge.crypto.key_pair import KeyPair

    path = os.path.join(folder, KEY_NAME)
    if not os.path.lexists(path):
        with contextlib.suppress(Failure):
            keyring.write_open_file(path, sodium.random_bytes(keyring.SEED_BYTES))
    return KeyPair(keyring.read_open_file(path))


def named_key(home, out, args):
    """The KeyPair of ``--key``, or None where none is named."""
    from leither_edge.cli.book import Book
    from leither_edge.crypto.key_pair import KeyPair

    if not getattr(args, "key", None):
        return None
    key = keyring.find_key(Book(home), args.key)
    return KeyPair(keyring.read_seed(key, out, getattr(args, "passphrase_file", None)))


def open_folder(folder, node_key, may_join=None):
    """Return the Library of a folder; waits a moment for another command that has it. Raises Failure, StorageError."""
    from leither_edge.flow.tables import ALL
    from leither_edge.mimei.library import open_library
    from leither_edge.observe.counters import Counters
    from leither_edge.storage import InUse

    end = time.monotonic() + IN_USE_S
    while True:
        try:
            return open_library(folder, Limits(folder), node_key, counters=Counters(), may_join=may_join, more_tables=ALL)
        except InUse as error:
            if error.pid == os.getpid() or served_at(folder, error.pid) or time.monotonic() > end:
                raise in_use(folder, error.pid) from None
        time.sleep(IN_USE_PAUSE_S)


def served_at(folder, pid):
    """The address at which a process serves a store's folder, None if it does not say."""
    try:
        with open(os.path.join(folder, ADDRESS_NAME), encoding="utf-8") as file:
            address, _, said = file.read(200).strip().partition(" ")
    except (OSError, ValueError):
        return None
    return address if said == str(pid) else None


def in_use(folder, pid):
    """The Failure for a folder that a process holds."""
    address = served_at(folder, pid)
    fix = f"Reach it through that process: leither mimei ... --node {address or 'ADDRESS'}"
    return Failure(
        f"The content store in {folder} is in use by {process_name(pid)}.", "One process at a time works in it.",
        f"{fix}\nOr stop it first.", code="in-use", details={"pid": pid, "node": address},
    )  # fmt: skip


def process_name(pid):
    """What people know a process by."""
    from leither_edge.cli.output import clean

    if not pid:
        return "another process"
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read(4096).split(b"\0")
    except OSError:
        words = []
    # An interpreter's name says nothing.
    told = [os.path.basename(word.decode("utf-8", "replace")) for word in words if word]
    if told and told[0].startswith("python"):
        told = [word for word in told[1:] if not word.startswith("-")]
    name = clean(" ".join(told[:4]), 60)
    return f"process {pid} ({name})" if name else f"process {pid}"


def known(home):
    """[(mark or id, what it holds)] of the tool's own store, for completion. Raises StorageError also where somebody has it open."""
    from leither_edge.core.ids import id_to_text
    from leither_edge.mimei.info import TYPE_NAMES, read_identity
    from leither_edge.mimei.tables import MIMEI

    rows = [(mid, read_identity(row)) for mid, row in own_rows(home, MIMEI)]
    return sorted((id_to_text(mid) if is_drawn(row.mark) else row.mark, TYPE_NAMES[row.data_type]) for mid, row in rows)


def known_peers(home):
    """[(name or id, state)] of the nodes in the tool's own store, as known()."""
    from leither_edge.core.ids import id_to_text
    from leither_edge.peer.book import Known
    from leither_edge.peer.tables import PEERS

    rows = [Known(bytes(id20), *row) for id20, row in own_rows(home, PEERS)]
    return sorted((row.name or id_to_text(row.id), row.state) for row in rows)


def own_rows(home, table):
    """[(key, row)] of a table of the tool's own store. Raises StorageError."""
    from leither_edge.flow.tables import ALL
    from leither_edge.mimei.library import SCHEMA_VERSION
    from leither_edge.mimei.tables import TABLES
    from leither_edge.storage import open_store

    folder = home.path(FOLDER, "db")
    if not os.path.isdir(folder):
        return []
    store = open_store(folder, MAP_MIB << 20, (*TABLES, *ALL), SCHEMA_VERSION)
    try:
        with store.read() as tx:
            return [(bytes(key), row) for key, row in tx.scan(table)]
    finally:
        store.close()


def is_drawn(mark):
    """Whether a mark was drawn at random, and so says nothing to people."""
    return len(mark) == DRAWN_MARK_CHARS and all(char in "0123456789abcdef" for char in mark)
