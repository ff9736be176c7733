"""What nodes tell each other of a MiMei: the forms of questions and answers, read with every bound. Without I/O.

    mimei.head      {mid, user}                      {manifest, release or null, guest}: the newest version that the asker may have
                                                     {sealed: true}: the node cannot read it, and holds it for the asker (backup/)
    mimei.chain     {mid, start, end, user}          {manifests, dropped}: manifests of the numbers from start to end, as many as fit
    mimei.follow    {mids}                           {numbers}: the newest of each, null where there is none for the asker
    mimei.unfollow  {mids}                           {}
    mimei.new       {mid, head}                      {}: a new version, told to those who follow; head as an answer to mimei.head
    mimei.offer     {mid, author, data_type, words}  {state}: waiting or accepted
    mimei.unshare   {mid}                            {}
    mimei.providers {mid}                            {keys}: public keys of nodes that have it

A node that asks for one of its users names him (user, an id; absent where it asks for itself): what one of the two may not read is not
told. So nobody reads through the rights of a node that he is only a guest of.
"""

from collections import namedtuple

from leither_edge.core.fields import is_hash, is_id, is_integer, is_u53
from leither_edge.crypto import sodium
from leither_edge.mimei import manifest as manifests
from leither_edge.mimei.ipld import cid as cids
from leither_edge.mimei.manifest import BadManifest

from .errors import BadAnswer

HEAD, CHAIN, FOLLOW, UNFOLLOW = "mimei.head", "mimei.chain", "mimei.follow", "mimei.unfollow"
NEW, OFFER, UNSHARE, PROVIDERS = "mimei.new", "mimei.offer", "mimei.unshare", "mimei.providers"
WAITING, ACCEPTED = "waiting", "accepted"

# Of one answer: some hundred manifests of the usual size, or four of the largest.
PAGE_BYTES, PAGE_MAX = 32 << 10, 512
MIDS_MAX = 256
KEYS_MAX = 8
WORDS_MAX_CHARS = 200

# The newest version that is told of. label: of its manifest; manifest: Manifest; data: the manifest's bytes; release: number or None;
# guest: mask of what guests may there.
Head = namedtuple("Head", ("label", "manifest", "data", "release", "guest"))
# found: [(label, Manifest, bytes)], rising from the number asked for; dropped: numbers of those whose content is not there any more.
Page = namedtuple("Page", ("found", "dropped"))
# words: what the giver calls it.
Offer = namedtuple("Offer", ("mid", "author", "data_type", "words"))


def head_answer(data, release, guest):
    """The answer to mimei.head. Args: data (bytes of the newest manifest)."""
    return {"manifest": data, "release": release, "guest": guest}


def sealed_answer():
    """The answer to mimei.head of a node that holds it sealed for the asker."""
    return {"sealed": True}


def is_sealed(value):
    """Whether an answer to mimei.head is that."""
    return isinstance(value, dict) and value.get("sealed") is True


def read_head(value, mid):
    """The Head in an answer, of the MiMei that was asked for. Raises BadAnswer, BadManifest."""
    value = _map(value, ("manifest", "release", "guest"), "The newest version that a node told of")
    release = value["release"]
    if not (release is None or is_u53(release)) or not is_integer(value["guest"], 0, (1 << 64) - 1):
        raise BadAnswer("What a node told of a MiMei's newest version is malformed.")
    label, found = read_manifest(value["manifest"], mid)
    return Head(label, found, bytes(value["manifest"]), release, value["guest"])


def read_manifest(data, mid):
    """(label, Manifest) of a manifest's bytes. Raises BadManifest: of another MiMei, too."""
    if not isinstance(data, (bytes, bytearray)):
        raise BadManifest("A manifest is missing in what a node told.")
    data = bytes(data)
    found = manifests.open_manifest(data, sodium.verify)
    if found.mid != mid:
        raise BadManifest("A node told of another MiMei than was asked for.")
    return cids.of(cids.RAW, data), found


def question(mid, user=None, **more):
    """What is asked of a MiMei. Args: user (20 bytes: for whom; None: for the node itself)."""
    return {"mid": mid, **more} if user is None else {"mid": mid, "user": user, **more}


def read_head_question(value):
    """(mid, user or None) of what was asked. Raises BadAnswer."""
    return read_mid(value), _user(value)


def read_chain_question(value):
    """(mid, start, end, user or None) of what was asked. Raises BadAnswer."""
    value = _map(value, ("mid", "start", "end"), "A question for manifests")
    if not is_id(value["mid"]) or not is_u53(value["start"]) or not is_u53(value["end"]) or value["end"] < value["start"]:
        raise BadAnswer("A question for manifests names a MiMei and two numbers, the lower one first.")
    return value["mid"], value["start"], value["end"], _user(value)


def read_page(value, mid, start, end):
    """The Page in an answer. Raises BadAnswer, BadManifest."""
    value = _map(value, ("manifests", "dropped"), "An answer with manifests")
    data, dropped = value["manifests"], value["dropped"]
    if not isinstance(data, list) or not 0 < len(data) <= min(PAGE_MAX, end - start + 1):
        raise BadAnswer("A node tells of a version, and has not the manifests before it.")
    if not isinstance(dropped, list) or len(dropped) > PAGE_MAX or not all(is_u53(number) for number in dropped):
        raise BadAnswer("An answer with manifests is malformed.")
    found = [(*read_manifest(each, mid), bytes(each)) for each in data]
    if [each.number for _, each, _ in found] != list(range(start, start + len(found))):
        raise BadManifest("A node gave other versions' manifests than those it was asked for.")
    return Page(found, frozenset(dropped))


def read_mid(value):
    """The mid in a question that names one alone. Raises BadAnswer."""
    value = _map(value, ("mid",), "A question about a MiMei")
    if not is_id(value["mid"]):
        raise BadAnswer("The id of a MiMei has 20 bytes.")
    return value["mid"]


def read_mids(value):
    """The mids in a question that names several. Raises BadAnswer."""
    value = _map(value, ("mids",), "A question about several MiMei")
    mids = value["mids"]
    if not isinstance(mids, list) or len(mids) > MIDS_MAX or not all(is_id(mid) for mid in mids):
        raise BadAnswer(f"A question names at most {MIDS_MAX} MiMei, each by its 20 bytes.")
    return list(dict.fromkeys(mids))


def read_numbers(value, count):
    """[number or None] of an answer to mimei.follow. Raises BadAnswer."""
    value = _map(value, ("numbers",), "An answer about several MiMei")
    numbers = value["numbers"]
    if not isinstance(numbers, list) or len(numbers) != count or not all(number is None or is_u53(number) for number in numbers):
        raise BadAnswer("An answer about several MiMei does not fit what was asked.")
    return numbers


def read_new_mid(value):
    """The mid in a message of a new version, whose head is not looked at yet. Raises BadAnswer."""
    value = _map(value, ("mid", "head"), "A message of a new version")
    if not is_id(value["mid"]):
        raise BadAnswer("The id of a MiMei has 20 bytes.")
    return value["mid"]


def read_new(value):
    """The Head in a message of a new version. Raises BadAnswer, BadManifest."""
    mid = read_new_mid(value)
    return read_head(value["head"], mid)


def read_offer(value):
    """The Offer in a message. Raises BadAnswer."""
    value = _map(value, ("mid", "author", "data_type", "words"), "An offer")
    words = value["words"]
    good = is_id(value["mid"]) and is_hash(value["author"]) and is_integer(value["data_type"], 1, 4)
    if not good or not isinstance(words, str) or len(words) > WORDS_MAX_CHARS or not words.isprintable():
        raise BadAnswer("An offer is malformed.")
    return Offer(value["mid"], value["author"], value["data_type"], words)


def read_state(value):
    """WAITING or ACCEPTED, the answer to an offer. Raises BadAnswer."""
    value = _map(value, ("state",), "An answer to an offer")
    if value["state"] not in (WAITING, ACCEPTED):
        raise BadAnswer("An answer to an offer is malformed.")
    return value["state"]


def read_keys(value):
    """[public key] of an answer to mimei.providers. Raises BadAnswer."""
    value = _map(value, ("keys",), "An answer with providers")
    keys = value["keys"]
    if not isinstance(keys, list) or len(keys) > KEYS_MAX or not all(is_hash(key) for key in keys):
        raise BadAnswer("An answer with providers is malformed.")
    return keys


def _user(value):
    user = value.get("user")
    if user is not None and not is_id(user):
        raise BadAnswer("The id of a user has 20 bytes.")
    return user


def _map(value, names, what):
    if not isinstance(value, dict) or not all(name in value for name in names) or len(value) > len(names) + 8:
        raise BadAnswer(f"{what} is malformed: {', '.join(names)} must stand in it.")
    return value
