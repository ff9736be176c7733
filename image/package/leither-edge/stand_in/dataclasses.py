"""In place of the standard library's dataclasses, for h11's events, which are all that use it on the device.

The real one loads inspect and compiles up to six functions for each class when the class is made. Here they are plain functions that loop
over the fields. What h11 does not use is refused with a TypeError.
"""


class FrozenInstanceError(AttributeError):
    """An attribute of a frozen instance was set or deleted."""


def dataclass(cls=None, *, init=True, frozen=False):
    """Class decorator: gives a class the methods over its annotated fields."""

    def finish(cls):
        fields = {}
        for base in reversed(cls.__mro__):
            fields.update(dict.fromkeys(base.__dict__.get("__annotations__", ())))
        names = tuple(fields)
        if init and names:
            raise TypeError("This image's dataclasses writes no __init__: see its file.")
        methods = {"__repr__": _repr_of(names), "__eq__": _equal_by(names), "__hash__": _hash_by(names) if frozen else None}
        methods["__match_args__"] = names if init else ()
        for name, method in methods.items():
            if name not in cls.__dict__:
                setattr(cls, name, method)
        if frozen:
            cls.__setattr__, cls.__delattr__ = _refuse_setting, _refuse_deleting
        return cls

    return finish if cls is None else finish(cls)


def _repr_of(names):
    def __repr__(self):
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return __repr__


def _equal_by(names):
    def __eq__(self, other):
        if other.__class__ is not self.__class__:
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in names)

    return __eq__


def _hash_by(names):
    def __hash__(self):
        return hash(tuple(getattr(self, name) for name in names))

    return __hash__


def _refuse_setting(self, name, value):
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deleting(self, name):
    raise FrozenInstanceError(f"cannot delete field {name!r}")
