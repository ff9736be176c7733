"""What a person means by a name: a key in any of its texts, a pet name, an own key, a device; with labels before it, or inside a URL."""

from collections import namedtuple

from leither_edge.cli.book import Book
from leither_edge.cli.failure import UsageError
from leither_edge.cli.name_book import NameBook
from leither_edge.cli.output import clean
from leither_edge.cli.parser import nearest

# key: 32 bytes; labels: before the key, dotted, "" for none; called: the word by which it was meant; kind: key, pet, own or device.
Named = namedtuple("Named", "key labels called kind")


def named(home, text):
    """Return the Named of a word of the command line. Raises UsageError."""
    bare = _without_url(text)
    labels, _, last = bare.rpartition(".")
    key, kind = key_called(home, last)
    if key is None:
        # Names of own keys and devices may have dots.
        key, kind = key_called(home, bare)
        labels, last = "", bare
    if key is None:
        raise _unknown(home, text, bare.rpartition(".")[2])
    return Named(key, labels.lower(), last, kind)


def key_called(home, word):
    """(32 bytes, kind) of one word; (None, None) if nobody is called so."""
    from leither_edge.core.ids import PUBLIC_KEY_TEXT_CHARS, IdError, public_key_from_text
    from leither_edge.names.z_base_32 import KeyNameError, name_to_key

    try:
        return name_to_key(word), "key"
    except KeyNameError:
        pass
    if len(word) == PUBLIC_KEY_TEXT_CHARS:
        try:
            return public_key_from_text(word), "key"
        except IdError:
            pass
    pets = NameBook(home).pets
    if word.casefold() in pets:
        return name_to_key(pets[word.casefold()]), "pet"
    book = Book(home)
    try:
        if word in book.keys:
            return public_key_from_text(book.keys[word]["public_key"]), "own"
        if word in book.remotes:
            return public_key_from_text(book.remotes[word]["public_key"]), "device"
    except (KeyError, TypeError, IdError):
        pass
    return None, None


def known_names(home):
    """[(name, what it is)] of all that may stand for a key."""
    book = Book(home)
    names = [(pet, "pet name") for pet in sorted(NameBook(home).pets)]
    names += [(name, f"{entry['kind']} key") for name, entry in sorted(book.keys.items())]
    return names + [(name, "device") for name in sorted(book.remotes)]


def _without_url(text):
    """The host of a URL, or what stands behind ``pk:``; pkarr's specification asks for both."""
    if text.startswith("pk:"):
        text = text[3:]
    if "://" in text:
        text = text.partition("://")[2]
        for end in "/?#":
            text = text.partition(end)[0]
        text = text.rpartition("@")[2]
        # A key has no colons, so what follows one is a port.
        text = text.partition(":")[0]
    return text.rstrip(".") or "."


def _unknown(home, text, last):
    names = [name for name, _ in known_names(home)]
    return UsageError(
        f"Nobody is called “{clean(last, 60)}” here.", "A name ends in a key of 52 letters, or in a name that this computer has for one.",
        f"{nearest(last, names)}Give a key a name: leither name pet add NAME KEY", code="unknown-name",
    )  # fmt: skip
