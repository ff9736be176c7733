"""The ledger's pinned bytes, under CPython; other runtimes run the same cases."""

import json

import pytest

from leither_edge.crypto import sodium
from tests.core import golden_ledger
from tests.core.ledger_vectors import run

VECTORS = json.loads(golden_ledger.PATH.read_text())
SECTIONS = [name for name in VECTORS if name not in ("about", "keys", "good_signatures")]
CASES = [(section, case) for section in SECTIONS for case in VECTORS[section]]


def test_the_vectors_are_those_that_the_code_makes():
    assert golden_ledger.to_text(golden_ledger.build()) == golden_ledger.PATH.read_text()


@pytest.mark.parametrize(("section", "case"), CASES, ids=[f"{section}: {case.get('name', '')}" for section, case in CASES])
def test_each_case(section, case):
    assert run(section, case, sodium.verify) == case.get("error")


def test_a_runtime_without_ed25519_has_all_it_needs():
    asked = set()

    def verify(signature, message, public_key):
        good = golden_ledger.digest(signature, message, public_key) in VECTORS["good_signatures"]
        assert good == sodium.verify(signature, message, public_key)
        asked.add(golden_ledger.digest(signature, message, public_key))
        return good

    for section, case in CASES:
        assert run(section, case, verify) == case.get("error")
    assert asked >= set(VECTORS["good_signatures"])


def test_every_section_is_explained_and_has_good_cases_and_bad_ones():
    assert list(VECTORS)[0] == "about"
    for section in SECTIONS:
        assert section in VECTORS["about"]
        errors = ["error" in case for case in VECTORS[section]]
        assert not all(errors) and (any(errors) or section == "tree")
