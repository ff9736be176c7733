"""kdig, Knot's DNS client, asks the DNS server as a person at a terminal would."""

import shutil
import subprocess

import pytest
import trio

from tests.names.test_responder import NAME, serving

pytestmark = pytest.mark.interop


async def kdig(server, *words):
    """What kdig prints."""
    program = shutil.which("kdig")
    assert program, "kdig is missing: install.sh test brings it"
    command = [program, "-p", str(server.port), "+timeout=5", "+retry=0", *words]
    done = await trio.to_thread.run_sync(lambda: subprocess.run(command, capture_output=True, text=True, timeout=20))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("words", [[], ["+tcp"], ["+edns"], ["+keepopen", "+tcp"]], ids=" ".join)
async def test_short_answers(host, words):
    async with serving() as server:
        assert await kdig(server, "+short", *words, f"@{host}", f"www.{NAME}", "A", f"alias.{NAME}", "AAAA") == (
            f"192.0.2.7\nwww.{NAME}.\n::7\n"
        )


async def test_whole_answers():
    async with serving() as server:
        said = await kdig(server, "@127.0.0.1", "+edns", f"none.{NAME}", "A")
        assert "status: NXDOMAIN" in said and "Flags: qr aa rd ra" in said and "SOA" in said and "WARNING" not in said
        said = await kdig(server, "@127.0.0.1", "+edns", "example.com", "A")
        assert "status: REFUSED" in said and "EDE: 20 (Not Authoritative)" in said
        said = await kdig(server, "@127.0.0.1", "+noedns", f"large.{NAME}", "TXT")
        assert "ANSWER: 3" in said and "TCP" in said, "cut by UDP, it asks again by TCP"
