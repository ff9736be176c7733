"""The organization's book that this device keeps, where one lies in its state folder: opened at the start, served over HTTP.

Made elsewhere by `leither ledger init`, and put into the state folder as it is. Without a book nothing of the ledger is loaded.
"""

import os

BOOK_FOLDER = "ledger"
_DATA_NAME = "data.mdb"
_MIB, _KIB = 1 << 20, 1 << 10


def open_kept_book(node):
    """(Book, Service) of the state folder; (None, None) where there is no book, or none that can be opened, which the log says then.

    Args: node (Node).
    """
    folder = os.path.join(node.folder, BOOK_FOLDER)
    if not os.path.isfile(os.path.join(folder, _DATA_NAME)):
        return None, None
    from leither_edge.crypto.private_file import KeyFileError
    from leither_edge.ledger.errors import LedgerError
    from leither_edge.ledger.pool import Pool
    from leither_edge.organization.book_folder import open_in
    from leither_edge.organization.service import Service
    from leither_edge.storage import StorageError

    limits = node.profile
    try:
        book = open_in(folder, limits.storage.data_map_mib * _MIB, limits.ledger.history_pulses)
    except (LedgerError, StorageError, KeyFileError) as error:
        # The owner needs the rest of the device all the more then.
        node.log.error("book", sentence=str(error))
        node.counters.add("ledger_books_failed")
        return None, None
    node.log.info("book", pulse=book.pulse, accounts=book.head()[0].accounts)
    pool = Pool(limits.ledger.pool_transfers_max, limits.ledger.pool_max_kib * _KIB)
    return book, Service(book, pool, node.counters, clock=node.clock)
