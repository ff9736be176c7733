"""What goes wrong between nodes, as the content store's errors are: a code for programs, a sentence for people. What callers may send."""

import functools

from leither_edge.core.ids import ID_TEXT_CHARS, IdError, id_from_text
from leither_edge.mimei.errors import BadInput, MimeiError


def told(function):
    """A method whose errors are all MimeiError, with the code and the sentence of what was raised below."""

    @functools.wraps(function)
    async def call(*arguments, **named):
        try:
            return await function(*arguments, **named)
        except Exception as error:
            raise as_told(error) from None

    return call


def as_told(error):
    """The MimeiError for an exception that has a code; any other as it is."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    code = getattr(error, "code", None)
    if isinstance(error, MimeiError) or not isinstance(code, str):
        return error
    return MimeiError(str(error) or f"It failed: {code}.", code)


def text_of(thing, what, most):
    """A text of a caller. Raises BadInput. Args: thing, what (for the sentence), most (characters)."""
    if not isinstance(thing, str) or len(thing) > most:
        raise BadInput(f"{what} is a text of at most {most} characters.")
    return thing


def texts_of(things, what, count_max, chars_max):
    """A list of texts of a caller. Raises BadInput."""
    if not isinstance(things, (list, tuple)) or len(things) > count_max:
        raise BadInput(f"{what}: at most {count_max} of them.")
    return [text_of(thing, what, chars_max) for thing in things]


def id_of(text, what):
    """The 20 bytes of an id's text, None for "". Raises BadInput."""
    if not text_of(text, what, ID_TEXT_CHARS):
        return None
    try:
        return id_from_text(text)
    except IdError as error:
        raise BadInput(f"{what} is not good: {error}.") from None
