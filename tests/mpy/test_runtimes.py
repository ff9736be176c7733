"""The ledger's golden vectors under MicroPython's WebAssembly and unix ports; under CPython they run in tests/core."""

import json

import pytest

from tests.mpy import check, frozen, runtimes, sample_receipt

PORTS = ("WebAssembly port in Node", "unix port")
# Core itself, loaded from files, is most of it; tests.mpy.frozen measures the rest.
HEAP_FROM_FILES_BYTES = 22 * 1024


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("device")
    runtimes.lay_out(made)
    return made


def port(folder, name):
    run = dict(check.ports(folder))[name]
    try:
        run("about")
    except runtimes.RuntimeMissing as missing:
        pytest.skip(str(missing))
    return run


@pytest.mark.parametrize("name", PORTS)
def test_the_vectors_come_out_alike(folder, name):
    same, output = check.vectors(port(folder, name))
    assert same, output


@pytest.mark.parametrize("name", PORTS)
def test_a_vector_that_comes_out_otherwise_is_named(folder, name):
    run = port(folder, name)
    path = folder / "ledger.json"
    text = path.read_text()
    changed = json.loads(text)
    changed["leaf"][0]["hash"] = "00" * 20
    changed["receipt"][0]["error"] = "made up"
    del changed["good_signatures"][0]
    path.write_text(json.dumps(changed))
    try:
        same, output = check.vectors(run)
    finally:
        path.write_text(text)
    assert not same and "leaf None" in output and "made up" in output


def test_a_receipt_is_verified_in_little_memory(folder, tmp_path):
    port(folder, "unix port")
    if "32-bit" not in runtimes.unix(folder, "about")[1]:
        pytest.skip("the unix port here is a 64-bit one")
    sample_receipt.write(sample_receipt.CASES[0], tmp_path)
    code, output = runtimes.unix(folder, "receipt_heap", [str(tmp_path)], HEAP_FROM_FILES_BYTES)
    assert (code, output) == (0, "pulse 1000 amount 700\n")


def test_a_receipt_with_another_signature_is_refused_there(folder, tmp_path):
    port(folder, "unix port")
    sample_receipt.write(sample_receipt.CASES[0], tmp_path)
    (tmp_path / "calls.bin").write_bytes(bytes(64))
    code, output = runtimes.unix(folder, "receipt_heap", [str(tmp_path)])
    assert code == 1 and "CommitteeError" in output


def test_the_built_in_modules_are_those_that_a_receipt_needs(tmp_path):
    frozen.lay_out(tmp_path / "modules")
    core = {path.stem for path in (tmp_path / "modules" / "leither_edge" / "core").iterdir()}
    assert {"receipt", "proof", "header", "cbor_head", "sha256"} <= core and not core & {"cbor", "cose", "fields"}
