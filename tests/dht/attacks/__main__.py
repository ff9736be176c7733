"""`python -m tests.dht.attacks`: every attack, one row each. Exit code 1 if a defence did not hold."""

import argparse
import json
import sys
import time

from . import on_service, on_sockets, on_stores, on_tables
from .ground import is_held

ATTACKS = (
    on_tables.table_poisoning,
    on_tables.spoofed_transactions,
    on_stores.token_theft,
    on_stores.storage_flood,
    on_service.amplification,
    on_service.amplification_by_ipv6,
    on_sockets.amplification_on_sockets,
    on_service.queue_flood,
    on_service.proofs_used_up,
    on_sockets.queue_flood_on_sockets,
    on_stores.signature_flood,
    on_tables.sybil_neighbourhood,
    on_stores.replayed_sequences,
    on_tables.eclipse_at_bootstrap,
    on_tables.false_own_address,
    on_tables.aimed_by_hearsay,
)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.dht.attacks", description="Attacks a DHT node and prints what came of it.")
    parser.add_argument("--quick", action="store_true", help="a fifth of the requests")
    parser.add_argument("--only", metavar="WORD", default="", help="attacks with this word in their name")
    parser.add_argument("--json", action="store_true", help="the rows as one JSON array")
    options = parser.parse_args()
    rows = []
    if not options.json:
        print(f"{'attack':30}{'sent':>8}  {'state changed (allowed)':36}{'amplified':>10}{'honest':>8}   held")
    for attack in ATTACKS:
        if options.only not in attack.__name__:
            continue
        start = time.monotonic()
        row = attack(0.2 if options.quick else 1.0)
        rows.append({**row._asdict(), "held": is_held(row), "seconds": round(time.monotonic() - start, 1)})
        if not options.json:
            changed = f"{row.changed} {row.what} ({row.allowed})"
            ratio = "-" if row.amplified is None else f"{row.amplified:.2f}"
            print(f"{row.attack:30}{row.sent:8}  {changed:36}{ratio:>10}{row.honest:8.0%}   {'yes' if is_held(row) else 'NO'}")
            print(f"{'':40}{row.note}", flush=True)
    if options.json:
        print(json.dumps(rows))
    sys.exit(not all(row["held"] for row in rows))


if __name__ == "__main__":
    main()
