"""Another implementation in a process of its own, commanded from here: a line of JSON for each task, and one for its answer."""

import json
import subprocess

END_S = 10


class PeerProcess:
    """Use as a context manager; ``do("task", key=value, ...)`` runs one of the peer's tasks and returns what that returned.

    Subclasses have ``name``, for messages, and ``program()``, the words that start it.
    """

    def __enter__(self):
        self.process = subprocess.Popen(self.program(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def do(self, task, **arguments):
        """The answer to one task; every task ends by itself."""
        self.process.stdin.write(json.dumps({"do": task, **arguments}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"{self.name}'s process has ended")
        return json.loads(line)
