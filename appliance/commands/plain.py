"""What others say, made fit for an answer: values as deterministic CBOR holds them, errors as sentences."""

TEXT_MAX = 4096
DEPTH_MAX = 4


def plain(value, depth=DEPTH_MAX):
    """A value without floats, with valid text, bounded numbers and bounded depth."""
    if value is None or isinstance(value, (bool, bytes)):
        return value
    if isinstance(value, int):
        return max(-(2**53), min(value, 2**53))
    if isinstance(value, float):
        return round(value) if abs(value) < 2**53 else 0
    if isinstance(value, str):
        return value[:TEXT_MAX].encode("utf-8", "replace").decode()
    if depth and isinstance(value, dict):
        return {plain(str(key)): plain(item, depth - 1) for key, item in value.items()}
    if depth and isinstance(value, (list, tuple)):
        return [plain(item, depth - 1) for item in value]
    return plain(str(value))


def sentence(error):
    """The text of an error as a sentence: capital first, full stop last."""
    text = plain(str(error)) or "It failed without saying why"
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
