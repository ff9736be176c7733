"""Runs the ledger's golden vectors: python -m vectors. Beside it lie ledger.json and what tests/core/ledger_vectors.py compiles to.

No Ed25519 is here: a signature is good if the digest of signature, key and message is in the list that CPython made with
libsodium. So what is shown is that core asks for the same checks and judges the rest alike.
"""

import json
import sys
from binascii import hexlify

from ledger_vectors import run

from leither_edge.core.sha256 import sha256


def main(args):
    with open("ledger.json") as file:
        vectors = json.load(file)
    good = set(vectors["good_signatures"])
    asked = set()

    def verify(signature, message, key):
        call = sha256(signature)
        call.update(key)
        call.update(message)
        call = hexlify(call.digest()).decode()
        asked.add(call)
        return call in good

    cases, failed = 0, 0
    for section in sorted(vectors):
        if section in ("about", "keys", "good_signatures"):
            continue
        for case in vectors[section]:
            cases += 1
            try:
                found = run(section, case, verify)
                wrong = "" if found == case.get("error") else f"{found} instead of {case.get('error')}"
            except Exception as error:
                wrong = repr(error)
            if wrong:
                failed += 1
                print(section, case.get("name"), ":", wrong)
    print(cases, "cases,", failed, "failed,", len(good - asked), "signatures not asked for")


if __name__ == "__main__":
    main(sys.argv[1:])
