"""The smallest heap of a unix port in which a receipt is verified, found by trying."""

from tests.mpy import runtimes, sample_receipt

STEP_BYTES = 128
LEAST_BYTES, MOST_BYTES = 4096, 64 * 1024
# Where the garbage lies decides too: a heap counts once so many larger ones do as well.
IN_A_ROW = 8


def smallest(folder, case, binary=runtimes.UNIX):
    """Bytes of heap in which the program receipt_heap verifies the receipt in folder/case. Raises RuntimeMissing."""
    good = 0
    for heap in range(LEAST_BYTES, MOST_BYTES, STEP_BYTES):
        code, output = runtimes.unix(folder, "receipt_heap", [case], heap, binary)
        good = good + 1 if code == 0 and output.startswith("pulse ") else 0
        if good == IN_A_ROW:
            return heap - (IN_A_ROW - 1) * STEP_BYTES
    raise AssertionError(f"no heap below {MOST_BYTES} bytes holds a receipt's verification: {output}")


def table(folder, binary=runtimes.UNIX):
    """Lines for people: the smallest heap for each case of sample_receipt, modules taken from ``folder``, receipts written there."""
    lines = []
    for number, case in enumerate(sample_receipt.CASES):
        # A short name, as the path lies in that heap too.
        size = sample_receipt.write(case, folder / str(number))
        lines.append(f"  {case.name:<40} {size:>5} B receipt  {smallest(folder, str(number), binary):>6} B heap")
    return "\n".join(lines)
