"""Why a Noise message is not taken."""


class NoiseError(Exception):
    """A handshake or transport message is refused, and nothing of it was taken.

    Args: code ("authentication", "too-short", "too-long", "zero-key", "order" or "exhausted"), sentence (for people).
    """

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code
