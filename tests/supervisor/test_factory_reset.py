"""A kill at any moment of a factory reset leaves the folder whole or, after the next start, empty."""

import random
import time

import pytest


def _fill(state):
    for number in range(60):
        folder = state / f"folder{number % 6}" / "inner"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"file{number}").write_text("secret")


@pytest.mark.parametrize("seed", range(8))
def test_killed_at_a_random_point(supervise, seed):
    generator = random.Random(seed)
    supervisor = supervise("--do", "factory_reset", start=False)
    supervisor.state.mkdir()
    _fill(supervisor.state)
    supervisor.start()
    asked = supervisor.trace.with_name("trace.asked")
    supervisor.until(asked.exists)
    time.sleep(generator.random() * 0.03)
    supervisor.process.kill()
    supervisor.process.wait()

    begun = (supervisor.state / ".factory-reset").exists()
    lives = len(supervisor.traced("life "))
    supervisor.start()
    supervisor.until(lambda: len(supervisor.traced("life ")) > lives)
    seen = supervisor.traced("life ")[lives].split("files=")[1]
    if begun or seen == "":
        assert seen == ""
    else:
        # Not begun: all of it is still there.
        assert sum(1 for path in supervisor.state.rglob("file*") if path.is_file()) == 60
