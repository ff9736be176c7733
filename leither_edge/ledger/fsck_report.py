"""What fsck has found so far, and what its stages tell each other."""

from collections import namedtuple

from leither_edge.ledger.fsck_changes import Changes

CHUNK, PULSE, HEADER, TREE = "chunk", "pulse", "header", "tree"
# done, total: of the stage's own units. stage: its name.
Progress = namedtuple("Progress", ("done", "total", "stage"))
# kind: of the above. where: of a chunk its key and accounts as text; number of a pulse; None for the tree. sentence: what is wrong.
# restorable: whether repair can bring it back, or has. remedy: how, in a sentence; with restorable false what repair does instead, or None.
Finding = namedtuple("Finding", ("kind", "where", "sentence", "restorable", "remedy"))


class Report:
    """One examination of a View.

    sentences: {(kind, where): what is wrong}. bad_rows: [(table, key), ...] that do not match their checksums. bad_chunks: keys.
    bad_pulses: numbers of what is wrong in the log. first, newest: pulses of the log, None without. head: the newest Entry, None if it is
    bad. proven: whether the accounts lead to its root, and a signed header says the same. reached: oldest pulse whose state is proven.
    levels: of the heap that shows it. page_bits: most of any entry. changed: newest change of each account in the log. certificate: None
    without one. first_header, newest_header: pulses, None without. bad_headers: pulses of those that cannot be trusted. is_signed: whether
    there have to be headers.
    """

    def __init__(self):
        self.sentences = {}
        self.bad_rows = []
        self.bad_chunks = []
        self.bad_pulses = set()
        self.first = self.newest = self.head = None
        self.proven = False
        self.reached = float("inf")
        self.levels = 1
        self.page_bits = 0
        self.changed = Changes()
        self.certificate = None
        self.first_header = self.newest_header = None
        self.bad_headers = set()
        self.is_signed = False

    def add(self, kind, where, sentence):
        """Note a finding; of several about one thing the first stands."""
        self.sentences.setdefault((kind, where), sentence)
        if kind == PULSE:
            self.bad_pulses.add(where)

    def add_bad_rows(self, view, table, keys):
        """Note which of some rows do not match their checksums; returns whether any."""
        bad = [(table, key) for key in keys if view.is_damaged(table, key)]
        self.bad_rows += bad
        return bool(bad)

    def is_better_than(self, other):
        """A proven root is above all, then how far the past is proven, then fewer findings."""
        return (self.proven, -self.reached, -len(self.sentences)) > (other.proven, -other.reached, -len(other.sentences))
