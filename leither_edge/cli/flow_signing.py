"""What a running node wants signed to publish a version: a key must not sign another thing that a node calls a pointer."""

from leither_edge.cli.failure import UntrustedError

SEQ_DIGITS_MAX = 19


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
