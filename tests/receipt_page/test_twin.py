"""The page's own verifier beside core's, on the same receipts: the same verdict, and the same field where something is wrong."""

import json
import random
from pathlib import Path

import pytest

from appliance.portal.receipt import single_file
from tests.receipt_page.made import HOLDER, ORGANIZATION, OTHER, bad, good, receipt, verdict

pytestmark = pytest.mark.browser

GOLDEN = Path(__file__).resolve().parents[1] / "core" / "vectors" / "ledger.json"
RECEIPT_JS = Path(single_file.__file__).with_name("receipt.js")
SEED = 20_26
SECTIONS = {"proof", "header", "inclusion", "certificate", "signed_header", "receipt"}
# What the page is given beside the twin: each section's cases as the vectors hold them, results as text.
RUNS = """
const [hex, twin] = [bytesModule.fromHex, receiptModule];
const text = (value) =>
  value === null ? null : value instanceof Uint8Array ? bytesModule.toHex(value) : Array.isArray(value) ? value.map(text) : String(value);
const SNAKE = { organizationKey: "organization_key", fromPulse: "from_pulse" };
const named = (values) => Object.fromEntries(Object.entries(values).map(([name, value]) => [SNAKE[name] || name, text(value)]));
const run = {
  proof: ({ proof, account, root, total }) => {
    const { changed, amount } = twin.verifyProof(hex(proof), hex(account), hex(root), BigInt(total));
    return { pulse: changed, amount };
  },
  header: ({ payload }) => twin.readHeader(hex(payload)),
  inclusion: ({ transaction, path }) => ({ root: twin.inclusionRoot(hex(transaction), hex(path)) }),
  certificate: ({ message, organization }) => twin.readCertificate(hex(message), hex(organization)),
  signed_header: ({ message, certificate, organization }) =>
    twin.readSignedHeader(hex(message), twin.readCertificate(hex(certificate), hex(organization))).header,
  receipt: ({ receipt, organization }) => {
    const { account, amount, changed, transaction, header } = twin.verifyReceipt(hex(receipt), hex(organization));
    return { account, amount, changed, transaction: transaction || "", pulse: header.pulse, time: header.time, total: header.total };
  },
};
globalThis.judge = (section, cases) => cases.map((one) => {
  try {
    return named(run[section](one));
  } catch (problem) {
    return { error: problem instanceof bytesModule.Problem ? problem.code.split("/")[1] : String(problem.stack) };
  }
});
"""


@pytest.fixture(scope="module")
def judge(chromium):
    """(section, cases as the vectors hold them) -> what the twin says of each: its result, or {"error": field}."""
    page = chromium.new_page()
    page.add_script_tag(content=single_file.one_script(str(RECEIPT_JS)) + RUNS, type="module")
    page.wait_for_function("() => !!globalThis.judge")
    yield lambda section, cases: page.evaluate("([section, cases]) => judge(section, cases)", [section, cases])
    page.close()


def judged(judge, receipts, organization=ORGANIZATION.id):
    return judge("receipt", [{"receipt": data.hex(), "organization": organization.hex()} for data in receipts])


def compare(judge, made, organization=ORGANIZATION.id):
    for one, said in zip(made, judged(judge, [one.data for one in made], organization), strict=True):
        assert said == verdict(one.data, organization), one.name


@pytest.mark.parametrize("section", sorted(SECTIONS))
def test_golden_vectors(judge, section):
    cases = json.loads(GOLDEN.read_text())[section]
    assert cases
    for case, said in zip(cases, judge(section, cases), strict=True):
        if "error" in case:
            assert said == {"error": case["error"]}, case
        else:
            known = said.keys() & case.keys()
            assert known and {name: said[name] for name in known} == {name: case[name] for name in known}, case


def test_good_receipts_show_what_core_shows(judge):
    made = good()
    assert all("error" not in verdict(one.data) for one in made)
    compare(judge, made)


def test_bad_receipts_are_refused_for_the_same_field(judge):
    made = bad()
    assert [one.name for one in made if "error" not in verdict(one.data)] == []
    compare(judge, made)
    compare(judge, good(), OTHER.id)


def test_mutated_receipts_are_judged_alike(judge):
    """A changed bit anywhere, cuts, repeated and inserted pieces: no receipt shows another amount, and both sides name the same field."""
    draw = random.Random(SEED)
    originals = [receipt(), receipt(ids=[bytes([n]) * 32 for n in (1, 2, 3)], number=1)]
    cases = []
    for data in originals:
        cases += [flipped(data, bit) for bit in range(0, 8 * len(data), 11)]
        for _ in range(150):
            at, size = draw.randrange(len(data)), draw.randrange(1, 40)
            piece = draw.choice((b"", data[at : at + size] * 2, draw.randbytes(size), draw.randbytes(1) + data[at + 1 : at + size]))
            cases.append(data[:at] + piece + data[at + size :])
    cases = [data for data in cases if data not in originals]
    assert len(cases) > 1500
    for data, said in zip(cases, judged(judge, cases), strict=True):
        # One account's proof may well show that another one, whose id was altered, holds nothing.
        assert "error" in said or (said["amount"] == "0" and said["account"] != HOLDER.hex()), data.hex()
        assert said == verdict(data), data.hex()


def flipped(data, bit):
    changed = bytearray(data)
    changed[bit >> 3] ^= 1 << (bit & 7)
    return bytes(changed)
