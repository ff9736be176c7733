"""What a row of each table must be to be taken from a backup: whoever made that may not be who he seems."""

from leither_edge.core.fields import is_bytes, is_hash, is_integer, is_text, is_u53
from leither_edge.core.ids import key_id
from leither_edge.mimei import info
from leither_edge.mimei.errors import BadBlock, BadInput
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.manifest import MEMO_MAX_CHARS
from leither_edge.mimei.reference_calls import NAME_MAX_CHARS
from leither_edge.mimei.rights import ALL
from leither_edge.mimei.tables import ACCOUNTS, HEADS, KEYS, MEMBERS, MIMEI, PINS, REFERENCES, VERSIONS

ID_BYTES = 20
_NAME_MAX_BYTES = 256
# Argon2id's passes and KiB: what a password may cost.
_PASSES_MAX, _MEMORY_MAX_KIB = 10, 1 << 20


def check_row(table, key, value):
    """Refuses a row that is not of its table's form. Raises BadBlock."""
    try:
        good = _FORMS[table.name](key, value)
    except (BadInput, IndexError, KeyError, TypeError, ValueError):
        good = False
    if not good:
        raise BadBlock(f"A row of the table {table.name} in the backup is not of the form that it must have.")


def _is_label(value):
    return isinstance(value, bytes) and 4 <= len(value) <= 200 and cids.parse(value)[1] == len(value)


def _is_label_or_none(value):
    return value is None or _is_label(value)


def _is_mask(value):
    return is_integer(value, 0, ALL)


def _mimei(key, value):
    public_key, app_type, ext, mark, data_type, created, masks, tags = value
    info.check_words(app_type, ext, mark, data_type)
    good = is_hash(public_key) and is_u53(created) and len(masks) == 3 and all(map(_is_mask, masks)) and info.check_tags(tags) == tags
    return good and info.mid_of(key_id(public_key), app_type, ext, mark) == key


def _head(key, value):
    root, base, next_number, last, release, manifest, ancestor, database, changed = value
    numbers = all(number is None or is_integer(number, 0, next_number - 1) for number in (last, release))
    labels = all(map(_is_label_or_none, (root, base, manifest, ancestor)))
    return len(key) == ID_BYTES and is_u53(next_number) and numbers and labels and database in (None, 0) and is_u53(changed)


def _version(key, value):
    root, manifest, previous, ancestor, references, time, memo, dropped = value
    labels = _is_label(root) and _is_label(manifest) and all(map(_is_label_or_none, (previous, ancestor, references)))
    named = len(key) == ID_BYTES + 8 and is_u53(int.from_bytes(key[ID_BYTES:], "big"))
    return named and labels and is_u53(time) and is_text(memo, 0, MEMO_MAX_CHARS) and isinstance(dropped, bool)


def _member(key, value):
    return len(key) == 2 * ID_BYTES and len(value) == 1 and (value[0] is None or _is_mask(value[0]))


def _reference(key, value):
    return _is_label(key[ID_BYTES:]) and is_integer(value, 1, (1 << 63) - 1)


def _pin(key, value):
    name, time = value
    return _is_label(key[ID_BYTES:]) and is_text(name, 0, NAME_MAX_CHARS) and is_u53(time)


def _account(key, value):
    public_key, passes, memory_kib, salt, nonce, sealed = (value[field] for field in range(1, 7))
    cost = is_integer(passes, 1, _PASSES_MAX) and is_integer(memory_kib, 8, _MEMORY_MAX_KIB)
    sizes = is_hash(public_key) and is_bytes(salt, 16) and is_bytes(nonce, 24) and is_bytes(sealed, 48)
    return 0 < len(key) <= _NAME_MAX_BYTES and len(value) == 6 and cost and sizes


def _key(key, value):
    return is_hash(value) and key_id(value) == key


_FORMS = {
    ACCOUNTS.name: _account, HEADS.name: _head, KEYS.name: _key, MEMBERS.name: _member, MIMEI.name: _mimei, PINS.name: _pin,
    REFERENCES.name: _reference, VERSIONS.name: _version,
}  # fmt: skip
