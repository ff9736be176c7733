"""What a procedure answers when it does not do what was asked: JSON-RPC's codes, and one for each error of the store."""

from leither_edge.mimei import errors

PARSE, INVALID_REQUEST, NO_METHOD, INVALID_PARAMS, INTERNAL = -32700, -32600, -32601, -32602, -32603

OTHER, QUOTA, ANSWER_FULL, DATABASE = -32000, -32007, -32014, -32020

# -32000 to -32099 are a server's own. The nearer class stands before its parent.
_CODES = (
    (errors.NotSignedIn, -32001),
    (errors.Forbidden, -32003),
    (errors.NotFound, -32004),
    (errors.QuotaReached, QUOTA),
    (errors.Conflict, -32009),
    (errors.Damaged, -32010),
    (errors.TooLarge, -32013),
    (errors.Busy, -32023),
    (errors.BadInput, INVALID_PARAMS),
)


class RpcError(Exception):
    """An error of JSON-RPC. Args: code, sentence for people, word for programs (in `data.code`)."""

    def __init__(self, code, sentence, word):
        super().__init__(sentence)
        self.code = code
        self.word = word


def bad_params(sentence):
    """The RpcError for arguments that do not fit."""
    return RpcError(INVALID_PARAMS, sentence, "bad-input")


def code_of(error):
    """The number of a MimeiError."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), OTHER)
