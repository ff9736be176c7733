"""In place of attr, the older names of attrs: what outcome uses of them. See attrs.py."""

import attrs

ib = attrs.field


def s(cls=None, **options):
    """As attrs.define, for a class that names its fields by ib() alone."""
    return attrs.define(cls, auto_attribs=False, **options)


class validators:  # noqa: N801 - a module in the real package
    """Functions that judge a field's value."""

    @staticmethod
    def instance_of(kind):
        """A validator that raises TypeError for a value of another type."""

        def validate(_instance, attribute, value):
            if not isinstance(value, kind):
                raise TypeError(f"{attribute.name!r} must be {kind!r} (got {value!r} that is a {type(value)!r}).", attribute, kind, value)

        return validate
