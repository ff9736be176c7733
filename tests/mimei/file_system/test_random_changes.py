"""Random work on a tree beside a dictionary: the same content, and the label of a tree that was made at once."""

import random

import pytest

from leither_edge.mimei.errors import MimeiError
from leither_edge.mimei.files.difference import diff
from leither_edge.mimei.files.label_profile import V0_2015, V1_2025

from .trees import content, moved, new_tree, stored


class Beside:
    """The dictionary {path: bytes, or None for a folder} with what one may do to a tree."""

    def __init__(self):
        self.rows = {}

    def below(self, path):
        return [one for one in self.rows if one == path or one.startswith(path + "/")]

    @staticmethod
    def parents(path):
        parts = path.split("/")
        return ["/".join(parts[:count]) for count in range(1, len(parts))]

    def may_make(self, path):
        return all(self.rows.get(parent) is None for parent in self.parents(path))

    def put(self, path, data):
        if not self.may_make(path) or path in self.rows and self.rows[path] is None:
            return False
        self.rows |= dict.fromkeys(self.parents(path)) | {path: data}
        return True

    def make(self, path):
        return path not in self.rows and self.put(path, None)

    def remove(self, path):
        for one in self.below(path):
            del self.rows[one]

    def copy(self, source, target, away):
        if source not in self.rows or target in self.rows or not self.may_make(target):
            return away and source == target and source in self.rows
        if away and target.startswith(source + "/"):
            return False
        taken = {target + one[len(source) :]: self.rows[one] for one in self.below(source)}
        if away:
            self.remove(source)
        self.rows |= dict.fromkeys(self.parents(target)) | taken
        return True


def some_path(choose):
    return "/".join(choose.choice("abcd") + choose.choice(("", "", str(choose.randrange(30)))) for _ in range(choose.choice((1, 1, 2, 3))))


def step(choose, tree, beside):
    """(whether the dictionary takes it, function that gives the new root) of one random change."""
    path, other, data = some_path(choose), some_path(choose), choose.randbytes(choose.choice((0, 1, 40)))
    kind = choose.choice(("put", "put", "put", "make", "remove", "copy", "rename", "write"))
    if kind == "put":
        return beside.put(path, data), lambda: tree.put(path, *stored(tree, data))
    if kind == "make":
        return beside.make(path), lambda: tree.make_directory(path)
    if kind == "remove":
        there = path in beside.rows
        beside.remove(path)
        return there, lambda: tree.remove(path, recursive=True)
    if kind == "write":
        old = beside.rows.get(path) or b""
        return beside.put(path, old[:2].ljust(2, b"\0") + b"xyz" + old[5:]), lambda: tree.write(path, 2, b"xyz")
    return beside.copy(path, other, kind == "rename"), lambda: getattr(tree, kind)(path, other)


def topmost_changes(before, after):
    found = set()
    for path in sorted(before.keys() | after.keys()):
        if before.get(path, 0) != after.get(path, 0) and not found.intersection(Beside.parents(path)):
            found.add(path)
    return found


def follow(seed, profile, steps):
    choose, beside, tree = random.Random(seed), Beside(), new_tree(profile)
    for _ in range(steps):
        before = dict(beside.rows)
        taken, change = step(choose, tree, beside)
        try:
            new = moved(tree, change())
        except MimeiError:
            assert not taken and beside.rows == before, seed
            continue
        assert taken, seed
        changed = {one.path for one in diff(tree.blocks, tree.root, new.root)}
        assert changed == topmost_changes(before, beside.rows), seed
        tree = new
    assert content(tree) == beside.rows, seed
    again = new_tree(profile)
    again = moved(again, again.put_many((path, *stored(again, data)) for path, data in beside.rows.items() if data is not None))
    for path, data in beside.rows.items():
        if data is None and again.find(path) is None:
            again = moved(again, again.make_directory(path))
    assert again.root == tree.root, seed


@pytest.mark.parametrize("profile", [V1_2025, V0_2015], ids=lambda profile: profile.name)
@pytest.mark.parametrize("bound", [200, 1 << 18])
def test_random_changes(profile, bound):
    follow(random.randrange(1 << 32), profile._replace(shard_bytes=bound), 120)


@pytest.mark.slow
@pytest.mark.parametrize("profile", [V1_2025, V0_2015], ids=lambda profile: profile.name)
@pytest.mark.parametrize("bound", [60, 200, 1000])
def test_random_changes_at_length(profile, bound):
    for _ in range(8):
        follow(random.randrange(1 << 32), profile._replace(shard_bytes=bound), 800)
