import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leither_edge.core import cbor
from leither_edge.crypto import key_file
from leither_edge.crypto.key_file import KeyFileError, public_key_of_file, read_key_file, write_key_file
from tests.core.mutation import mutated

SEED = bytes(range(32))
CHEAP = {"operations": 1, "memory_mib": 8}


@pytest.fixture
def path(tmp_path):
    write_key_file(tmp_path / "anna.key", SEED, "correct horse", "Anna", **CHEAP)
    return tmp_path / "anna.key"


def test_round_trip(path):
    key = read_key_file(path, "correct horse")
    assert (key.seed, key.name) == (SEED, "Anna")
    assert public_key_of_file(path) == ("Anna", key.public_key)
    assert path.stat().st_mode & 0o777 == 0o600
    assert SEED not in path.read_bytes()
    assert SEED.hex() not in repr(key)


def test_the_passphrase_in_another_unicode_form(tmp_path):
    write_key_file(tmp_path / "k", SEED, "Stra\u00dfe \u00e4", "k", **CHEAP)
    assert read_key_file(tmp_path / "k", "Stra\u00dfe a\u0308").seed == SEED


def test_a_wrong_passphrase(path):
    for wrong in ("", "correct", "correct horse ", "Correct horse"):
        with pytest.raises(KeyFileError, match="passphrase does not open"):
            read_key_file(path, wrong)


def test_two_files_of_one_key_share_nothing_secret(tmp_path, path):
    write_key_file(tmp_path / "other.key", SEED, "correct horse", "Anna", **CHEAP)
    one, two = (cbor.decode((tmp_path / name).read_bytes()) for name in ("anna.key", "other.key"))
    assert all(one[field] != two[field] for field in (7, 8, 9))


def test_a_key_file_is_never_replaced(path):
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="exists already"):
        write_key_file(path, bytes(32), "x", "other", **CHEAP)
    assert path.read_bytes() == before and [entry.name for entry in path.parent.iterdir()] == ["anna.key"]


@pytest.mark.parametrize(("passphrase", "name"), [("", "Anna"), ("x", ""), ("x", "x" * 65)])
def test_what_is_not_written(tmp_path, passphrase, name):
    with pytest.raises(KeyFileError):
        write_key_file(tmp_path / "k", SEED, passphrase, name, **CHEAP)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (2, 2),
        (3, ""),
        (4, bytes(31)),
        (5, 0),
        (5, 17),
        (5, True),
        (6, 7),
        (6, 1025),
        (6, 1 << 40),
        (7, bytes(15)),
        (8, bytes(23)),
        (9, bytes(47)),
        (10, 0),
    ],
)
def test_fields_out_of_range_are_refused_before_any_work(path, monkeypatch, field, value):
    header = {**cbor.decode(path.read_bytes()), field: value}
    path.write_bytes(cbor.encode(header))
    monkeypatch.setattr(key_file.sodium, "argon2id", lambda *arguments: pytest.fail("the passphrase was tried"))
    with pytest.raises(KeyFileError):
        read_key_file(path, "correct horse")


def test_the_header_is_sealed_too(path):
    header = cbor.decode(path.read_bytes())
    for change in ({3: "Eve"}, {4: bytes(32)}):
        path.write_bytes(cbor.encode({**header, **change}))
        with pytest.raises(KeyFileError):
            read_key_file(path, "correct horse")


def test_missing_and_foreign_files(tmp_path):
    with pytest.raises(KeyFileError, match="there is no key file"):
        read_key_file(tmp_path / "none", "x")
    for content in (b"", b"-----BEGIN OPENSSH PRIVATE KEY-----", b"\xa0", bytes(2000)):
        other = tmp_path / "other"
        other.write_bytes(content)
        other.chmod(0o600)
        with pytest.raises(KeyFileError):
            read_key_file(other, "x")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_altered_files_are_refused_with_a_sentence(path, data):
    original = path.read_bytes()
    altered = mutated(data, original)
    copy = path.parent / "copy"
    copy.write_bytes(altered)
    copy.chmod(0o600)
    real = key_file.sodium.argon2id
    try:
        # The cost is bounded by the ranges; here it is kept low so that the test is quick.
        key_file.sodium.argon2id = lambda passphrase, salt, operations, memory: real(passphrase, salt, operations, 8 << 20)
        key = read_key_file(copy, "correct horse")
    except KeyFileError as error:
        assert str(error)
    else:
        assert altered == original and key.seed == SEED
    finally:
        key_file.sodium.argon2id = real
