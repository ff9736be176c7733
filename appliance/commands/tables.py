"""The tables of signed commands."""

from leither_edge.storage import Table

# issuer id -> [highest sequence, newest issue time, low-water mark when the record was made]
SEQUENCES = Table("sequences", key="bytes", value="cbor")
# command id -> [place in the ring, SHA-256 of the command's bytes, answer's bytes, or None while it runs]
ANSWERS = Table("answers", key="bytes", value="cbor")
# place in the ring -> command id
ANSWER_ORDER = Table("answer_order", key="u64", value="bytes")
# index -> entry's bytes
AUDIT = Table("audit", key="u64", value="bytes")
# keyset, config, floor and the other single values. One table: a commit then writes one page for all of them.
CONTROL = Table("control", key="text", value="cbor")
# key id -> [public key, issuer of the pass, its end, day of the newest command]
PASS_HOLDERS = Table("pass_holders", key="bytes", value="cbor")
# controller's key id -> [sequence of its queue last answered, sequence of our answers to it] in the DHT
MAILBOX = Table("mailbox", key="bytes", value="cbor")

TABLES = (SEQUENCES, ANSWERS, ANSWER_ORDER, AUDIT, CONTROL, PASS_HOLDERS, MAILBOX)
