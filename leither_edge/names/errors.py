"""What can be wrong with names and their packets."""


class DnsError(ValueError):
    """A DNS message cannot be read or written.

    code: one short word for the counter: size, header, count, name, record, option or rest.
    """

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


class PacketError(ValueError):
    """A signed packet of records cannot be made or read.

    code: one short word: size, value, salt, sequence, signature, dns or records.
    """

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code


class ResolveError(Exception):
    """A name could not be looked up; it may still exist.

    code: one short word: time-out, network or busy.
    """

    def __init__(self, code, sentence):
        super().__init__(sentence)
        self.code = code
