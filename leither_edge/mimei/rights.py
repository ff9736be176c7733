"""Who may do what with a MiMei: masks of 64 bits for the author, for members, for guests, and for single members.

A member is a user whom the author has listed; everybody else, signed in or not, is a guest. A member has his own mask, or
that of members where he has none, and in either case what a guest has. Nothing but the author is let in until he says so.
"""

from collections import namedtuple

from .errors import BadInput, Forbidden, NotSignedIn

SEE = 1 << 0  # learn that it is here: information, tags, search
READ_RELEASE = 1 << 1  # read the released version
READ = 1 << 2  # read every version, cur included
LIST = 1 << 3  # names in its directories, and which versions there are
WRITE = 1 << 4  # change cur; of a database together with READ, as its commands answer with what they find
BACKUP = 1 << 5  # prepare a version; the author's key signs it
RELEASE = 1 << 6  # say which version is the released one
RESTORE = 1 << 7  # put a version back into cur
DELETE_VERSIONS = 1 << 8
FORK = 1 << 9  # begin another MiMei with a version of this one
REFERENCE = 1 << 10  # add and remove references
TAG = 1 << 11
SET_RIGHTS = 1 << 12
DELETE = 1 << 13  # the MiMei with all its versions

NAMES = (
    "see", "read-release", "read", "list", "write", "backup", "release", "restore", "delete-versions", "fork", "reference", "tag",
    "set-rights", "delete",
)  # fmt: skip
ALL = (1 << 64) - 1
NONE = 0
# What makes a MiMei public: its released version and no other.
PUBLIC = SEE | READ_RELEASE | LIST | FORK
READ_ONLY = SEE | READ_RELEASE | READ | LIST | FORK
# The author never locks himself out.
AUTHOR_ALWAYS = SEE | SET_RIGHTS

AUTHOR, MEMBER, GUEST = ROLES = ("author", "member", "guest")

# What each call on a MiMei asks for, and for which types of data there is such a call (1 file, 2 files, 3 database, 4 stream).
Operation = namedtuple("Operation", ("name", "right", "data_types"))

_EVERY = (1, 2, 3, 4)
OPERATIONS = (
    Operation("info", SEE, _EVERY),
    Operation("tags", SEE, _EVERY),
    Operation("search", SEE, _EVERY),
    Operation("versions", LIST, _EVERY),
    Operation("list", LIST, (2,)),
    Operation("read-release", READ_RELEASE, _EVERY),
    Operation("read-version", READ, _EVERY),
    Operation("read-cur", READ, _EVERY),
    Operation("diff", READ, _EVERY),
    Operation("export", READ, _EVERY),
    Operation("references", READ, _EVERY),
    Operation("write", WRITE, _EVERY),
    Operation("backup", BACKUP, _EVERY),
    Operation("release", RELEASE, _EVERY),
    Operation("restore", RESTORE, _EVERY),
    Operation("delete-versions", DELETE_VERSIONS, _EVERY),
    Operation("fork", FORK, _EVERY),
    Operation("add-references", REFERENCE, _EVERY),
    Operation("set-tags", TAG, _EVERY),
    Operation("rights", SET_RIGHTS, _EVERY),
    Operation("set-right", SET_RIGHTS, _EVERY),
    Operation("delete", DELETE, _EVERY),
)
RIGHT_OF = {operation.name: operation.right for operation in OPERATIONS}

Masks = namedtuple("Masks", ROLES)
PRIVATE = Masks(ALL, READ_ONLY, NONE)


def effective(masks, role, own=None):
    """The mask that holds. Args: masks (Masks), role (one of ROLES), own (a member's own mask, None where he has none)."""
    if role == AUTHOR:
        return masks.author | AUTHOR_ALWAYS
    if role == MEMBER:
        return (masks.member if own is None else own) | masks.guest
    return masks.guest


def require(mask, right, session, doing):
    """Lets a call pass or not. Args: mask (that holds), right (bits needed), doing ("read this content"). Raises Forbidden, NotSignedIn."""
    if mask & right == right:
        return
    if session.user_id is None:
        raise NotSignedIn(f"A guest may not {doing}. Sign in.")
    raise Forbidden(f"You may not {doing}: the right \"{' '.join(names(right & ~mask))}\" is missing. Ask the author for it.")


def names(mask):
    """The words of a mask, bits without a name left out."""
    return [name for bit, name in enumerate(NAMES) if mask >> bit & 1]


def from_names(words):
    """The mask of an iterable of words; "all", "none", "public" and "read-only" stand for several. Raises BadInput."""
    mask = 0
    for word in words:
        if word in _SETS:
            mask |= _SETS[word]
        elif word in NAMES:
            mask |= 1 << NAMES.index(word)
        else:
            raise BadInput(f"\"{word}\" is not a right. Rights are: {', '.join((*NAMES, *_SETS))}.")
    return mask


_SETS = {"all": ALL, "none": NONE, "public": PUBLIC, "read-only": READ_ONLY}


def check_mask(value):
    """Returns a mask that came from outside. Raises BadInput."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= ALL:
        raise BadInput("A right is a whole number of 64 bits.")
    return value


def masks_of(right):
    """The Masks that a creator asks for.

    Args: right (None: private; a mask: what members and guests may; {role: mask}: those roles, the others as private). Raises BadInput.
    """
    if right is None:
        return PRIVATE
    if not isinstance(right, dict):
        return PRIVATE._replace(member=check_mask(right), guest=right)
    for role in right:
        if role not in ROLES:
            raise BadInput(f"\"{role}\" is not a role. Roles are: {', '.join(ROLES)}.")
    return PRIVATE._replace(**{role: check_mask(mask) for role, mask in right.items()})
