"""What an argument of a verb may be: small field types, and the check of a whole map against a schema."""

REQUIRED = object()


class BadArgument(ValueError):
    """An argument is missing, unknown or not allowed; the text is a sentence that names it."""


class Text:
    """Text of ``low``..``high`` characters without control characters.

    ``allowed`` (mark -> bool) narrows the characters; ``allowed_are`` says so in words.
    """

    __slots__ = ("_allowed", "_allowed_are", "_high", "_low", "default")

    def __init__(self, low, high, allowed=str.isprintable, allowed_are="printable characters", default=REQUIRED):
        self._low, self._high, self.default = low, high, default
        self._allowed, self._allowed_are = allowed, allowed_are

    def check(self, name, value):
        if not isinstance(value, str) or not self._low <= len(value) <= self._high:
            raise BadArgument(f"{name} must be text of {self._low} to {self._high} characters.")
        if not all(map(self._allowed, value)):
            raise BadArgument(f"{name} may hold {self._allowed_are} only.")
        return value


class Bytes:
    """A byte string of ``low``..``high`` bytes."""

    __slots__ = ("_high", "_low", "default")

    def __init__(self, low, high, default=REQUIRED):
        self._low, self._high, self.default = low, high, default

    def check(self, name, value):
        if not isinstance(value, bytes) or not self._low <= len(value) <= self._high:
            raise BadArgument(f"{name} must be {self._low} to {self._high} bytes.")
        return value


class Integer:
    """A whole number of ``low``..``high``."""

    __slots__ = ("_high", "_low", "default")

    def __init__(self, low, high, default=REQUIRED):
        self._low, self._high, self.default = low, high, default

    def check(self, name, value):
        if not isinstance(value, int) or isinstance(value, bool) or not self._low <= value <= self._high:
            raise BadArgument(f"{name} must be a whole number from {self._low} to {self._high}.")
        return value


class Boolean:
    """True or false."""

    __slots__ = ("default",)

    def __init__(self, default=REQUIRED):
        self.default = default

    def check(self, name, value):
        if not isinstance(value, bool):
            raise BadArgument(f"{name} must be true or false.")
        return value


class Choice:
    """One of a few texts."""

    __slots__ = ("_choices", "default")

    def __init__(self, *choices, default=REQUIRED):
        self._choices, self.default = choices, default

    def check(self, name, value):
        if not isinstance(value, str) or value not in self._choices:
            raise BadArgument(f"{name} must be one of: {', '.join(self._choices)}.")
        return value


def check_arguments(schema, arguments, partial=False):
    """Return the checked arguments with defaults filled in (left out if ``partial``).

    schema: {name: field}. Raises BadArgument for an unknown, missing or wrong argument.
    """
    for name in arguments:
        if name not in schema:
            known = ", ".join(sorted(schema)) or "none"
            raise BadArgument(f"{_shown(name)} is not known here. Known: {known}.")
    checked = {}
    for name, field in schema.items():
        if name in arguments:
            checked[name] = field.check(name, arguments[name])
        elif not partial:
            if field.default is REQUIRED:
                raise BadArgument(f"{name} is missing.")
            checked[name] = field.default
    return checked


def _shown(name):
    return "".join(mark if mark.isprintable() else "?" for mark in str(name)[:32])
