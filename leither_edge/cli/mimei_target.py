"""What a word of a command line names: a MiMei, a version of it, a path in it, or a label."""

from collections import namedtuple

from leither_edge.cli.failure import Failure, UsageError
from leither_edge.cli.output import clean
from leither_edge.cli.parser import nearest

# Shorter beginnings of an id are more often a typing error than an id.
BEGINNING_MIN = 4
LABEL_MIN_CHARS = 40
ID_CHARS = 27
WORDS = ("cur", "last", "release")

# mid: 20 bytes, None for a label. version: number or one of WORDS. path: "a/b", "" for the whole, None where none was named. cid: label
# (binary) or None. text: as it was typed.
Target = namedtuple("Target", "mid version path cid text")


def target(content, text, default="cur"):
    """Return the Target of ``MIMEI[@VERSION][:/PATH]``, ``LABEL[/PATH]``, ``/ipfs/LABEL[/PATH]``.

    Args:
        content: where it is looked for.
        text: as it was typed.
        default: version where none is named.
    """
    found = label_target(text)
    if found is not None:
        return found
    name, colon, path = text.partition(":")
    name, at, version = name.rpartition("@") if "@" in name else (name, "", "")
    if at and not version:
        raise UsageError(f"“{clean(text, 80)}” names no version behind the @.", fix="Write it like ID@3, ID@last or ID@release.")
    return Target(mimei(content, name), version_of(version) if at else default, tidy(path) if colon else None, None, text)


def label_target(text):
    """Return the Target of a label with or without a path, None where the word is no label."""
    from leither_edge.mimei.errors import BadInput
    from leither_edge.mimei.ipld import cid as cids

    word = text
    for head in ("/ipfs/", "ipfs://"):
        word = word.removeprefix(head)
    label, _, path = word.partition("/")
    if len(label) < LABEL_MIN_CHARS:
        if word != text:
            raise UsageError(f"“{clean(label, 80)}” is not a label.", fix="A label begins with b or Qm and is copied whole.")
        return None
    try:
        return Target(None, None, tidy(path), cids.from_text(label), text)
    except BadInput as error:
        if word != text:
            raise UsageError(f"“{clean(label, 80)}” is not a label.", str(error)) from None
        return None


def label(text):
    """Return the label (binary) that a word is."""
    found = label_target(text)
    if found is None or found.path:
        raise UsageError(f"“{clean(text, 80)}” is not a label.", fix="A label begins with b or Qm and is copied whole.")
    return found.cid


def version_of(text):
    """Return the number or word of a version."""
    if text in WORDS:
        return text
    if text.isascii() and text.isdigit() and len(text) < 16:
        return int(text)
    raise UsageError(f"“{clean(text, 40)}” is not a version.", fix=f"A version is a number from 0, or one of: {', '.join(WORDS)}.")


def tidy(path):
    """A path without slashes around and doubled ones."""
    return "/".join(part for part in path.split("/") if part)


def mimei(content, name):
    """Return the mid of an id, a mark of one's own, or the beginning of an id.

    Raises:
        UsageError: nothing or several are of that name.
    """
    from leither_edge.core.ids import IdError, id_from_text, id_to_text

    if not name:
        raise UsageError("Which MiMei?", fix="Name it by its id, the beginning of its id, or its mark: leither mimei ls")
    if len(name) == ID_CHARS:
        try:
            return id_from_text(name)
        except IdError:
            pass
    infos = list(content.infos())
    own = [info.mid for info in infos if info.mark == name and info.author == content.user]
    begun = [info.mid for info in infos if id_to_text(info.mid).startswith(name)] if len(name) >= BEGINNING_MIN else []
    found = own or begun
    if len(found) == 1:
        return found[0]
    if not found:
        marks = [info.mark for info in infos if info.author == content.user]
        raise Failure(
            f"There is no MiMei “{clean(name, 60)}” here.", "It is neither the mark of one of yours nor the beginning of an id.",
            f"{nearest(name, marks)}See what is here: leither mimei ls\nMake it: leither mimei create --mark {clean(name, 60)}",
            code="not-found",
        )  # fmt: skip
    listed = "\n".join(id_to_text(mid) for mid in found[:10])
    raise UsageError(
        f"{len(found)} MiMei are meant by “{clean(name, 60)}”.", fix=f"Name one of them by its id:\n{listed}", code="which-mimei"
    )


def path_wanted(found):
    """Return a Target whose path names something in a MiMei."""
    if found.cid is not None:
        raise UsageError("What a label names never changes.", fix="Name a path in a MiMei: ID:/path")
    if not found.path:
        raise UsageError(f"Which path of “{clean(found.text, 60)}”?", fix=f"Name it: {clean(found.text.rstrip(':/'), 60)}:/path")
    return must_be_cur(found)


def must_be_cur(found):
    """Return a Target that can be changed."""
    if found.version != "cur":
        raise UsageError(
            f"Version {found.version} cannot be changed.", fix="Change cur (leave out the @), or restore the version: leither mimei restore"
        )
    return found


def whole(found):
    """Return a Target that is a MiMei with no version and no path."""
    if found.cid is not None or found.path or found.version != "cur":
        raise UsageError(f"“{clean(found.text, 60)}” is more than a MiMei's name.", fix="Leave out the @version and the :/path here.")
    return found
