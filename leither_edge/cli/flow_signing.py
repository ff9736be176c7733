"""What a node wants of a key that lies here: to publish a version, to open a backup. A key does nothing else under those names."""

from leither_edge.cli.failure import UntrustedError

SEQ_DIGITS_MAX = 19
ID_BYTES, KEY_BYTES = 20, 32
# SHA-256 and BLAKE2b.
HASHES_BYTES = (32, 64)


def checked_pointer(message, mid):
    """Pass what is signed for the DHT item of a MiMei (BEP 44: salt, sequence number, value) and nothing else.

    Args: message (bytes), mid (20 bytes, the salt). Raises UntrustedError.
    """
    from leither_edge.dht.item import signed_part
    from leither_edge.flow.errors import BadAnswer
    from leither_edge.flow.pointer import read_value

    head = signed_part(0, b"", mid).partition(b"i0e")[0]
    seq, _, value = message[len(head) + 1 :].partition(b"e1:v")
    try:
        read_value(value)
        good = seq.isdigit() and len(seq) <= SEQ_DIGITS_MAX and message == signed_part(int(seq), value, mid)
    except BadAnswer:
        good = False
    if not good:
        raise UntrustedError("The node wanted another thing signed than the pointer of this MiMei.", "Nothing was signed.")


def reader_of(home, out, args):
    """The Signer that opens a backup: that of --key, the owner's of a device in the book; None: the node's own key does."""
    from leither_edge.cli import keyring
    from leither_edge.cli.book import Book
    from leither_edge.cli.signers import Signers

    book, node = Book(home), getattr(args, "node", None)
    if args.key:
        return keyring.unlock(keyring.find_key(book, args.key), out, args.passphrase_file)
    if node in book.remotes and book.remotes[node].get("owner") in book.keys:
        return Signers(book, out, None, args.passphrase_file).owner(node)
    return None


class Answering:
    """Answers what a restore asks a key for. Args: node (LocalNode or RemoteNode), signer (Signer)."""

    def __init__(self, node, signer):
        self._node, self._signer, self._answered = node, signer, 0

    def __call__(self, progress, job):
        asks = progress.get("asks")
        if asks is None or asks["number"] == self._answered:
            return
        self._answered = asks["number"]
        data = bytes.fromhex(asks["data"])
        answer = self._opened(data) if asks["what"] == "open" else self._signed(data)
        self._node.call("key_answer", job, self._answered, answer)

    def _signed(self, message):
        from leither_edge.flow.backup.forms import open_message

        # Behind the words: the id of who holds the backup, the hash of one channel's handshake.
        words = open_message(b"", b"")
        if not message.startswith(words) or len(message) - len(words) - ID_BYTES not in HASHES_BYTES:
            raise UntrustedError("The node wanted another thing signed than the opening of a backup.", "Nothing was signed.")
        return self._signer.sign(message)

    def _opened(self, sealed):
        # Letters and commands that are sealed to this key are longer than a key.
        found = self._signer.unseal(sealed)
        return found if found is not None and len(found) == KEY_BYTES else b""
