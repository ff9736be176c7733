"""Every table of the content store; each part names its own in a tuple TABLES, gathered here."""

from leither_edge.storage import Table

from .blocks.rows import BLOCK_TABLES
from .database.layout import TABLES as DATABASE_TABLES
from .sealed.tables import SEALED_TABLES
from .search.rows import TABLES as SEARCH_TABLES
from .snapshot.tables import SNAPSHOT_TABLES
from .stream import TABLES as STREAM_TABLES

# Who made it, what it is, who may do what (info.py); by mid.
MIMEI = Table("mimei")
# What changes: root of cur, numbers, pointers (history.py); by mid.
HEADS = Table("heads")
# Versions (history.py); by mid and number (8 bytes).
VERSIONS = Table("versions")
# Rights of single members (info.py); by mid and user.
MEMBERS = Table("members")
# What an author has: by author and mid.
BY_AUTHOR = Table("by_author", "bytes", "bytes")
# Sealed keys of those who sign in with name and password (accounts.py); by name.
ACCOUNTS = Table("accounts")
# Which of them has a public key; by that.
ACCOUNT_KEYS = Table("account_keys", "bytes", "bytes")
# Public keys of users, by their ids, for passes.
KEYS = Table("keys", "bytes", "bytes")
# Counts of references (references.py); by mid and label.
REFERENCES = Table("references", "bytes", "u64")
# Who keeps what (references.py); by user and label.
PINS = Table("pins")
# Bytes charged to a user (quota.py).
USAGE = Table("usage", "bytes", "u64")
# Numbers of databases: the next one under "next"; those to be emptied under "old" and the number (numbers.py).
DATABASES = Table("databases", "bytes", "u64")
# MiMei whose content the search is still to look at; what of it was looked at last (indexing.py).
TO_INDEX = Table("to_index", "bytes", "bytes")
INDEXED = Table("indexed", "bytes", "bytes")

LIBRARY_TABLES = (
    MIMEI, HEADS, VERSIONS, MEMBERS, BY_AUTHOR, ACCOUNTS, ACCOUNT_KEYS, KEYS, REFERENCES, PINS, USAGE, DATABASES, TO_INDEX, INDEXED,
)  # fmt: skip
TABLES = (*LIBRARY_TABLES, *BLOCK_TABLES, *DATABASE_TABLES, *STREAM_TABLES, *SEARCH_TABLES, *SEALED_TABLES, *SNAPSHOT_TABLES)
