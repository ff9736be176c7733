"""Who asks about one account, and whether that is theirs to know: the keeper by a secret word, others by a signed question.

    Authorization: Bearer WORD            the word in the address file of the book's folder: the keeper, who may ask anything
    Authorization: Leither QUESTION       base64url of core/question.py: the account's own key, about that account alone

A question that is sent again within its minutes is answered again. That is harmless, as it only reads, and who could overhear it could
overhear the answer; for anything else it was not signed.
"""

import hmac
import time

from leither_edge.core.ids import key_id
from leither_edge.core.question import QUESTION_MAX_BYTES, BadQuestion, Question, open_question, sign_question
from leither_edge.crypto import sodium
from leither_edge.ledger.errors import LedgerError
from leither_edge.organization.offers import TREASURY_ACCOUNT, from_text, to_text

GOOD_FOR_S = 120
SCHEME = "Leither"
# Whoever asks with the keeper's word; anyone else is the id of the key that asks.
KEEPER = object()
_WORD_SCHEME = "Bearer"
_TEXT_MAX_CHARS = (QUESTION_MAX_BYTES * 4 + 2) // 3
_OWNER_FIX = "Ask its owner for a receipt, which is checked without the book."


class NotAllowed(LedgerError):
    """A question that is not answered to who asks it; codes not-signed, malformed, too-large, wrong-organization, another-request, time,
    bad-signature: it is not known who asks; not-yours, not-keeper: it is not theirs to know."""


class Askers:
    """Tells who asks, and what that lets them know.

    Args: organization (id), treasurer (key id; asks for the treasury, too), word (the keeper's; None: there is none), clock (s),
    verify ((signature, message, public key) -> bool).
    """

    def __init__(self, organization, treasurer, word, clock=time.time, verify=sodium.verify):
        self._organization = organization
        self._treasurer = treasurer
        self._word = word
        self._clock = clock
        self._verify = verify

    def asker(self, authorization, method, target):
        """KEEPER, or the id of the key that asks. Raises NotAllowed.

        Args: authorization (text of the header field, None without one), method, target (path with query) of the request.
        """
        if authorization is None:
            sentence = f"What an account holds is not public: sign the question with the account's key. {_OWNER_FIX}"
            raise NotAllowed("not-signed", sentence, "authorization")
        scheme, _, given = authorization.partition(" ")
        if scheme == _WORD_SCHEME:
            self.check_word(authorization)
            return KEEPER
        # Fields of one name reach us joined by commas; which of two questions is meant is not for us to choose.
        if "," in given:
            raise NotAllowed("malformed", "The field Authorization stands there twice. Send one signed question, once.", "authorization")
        if len(given) > _TEXT_MAX_CHARS:
            sentence = f"The question is too long: a signed one has at most {QUESTION_MAX_BYTES} bytes. Sign a shorter one."
            raise NotAllowed("too-large", sentence, "authorization")
        try:
            if scheme != SCHEME:
                raise ValueError(f"it does not begin with {SCHEME}")
            data = from_text(given, QUESTION_MAX_BYTES)
        except ValueError as error:
            sentence = f"The field Authorization cannot be read: {error}. Send one signed question, once."
            raise NotAllowed("malformed", sentence, "authorization") from None
        try:
            question = open_question(data, self._verify)
        except BadQuestion as error:
            raise NotAllowed(error.code, f"{_capital(error)}. Sign it with the account's own key.", "authorization") from None
        self._check_request(question, method, target)
        self._check_time(question)
        return key_id(question.public_key)

    def check_word(self, authorization):
        """Raises NotAllowed unless a header field (text, None without one) gives the keeper's word."""
        known = "" if self._word is None else f"{_WORD_SCHEME} {self._word}"
        if not known or not _equal(authorization or "", known):
            sentence = "Only the keeper of this book may ask that. Run the command on the computer that keeps it."
            raise NotAllowed("not-keeper", sentence, "authorization")

    def owns(self, asker, account):
        """Whether what an account holds is for an asker to know."""
        if asker is KEEPER:
            return True
        mine = hmac.compare_digest(asker, account)
        return mine or (account == TREASURY_ACCOUNT and hmac.compare_digest(asker, self._treasurer))

    def check_account(self, asker, account):
        """Raises NotAllowed unless an account is the asker's."""
        if not self.owns(asker, account):
            raise NotAllowed("not-yours", f"This is another key's account, and what it holds is not public. {_OWNER_FIX}", "account")

    def check_party(self, asker, public_keys):
        """Raises NotAllowed unless the asker is among those who signed a transaction (their public keys)."""
        if asker is not KEEPER and not any([hmac.compare_digest(asker, key_id(public_key)) for public_key in public_keys]):
            sentence = "Only who signed a transaction may see it. Ask one of them for a receipt, which is checked without the book."
            raise NotAllowed("not-yours", sentence, "transaction")

    def _check_request(self, question, method, target):
        if not hmac.compare_digest(question.organization, self._organization):
            sentence = "The question is for another organization's book. Sign one for this book."
            raise NotAllowed("wrong-organization", sentence, "organization")
        for field, signed, found in (("method", question.method, method), ("target", question.target, target)):
            if not _equal(signed, found):
                sentence = f"The question was signed for another request: its {field} is another one. Sign one for this request."
                raise NotAllowed("another-request", sentence, field)

    def _check_time(self, question):
        now = int(self._clock())
        late = now - question.time
        if abs(late) > GOOD_FOR_S:
            shown = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now))
            side = "before" if late > 0 else "after"
            sentence = (
                f"The question was signed {abs(late)} s {side} the time of the bookkeeper's clock, {shown} UTC, and is good for "
                f"{GOOD_FOR_S} s. Sign it anew; if that does not help, set the clocks."
            )
            raise NotAllowed("time", sentence, "time")


def authorization(organization, method, target, now, public_key, sign):
    """The text of the header field with which a key asks.

    Args: organization (id), method, target (path with query), now (s), public_key, sign (message -> 64 bytes). Raises BadQuestion.
    """
    return f"{SCHEME} {to_text(sign_question(Question(organization, method, target, int(now), public_key), sign))}"


def _equal(one, other):
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def _capital(error):
    text = str(error)
    return text[:1].upper() + text[1:]
