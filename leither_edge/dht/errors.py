"""What can go wrong in the DHT, in plain words."""


class DhtError(Exception):
    """A question to the network that failed. str(error) is a sentence: what failed, why, what to do.

    code: short word for programs; report: the Report of what each node did, or None.
    """

    def __init__(self, code, sentence, report=None):
        super().__init__(sentence)
        self.code = code
        self.report = report
