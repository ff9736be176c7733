"""A node that has a ledger's book open: `python node_with_book.py BOOK [options of appliance.device]`; BOOK "" for none."""

import sys

from appliance.device.__main__ import main
from tests.bench.arm import locks

if __name__ == "__main__":
    locks.do_without()
    if not sys.argv[1]:
        sys.exit(main(sys.argv[2:]))
    from tests.bench.ledger_parts.opened_book import book_at

    with book_at(sys.argv[1]):
        sys.exit(main(sys.argv[2:]))
