"""An owner's key as 24 words on paper: BIP-39's English list and checksum, the 32 bytes of entropy being the key's seed."""

WORDS = 24
SEED_BYTES = 32


class WordsError(ValueError):
    """The words are not a key; the message names the wrong one, or says that the checksum fails."""


def words_from_seed(seed):
    """The 24 words (text, one space between) of a 32-byte seed."""
    if len(seed) != SEED_BYTES:
        raise WordsError("a seed has 32 bytes")
    return _list().to_mnemonic(bytes(seed))


def seed_from_words(text):
    """The 32-byte seed of 24 words; case and white space do not matter. Raises WordsError."""
    words = text.lower().split()
    if len(words) != WORDS:
        raise WordsError(f"there are {WORDS} recovery words, and here are {len(words)}")
    language = _list()
    known = set(language.wordlist)
    for number, word in enumerate(words, 1):
        if word not in known:
            raise WordsError(f'word {number}, "{word[:20]}", is not one of the list{_suggestion(word, language.wordlist)}')
    try:
        return bytes(language.to_entropy(words))
    except ValueError:
        raise WordsError("the words do not fit together: one is another word of the list, or two are swapped") from None


def _suggestion(word, wordlist):
    """The list's words are told apart by their first four letters, so a slip behind them can be repaired."""
    near = [candidate for candidate in wordlist if len(word) >= 3 and candidate.startswith(word[:4])]
    return f'; did you mean "{near[0]}"?' if len(near) == 1 else ""


def _list():
    from mnemonic import Mnemonic

    return Mnemonic("english")
