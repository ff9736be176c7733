"""Who may do what: every role, every operation, every type of data, from the table that the calls themselves use."""

import pytest

from leither_edge.mimei import info, rights
from leither_edge.mimei.access import DOING
from leither_edge.mimei.errors import BadInput, Forbidden, NotFound, NotSignedIn
from leither_edge.mimei.tables import MIMEI

from .people import ANNA, BEN, CARL, opened, read, write

AUTHOR, MEMBER, GUEST, STRANGER = "author", "member", "guest", "stranger"
# What a call needs beside its own right: it reads, too.
MORE = {"list": rights.READ, "export": rights.READ_RELEASE, "fork": rights.READ_RELEASE}


class Scene:
    """One MiMei of each type by Anna, whose version 0 of two is released; Ben is a member, Carl (a stranger) is not."""

    def __init__(self, library):
        self.library = library
        self.anna, self.ben, self.carl = (library.local_session(key) for key in (ANNA, BEN, CARL))
        self.label = library.add(self.anna, [b"kept"], pin=True)
        self.who = {AUTHOR: self.anna, MEMBER: self.ben, GUEST: library.guest(), STRANGER: self.carl}
        self.mids = {data_type: self.make(data_type, "matrix") for data_type in info.DATA_TYPES}

    def make(self, data_type, mark):
        library, anna = self.library, self.anna
        mid = library.create(anna, mark=mark, data_type=data_type, ext=info.TYPE_NAMES[data_type])
        for text in (b"one", b"two"):
            write(library, anna, mid, text)
            library.backup(anna, mid)
        library.release(anna, mid, 0)
        library.set_right(anna, mid, BEN.id, "member")
        return mid

    def grant(self, role, masks):
        """Gives one role a mask and the others none, in the rows themselves: the calls are what is tested. Args: masks ({mid: mask})."""

        def put(tx):
            for mid, mask in masks.items():
                found = rights.Masks(0, 0, 0)._replace(**{GUEST if role == STRANGER else role: mask})
                tx.put(MIMEI, mid, info.write_identity(self.library.identity(tx, mid)._replace(masks=found)))
            self.library.epoch += 1

        self.library.held.call(put)

    def do(self, operation, session, mid):
        """Performs an operation; each can be performed again and again."""
        library, anything = self.library, CALLS.get(operation)
        if operation == "search":
            if mid not in [hit.mid for hit in library.search(session, "matrix")]:
                raise Forbidden("not among the hits")
        else:
            anything(library, session, mid, self.label)


CALLS = {
    "info": lambda library, session, mid, label: library.info(session, mid),
    "tags": lambda library, session, mid, label: library.tags(session, mid),
    "versions": lambda library, session, mid, label: library.versions(session, mid),
    "list": lambda library, session, mid, label: library.open(session, mid).file_system.list(),
    "read-release": lambda library, session, mid, label: read(library, session, mid, "release"),
    "read-version": lambda library, session, mid, label: read(library, session, mid, 1),
    "read-cur": lambda library, session, mid, label: read(library, session, mid),
    "diff": lambda library, session, mid, label: library.diff(session, mid, 0, 1),
    "export": lambda library, session, mid, label: library.export_car(session, mid, 0),
    "references": lambda library, session, mid, label: library.references(session, mid),
    "write": lambda library, session, mid, label: write(library, session, mid, b"more"),
    # A version is signed by its author; whoever has the right may prepare one.
    "backup": lambda library, session, mid, label: library.backup_prepare(session, mid),
    "release": lambda library, session, mid, label: library.release(session, mid, 0),
    "restore": lambda library, session, mid, label: library.restore(session, mid, 1),
    # None of them, so that they stay: the right is asked for all the same.
    "delete-versions": lambda library, session, mid, label: library.delete_versions(session, mid, []),
    "fork": lambda library, session, mid, label: library.fork(session, mid, 0),
    "add-references": lambda library, session, mid, label: library.add_references(session, mid, [label]),
    "set-tags": lambda library, session, mid, label: library.set_tags(session, mid, ["a"]),
    "rights": lambda library, session, mid, label: library.rights(session, mid),
    "set-right": lambda library, session, mid, label: library.set_right(session, mid, CARL.id, None),
    "delete": lambda library, session, mid, label: library.delete(session, mid),
}
ROLES = (AUTHOR, MEMBER, GUEST, STRANGER)


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("library")) as library:
        yield Scene(library)


def test_every_operation_is_in_the_matrix():
    assert {operation.name for operation in rights.OPERATIONS} == {*CALLS, "search"}
    assert set(DOING) == set(rights.RIGHT_OF)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("operation", rights.OPERATIONS, ids=lambda operation: operation.name)
def test_right_alone_lets_in_and_all_others_do_not(scene, operation, role):
    session = scene.who[role]
    mids = {data_type: scene.mids[data_type] for data_type in operation.data_types}
    scene.grant(role, dict.fromkeys(mids.values(), rights.ALL & ~operation.right))
    for mid in mids.values() if not (role == AUTHOR and operation.right & rights.AUTHOR_ALWAYS) else ():
        with pytest.raises(Forbidden) as refused:
            scene.do(operation.name, session, mid)
        assert isinstance(refused.value, NotSignedIn) == (role == GUEST and operation.name != "search")
    # Forking also takes a place of one's own to put it.
    if operation.name == "fork" and role == GUEST:
        return
    if operation.name == "delete":
        scene.grant(AUTHOR, dict.fromkeys(mids.values(), rights.ALL))
        mids = {data_type: scene.make(data_type, f"to be deleted by the {role}") for data_type in mids}
    more = MORE.get(operation.name, 0)
    scene.grant(role, {mid: operation.right | (_reads(operation, data_type) or more) for data_type, mid in mids.items()})
    for mid in mids.values():
        scene.do(operation.name, session, mid)


def _reads(operation, data_type):
    return rights.READ if (operation.name, data_type) == ("write", info.DATABASE) else 0


def test_nobody_but_the_author_is_let_in_at_first(tmp_path):
    with opened(tmp_path) as library:
        anna, ben = library.local_session(ANNA), library.local_session(BEN)
        mid = library.create(anna)
        for session in (ben, library.guest()):
            with pytest.raises(Forbidden):
                library.info(session, mid)
            assert library.get_right(session, mid) == rights.NONE and library.list(session) == []
        assert library.get_right(anna, mid) == rights.ALL


def test_rights_of_one_member_go_before_those_of_members(tmp_path):
    with opened(tmp_path) as library:
        anna, ben = library.local_session(ANNA), library.local_session(BEN)
        mid = library.create(anna, right={"member": rights.READ, "guest": rights.SEE})
        assert library.get_right(ben, mid) == rights.SEE
        library.set_right(anna, mid, BEN.id, "member")
        assert library.get_right(ben, mid) == rights.READ | rights.SEE
        library.set_right(anna, mid, BEN.id, rights.WRITE)
        assert library.get_right(ben, mid) == rights.WRITE | rights.SEE == library.get_right(anna, mid, BEN.id)
        assert library.rights(anna, mid)[1] == {BEN.id: rights.WRITE}
        library.set_right(anna, mid, BEN.id, None)
        assert library.get_right(ben, mid) == rights.SEE


def test_author_cannot_lock_himself_out(tmp_path):
    with opened(tmp_path) as library:
        anna = library.local_session(ANNA)
        mid = library.create(anna, data_type=info.FILE)
        library.set_right(anna, mid, "author", rights.READ)
        with pytest.raises(Forbidden):
            write(library, anna, mid, b"a slip")
        library.set_right(anna, mid, "author", rights.ALL)
        write(library, anna, mid, b"meant")


def test_open_database_notices_a_right_taken_away(tmp_path):
    with opened(tmp_path) as library:
        anna, ben = library.local_session(ANNA), library.local_session(BEN)
        mid = library.create(anna, data_type=info.DATABASE)
        library.set_right(anna, mid, BEN.id, rights.READ | rights.WRITE)
        view = library.open(ben, mid).database
        view.execute([b"SET", b"a", b"1"])
        library.set_right(anna, mid, BEN.id, rights.READ)
        assert view.execute([b"GET", b"a"]) == b"1"
        with pytest.raises(Forbidden):
            view.execute([b"SET", b"a", b"2"])
        library.delete(anna, mid)
        with pytest.raises(NotFound):
            view.execute([b"GET", b"a"])


@pytest.mark.parametrize("right", [-1, 1 << 64, "read", True, {"owner": 1}, {"guest": -1}])
def test_what_is_no_right_is_refused(tmp_path, right):
    with pytest.raises(BadInput):
        rights.masks_of(right)


def test_words_of_rights_there_and_back():
    assert rights.from_names(rights.names(rights.READ | rights.FORK)) == rights.READ | rights.FORK
    assert rights.from_names(["public"]) == rights.PUBLIC
    with pytest.raises(BadInput, match="is not a right"):
        rights.from_names(["fly"])
