"""The node serves the page to anybody, claimed or not, as the file that it is."""

import gzip
import os

import pytest

from appliance.portal import assets
from appliance.portal.receipt.single_file import receipt_page
from tests.portal.client import Browser
from tests.portal.doubles import OWNER_KEY, MemoryDevice, serving


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return assets.build(str(tmp_path_factory.mktemp("assets")))


@pytest.mark.parametrize("owner", [None, OWNER_KEY], ids=["unclaimed", "claimed"])
async def test_served_whoever_owns_the_device(built, owner):
    memory = MemoryDevice()
    memory.owner = owner
    async with serving(memory, built) as device:
        answer = await Browser(device.port).get("/receipt", Accept_Encoding="gzip")
        assert answer.status == 200 and answer.headers["content-type"] == "text/html; charset=utf-8"
        assert gzip.decompress(answer.body) == receipt_page()
        assert answer.headers["content-security-policy"] == "frame-ancestors 'none'"
        assert (answer.headers["referrer-policy"], answer.headers["cache-control"]) == ("no-referrer", "no-cache")
        assert "set-cookie" not in answer.headers
        plain = await Browser(device.port).get("/receipt")
        assert plain.body == receipt_page()


async def test_nothing_else_of_the_folder_is_served_there(built):
    async with serving(MemoryDevice(), built) as device:
        assert "app.css" in os.listdir(built.folder)
        assert (await Browser(device.port).get("/receiptapp.css")).status != 200
        assert (await Browser(device.port).get("/receipt/app.css")).status != 200


def test_a_changed_source_of_the_page_is_noticed(tmp_path, monkeypatch):
    page = tmp_path / "page.html"
    page.write_text("a")
    monkeypatch.setattr(assets, "RECEIPT_SOURCE", str(tmp_path))
    before = assets.source_fingerprint()
    page.write_text("ab")
    assert assets.source_fingerprint() != before
