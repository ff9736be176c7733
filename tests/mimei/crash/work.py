"""What runs when it is killed: each begins where the last one of its kind was, and acknowledges what the store acknowledged.

Run for ever, in a child: work(library, session, ids, first, acknowledge). ids: mids of "files", "rows" and "own"; first: the number to
begin with.
"""

import itertools
import time

from .made import content

SLOTS = 20
KEPT_VERSIONS = 4
PIECE = 1 << 20


def add(library, session, ids, first, acknowledge):
    """Files put into a file system, over those before them; now and then one is removed, or its name changed twice."""
    view = library.open(session, ids["files"]).file_system
    for number in itertools.count(first):
        data = content(number)
        name = f"f{number % SLOTS}"
        library.put_file(session, ids["files"], name, [data[at : at + PIECE] for at in range(0, len(data), PIECE)])
        acknowledge("add", number)
        if number % 7 == 0:
            if not view.exists(f"d{number % 3}"):
                view.make_directory(f"d{number % 3}")
            view.rename(name, f"d{number % 3}/moved")
            view.rename(f"d{number % 3}/moved", name)


def always(library, session, ids, first, acknowledge):
    """Commands that are on the disk when answered, and transactions of several."""
    library.always_flush = True
    view = library.open(session, ids["own"]).database
    for number in itertools.count(first):
        text = b"%d" % number
        if number % 3:
            view.execute([b"MSET", b"always:a", text, b"always:b", text])
        else:
            view.begin(60)
            view.execute([b"SET", b"always:a", text])
            view.execute([b"DEL", b"always:list"])
            view.execute([b"RPUSH", b"always:list", text, text])
            view.execute([b"SET", b"always:b", text])
            view.commit()
        acknowledge("always", number)


def everysec(library, session, ids, first, acknowledge):
    """Commands that are on the disk within a second."""
    view = library.open(session, ids["rows"]).database
    for number in itertools.count(first):
        text = b"%d" % number
        with library.held.quick() as tx:
            view.run(tx, [b"MSET", b"every:a", text, b"every:b", text])
        with library.held.quick() as tx:
            view.run(tx, [b"HSET", b"every:past", b"%d" % (number % SLOTS), text])
        acknowledge("everysec", number)
        # As a server does: it stays away while there is a commit, and waits for its clients.
        if number % 50 == 0:
            time.sleep(0.01)
        while library.held.is_committing:
            time.sleep(0.001)


def backup(library, session, ids, first, acknowledge):
    """Versions of a database and of a file system, which others write meanwhile; old ones are dropped."""
    view = library.open(session, ids["rows"]).database
    for number in itertools.count(first):
        text = b"%d" % number
        view.execute([b"MSET", b"backup:a", text, b"backup:" + text, text * 50])
        view.execute([b"DEL", b"backup:%d" % (number - 30)])
        for name in ("rows", "files"):
            library.backup(session, ids[name], memo=str(number))
        acknowledge("backup", number)
        for name in ("rows", "files"):
            old = [version.number for version in library.versions(session, ids[name])][:-KEPT_VERSIONS]
            if old:
                library.delete_versions(session, ids[name], old)


def collection(library, session, ids, first, acknowledge):
    """Content that nothing keeps, and its collection."""
    for number in itertools.count(first):
        library.add(session, [content(number)])
        if number % 3 == 0:
            library.collect(session)
        acknowledge("collection", number)


KINDS = {"add": add, "always": always, "everysec": everysec, "backup": backup, "collection": collection}
