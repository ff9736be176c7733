"""Which radios cannot encrypt as an access point: read off the kernel's log."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.wifi import chip

SAID = b"6,339,9659498,-;brcmfmac: brcmf_fw_alloc_request: using brcm/brcmfmac43436-sdio for chip BCM43430/%d\n"
MORE = b" SUBSYSTEM=sdio\n DEVICE=+sdio:mmc1:0001:1\n"


def test_only_revision_2_cannot():
    assert chip.names_such_a_chip(SAID % 2) and chip.names_such_a_chip(SAID % 2 + MORE)
    assert not any(chip.names_such_a_chip(SAID % revision) for revision in (0, 1, 3, 20, 12))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b" for chip BCM43430/2",
        b"6,1,2,-;usb 1-1: Product: brcmfmac: x for chip BCM43430/2",
        b"6,1,2,-;x\n brcmfmac: for chip BCM43430/2",
    ],
)
def test_what_another_driver_or_a_stick_says_does_not_count(line):
    assert not chip.names_such_a_chip(line)


@given(st.binary(max_size=200))
def test_any_line_is_read(line):
    assert chip.names_such_a_chip(line) in (True, False)


def test_it_is_remembered_when_the_log_has_gone_on(tmp_path):
    log = tmp_path / "kmsg"
    assert chip.encrypts(str(tmp_path), str(tmp_path / "none"))
    log.write_bytes(SAID % 1)
    assert chip.encrypts(str(tmp_path), str(log)) and not os.path.exists(tmp_path / chip.NOTE)
    log.write_bytes(SAID % 2)
    assert not chip.encrypts(str(tmp_path), str(log))
    log.write_bytes(b"")
    assert not chip.encrypts(str(tmp_path), str(log))


def test_the_real_log_is_read_to_its_end(tmp_path):
    assert chip.encrypts(str(tmp_path))
