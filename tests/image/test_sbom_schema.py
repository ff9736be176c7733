"""The list of contents is CycloneDX 1.6 by the schema that its makers publish."""

import json
import os
import pathlib

import pytest

from image.report.contents import locked
from image.report.licences import SPDX
from tests.own_environment import python_of, run

from .test_sbom import INFO, ROWS, a_root, bill
from .tree import CHECKOUT

pytestmark = [pytest.mark.interop, pytest.mark.slow]


@pytest.fixture(scope="module")
def judged():
    """What the judge says of a document: "" where it is valid."""
    python = python_of("cyclonedx")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    peer = pathlib.Path(__file__).parent / "cyclonedx_peer.py"
    return lambda document: run(str(python), "-I", str(peer), input=json.dumps(document), env=environment)


def test_a_document_with_all_there_is_is_valid(judged, tmp_path):
    lock = locked((CHECKOUT / "requirements/run.lock").read_text())
    document = bill(rows=ROWS, seconds=0, root=a_root(tmp_path), lock=lock, digest="ab" * 32, buildroot="2026.02.3")
    assert judged(document) == ""
    assert judged(bill()) == ""


def test_the_judge_finds_what_is_wrong(judged):
    document = bill()
    document["components"][0]["licenses"] = [{"license": {"id": "no SPDX name"}}]
    assert judged(document) != ""


def test_every_licence_name_we_hold_for_spdx_is_one(judged):
    info = {name: {**INFO["musl"], "name": name, "licenses": name} for name in sorted(SPDX)}
    document = bill(info)
    assert [one["licenses"][0]["license"]["id"] for one in document["components"]] == sorted(SPDX)
    assert judged(document) == ""
