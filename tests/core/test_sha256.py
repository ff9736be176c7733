import subprocess
import sys

from leither_edge.core.sha256 import sha256


def test_known_answer():
    # FIPS 180-4, the message "abc".
    assert sha256(b"abc").digest().hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_importing_core_and_the_node_key_maps_no_openssl():
    names = "cbor cose command keyset delegation time_floor sequence audit ids".split()
    program = (
        "import sys; before = set(sys.modules);"
        + ";".join(f"import leither_edge.core.{name}" for name in names)
        + ";heavy = {'hashlib', '_hashlib', 'ssl', 'typing', 'inspect', 'json', 'dataclasses', 'ctypes'};"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True, cwd=_root())
    assert done.stdout.strip() == "[]"


def _root():
    import leither_edge

    return leither_edge.__path__[0] + "/.."
