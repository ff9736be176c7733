"""A device whose state folder holds a book keeps it; one without loads nothing of the ledger."""

import http.client
import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from leither_edge.core.ids import id_to_text
from leither_edge.core.receipt import verify_receipt
from leither_edge.core.transfer import read_transfer, sign_transfer
from leither_edge.crypto import sodium
from leither_edge.organization.askers import authorization
from leither_edge.organization.book_folder import found_book, open_in
from leither_edge.organization.offers import from_text, grant_terms, issue_terms
from tests.device_process import ROOT, DeviceProcess
from tests.ledger.club import MAP_BYTES, NOW, key

# A device without an owner sends whatever it does not know to its setup page.
SETUP = 303


def asked(port, method, path, body=None, organization=None, key=None):
    """(status, body) of a request; key (KeyPair): who asks the book of an organization (KeyPair)."""
    headers = {}
    if key is not None:
        headers["Authorization"] = authorization(organization.id, method, path, time.time(), key.public_key, key.sign)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.fixture
def state(tmp_path):
    """A state folder with a book of pulse 1."""
    organization = key("organization")
    with found_book(tmp_path / "ledger", organization.public_key, organization.sign, organization.public_key, MAP_BYTES, NOW) as book:
        terms = issue_terms(organization.id, organization.public_key, 1000, "Founding", book.anchor, book.pulse, bytes(16))
        signed = read_transfer(sign_transfer(terms, [(organization.id, organization.sign)]))
        assert book.close_pulse([signed], NOW).pulse == 1
        anchor = book.anchor
    return tmp_path, organization, anchor


def test_a_device_keeps_the_book_in_its_folder(state):
    folder, organization, anchor = state
    member = key("member")
    terms = grant_terms(organization.id, organization.public_key, member.public_key, 30, "Welcome", anchor, 1, bytes(16))
    data = sign_transfer(terms, [(signer.id, signer.sign) for signer in (organization, member)])
    with DeviceProcess(folder) as device:
        status, body = asked(device.port, "POST", "/ledger/transfers?receipts=1", data, organization, member)
        booked = json.loads(body)
        assert status == 200 and booked["pulse"] == 2
        (text,) = booked["receipts"].values()
        shown = verify_receipt(from_text(text, 12288), organization.id, sodium.verify)
        assert (shown.transaction.hex(), shown.account, shown.amount) == (booked["id"], member.id, 30)
        assert asked(device.port, "POST", "/ledger/transfers", data)[0] == 409
        assert json.loads(asked(device.port, "GET", "/ledger/head")[1])["pulse"] == 2
        # Balances are for their owners to ask; there is no keeper's word here.
        path = f"/ledger/receipts/{id_to_text(member.id)}"
        assert asked(device.port, "GET", path)[0] == 401
        assert asked(device.port, "GET", path, None, organization, key("stranger"))[0] == 403
        assert asked(device.port, "GET", path, None, organization, member)[0] == 200
        # The keeper's own questions are for the command line that holds the folder.
        assert asked(device.port, "GET", "/ledger/own/stat")[0] == SETUP
        device.kill()
        device.start()
        assert json.loads(asked(device.port, "GET", "/ledger/head")[1])["pulse"] == 2
    with open_in(folder / "ledger", MAP_BYTES) as book:
        assert book.balance(member.id) == (2, 30)


def test_a_damaged_book_does_not_keep_the_device_from_starting(state):
    folder = state[0]
    os.truncate(folder / "ledger" / "data.mdb", 5000)
    with DeviceProcess(folder) as device:
        assert asked(device.port, "GET", "/device")[0] == 200
        assert asked(device.port, "GET", "/ledger/head")[0] == SETUP


def test_without_a_book_nothing_of_it_is_there(state):
    folder = state[0]
    shutil.rmtree(folder / "ledger")
    with DeviceProcess(folder) as device:
        assert asked(device.port, "GET", "/ledger/head")[0] == SETUP
    code = "import sys, appliance.device.assembly; print([name for name in sys.modules if 'ledger' in name or 'organization' in name])"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout == "[]\n"
