"""A file between two nodes on this computer, beside curl of the same bytes from nginx, written to the same disk.

Both ends of ours keep to a Pi Zero's memory; both files lie in the page cache of the giving side. Ours is durable when it is done, so the
time of curl is taken with a flush of its file behind it; without it, too. Rounds take turns.
"""

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent.parent
MIB = 1 << 20
SIZE_MIB, ROUNDS = 1024, 3
NGINX = """daemon off; master_process off; worker_processes 1; error_log stderr crit; pid {folder}/nginx.pid;
events {{ worker_connections 64; }}
http {{ access_log off; sendfile on; tcp_nopush on; client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2;
fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
server {{ listen unix:{folder}/probe; listen 127.0.0.1:{port}; root {folder}/www; }} }}
"""


def measure(size_mib=SIZE_MIB, rounds=ROUNDS, folder=None):
    """{"size_mib", "rounds": [...], "cores"}. Args: folder (on the disk that is meant; None: the one of temp files)."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="flow-") as made:
        place = Path(made)
        (place / "www").mkdir()
        digest = _write(place / "www" / "file", size_mib)
        with _Nginx(place) as nginx, _Giver(place) as giver:
            found = []
            for number in range(rounds):
                ours = _ours(place, giver, number)
                curl = nginx.fetch(place / "curl", digest)
                found.append({"ours": ours, "curl": curl})
        return {"size_mib": size_mib, "rounds": found, "cores": os.cpu_count()}


def keys_of(found):
    """sync_vs_nginx: our rate by curl's, both durable. sync_rss_growth_mb: of the side that grew more, the worst round."""
    rounds = found["rounds"]
    ours = statistics.median(each["ours"]["seconds"] for each in rounds)
    return {
        "sync_vs_nginx": round(statistics.median(each["curl"]["durable_s"] for each in rounds) / ours, 3),
        "sync_vs_nginx_unflushed": round(statistics.median(each["curl"]["seconds"] for each in rounds) / ours, 3),
        "sync_rss_growth_mb": round(max(each["ours"][side] for each in rounds for side in ("taker_growth_mb", "giver_growth_mb")), 2),
        "sync_mb_per_s": round(found["size_mib"] * MIB / 1e6 / ours, 1),
    }


def lines(found):
    """What people read."""
    figures = keys_of(found)
    yield f"A file of {found['size_mib']} MiB between two nodes, {len(found['rounds'])} rounds, {found['cores']} cores"
    for each in found["rounds"]:
        ours, curl = each["ours"], each["curl"]
        yield (
            f"  ours {ours['seconds']:.2f} s (CPU {ours['taker_cpu_s']:.2f} taking, {ours['giver_cpu_s']:.2f} giving), memory "
            f"{ours['taker_growth_mb']:+.1f} and {ours['giver_growth_mb']:+.1f} MB; "
            f"curl {curl['seconds']:.2f} s, flushed {curl['durable_s']:.2f} s"
        )
    yield f"  {'rate beside curl from nginx':42} {figures['sync_vs_nginx']:10.3f}   at least 0.5"
    yield f"  {'  without the flush of curl':42} {figures['sync_vs_nginx_unflushed']:10.3f}"
    yield f"  {'MB of memory a side, at most':42} {figures['sync_rss_growth_mb']:10.2f}   at most 6"
    yield f"  {'MB a second':42} {figures['sync_mb_per_s']:10.1f}"


class _Nginx:
    """nginx on one worker; sendfile on."""

    def __init__(self, place):
        self._place = place

    def __enter__(self):
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        # A port that is free now; nobody else on this machine asks for one in between, or nginx says so and ends.
        import socket

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        config = self._place / "nginx.conf"
        config.write_text(NGINX.format(folder=self._place, port=self._port))
        # It gives up root's rights, and would not find its way into a folder that is closed to others.
        os.chmod(self._place, 0o755)
        self._process = subprocess.Popen([program, "-p", str(self._place), "-c", str(config)], stderr=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while not (self._place / "nginx.pid").exists():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("nginx did not start; install it (./install.sh test)")
            time.sleep(0.02)
        return self

    def __exit__(self, *exc_info):
        self._process.terminate()
        self._process.wait()

    def fetch(self, target, digest):
        """Seconds of curl, and until its file is on the disk."""
        os.sync()
        start = time.perf_counter()
        subprocess.run(["curl", "-sSf", "-o", str(target), f"http://127.0.0.1:{self._port}/file"], check=True)
        seconds = time.perf_counter() - start
        with open(target, "rb") as file:
            os.fsync(file.fileno())
            durable = time.perf_counter() - start
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise RuntimeError("curl got other bytes")
        os.unlink(target)
        return {"seconds": seconds, "durable_s": durable}


class _Side:
    """A process that speaks JSON, line by line."""

    def __init__(self, *words):
        command = [sys.executable, "-m", "tests.bench.flow_parts.sync_side", *map(str, words)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def hear(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("a side of the sync ended; its message stands above")
        return json.loads(line)

    def ask(self, text):
        self.process.stdin.write(text)
        self.process.stdin.flush()
        return self.hear()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class _Giver:
    def __init__(self, place):
        self._place = place

    def __enter__(self):
        self.side = _Side("give", self._place / "giver", self._place / "www" / "file")
        self.facts = self.side.hear()
        return self

    def __exit__(self, *exc_info):
        self.side.end()


def _ours(place, giver, number):
    folder, facts = place / f"taker-{number}", giver.facts
    taker = _Side("take", folder, facts["port"], facts["root"], facts["warm"])
    taker.hear()
    os.sync()
    giver.side.ask("b")
    took = taker.ask("\n")
    gave = giver.side.ask("e")
    taker.end()
    shutil.rmtree(folder)
    return {
        "seconds": took["seconds"], "bytes": took["bytes"], "twice_bytes": took["twice_bytes"], "taker_cpu_s": took["cpu_s"],
        "giver_cpu_s": gave["cpu_s"], "taker_growth_mb": _growth(took), "giver_growth_mb": _growth(gave),
    }  # fmt: skip


def _growth(facts):
    return (facts["peak_kib"] - facts["rss_kib"]) * 1024 / 1e6


def _write(path, size_mib):
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        for _ in range(size_mib):
            piece = os.urandom(MIB)
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mib", type=int, default=SIZE_MIB)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--folder", help="a folder on the disk that is meant (that of temp files)")
    options = parser.parse_args()
    print("\n".join(lines(measure(options.mib, options.rounds, options.folder))))


if __name__ == "__main__":
    main()
