"""In place of the package attrs, for the classes of trio and outcome, which are all that use it on the device.

attrs writes and compiles up to nine functions for each class when the class is made: half of the time that importing trio takes. Here only
``__init__`` is compiled, when the first instance is made; the rest are plain functions that loop over the fields. What differs: slots are
left out (an instance has a dict), and what the two packages do not use is refused with a TypeError, so that a new release of theirs that
wants more fails when the image is tested. Source: attrs 25.4, API reference.
"""

NOTHING = object()


class FrozenInstanceError(AttributeError):
    """An attribute of a frozen instance was set or deleted."""

    args = ("can't set attribute",)


class Factory:
    """A default made anew for each instance by ``factory()``."""

    __slots__ = ("factory",)

    def __init__(self, factory):
        self.factory = factory


class Attribute:
    """One field: name, alias (its name among __init__'s arguments), default, and what is done with it."""

    __slots__ = ("alias", "default", "eq", "init", "kw_only", "name", "repr", "validator")

    def __init__(self, default=NOTHING, repr=True, eq=True, init=True, kw_only=False, alias=None, validator=None):
        self.name, self.alias = None, alias
        self.default, self.repr, self.eq, self.init, self.kw_only, self.validator = default, repr, eq, init, kw_only, validator

    def named(self, name, kw_only):
        """Itself, now that it is known what it is called."""
        self.name, self.alias = name, self.alias or name.lstrip("_")
        self.kw_only = self.kw_only or kw_only
        return self


def field(*, default=NOTHING, factory=None, repr=True, eq=True, init=True, kw_only=False, alias=None, validator=None):
    """An Attribute, for the body of a class."""
    return Attribute(Factory(factory) if factory else default, repr, eq, init, kw_only, alias, validator)


def define(cls=None, *, init=True, repr=True, eq=True, frozen=False, kw_only=False, slots=True, auto_attribs=True):
    """Class decorator: gives a class its fields and the methods over them. ``slots`` changes nothing."""

    def finish(cls):
        own = cls.__dict__
        attributes = _attributes(cls, kw_only, auto_attribs)
        cls.__attrs_attrs__ = attributes
        methods = {}
        is_error = issubclass(cls, BaseException)
        if init:
            methods["__init__"] = _later_init(cls, attributes, frozen, is_error)
            cls.__match_args__ = tuple(one.name for one in attributes if one.init and not one.kw_only)
        if repr:
            methods["__repr__"] = _repr_of([one for one in attributes if one.repr])
        if eq and not is_error:
            names = [one.name for one in attributes if one.eq]
            methods["__eq__"] = _equal_by(names)
            if "__eq__" not in own:
                methods["__hash__"] = _hash_by(names) if frozen else None
        for name, method in methods.items():
            # What a class says itself stands; a class body with __eq__ has got __hash__ = None by it.
            if name not in own or (name == "__hash__" and own[name] is None):
                setattr(cls, name, method)
        if frozen:
            cls.__setattr__, cls.__delattr__ = _refuse_setting, _refuse_deleting
        return cls

    return finish if cls is None else finish(cls)


def frozen(cls=None, **options):
    """As define, for instances that do not change."""
    return define(cls, frozen=True, **options)


def _attributes(cls, kw_only, auto_attribs):
    """The fields of a class, those of its bases first; their traces in its body are removed."""
    found = {}
    for base in reversed(cls.__mro__[1:]):
        for one in base.__dict__.get("__attrs_attrs__", ()):
            found.pop(one.name, None)
            found[one.name] = one
    for name, said in _said(cls, auto_attribs):
        one = said if isinstance(said, Attribute) else Attribute(said)
        found.pop(name, None)
        found[name] = one.named(name, kw_only)
        if name in cls.__dict__:
            delattr(cls, name)
    return tuple(found.values())


def _said(cls, auto_attribs):
    body = cls.__dict__
    fields = [name for name, value in body.items() if isinstance(value, Attribute)]
    annotated = [name for name, kind in body.get("__annotations__", {}).items() if not _is_of_class(kind)]
    names = annotated if auto_attribs and set(fields) <= set(annotated) else fields
    return [(name, body.get(name, NOTHING)) for name in names]


def _is_of_class(kind):
    text = kind if isinstance(kind, str) else repr(kind)
    return text.lstrip("'\"").startswith(("ClassVar", "typing.ClassVar", "t.ClassVar"))


def _later_init(cls, attributes, frozen, is_error):
    """``__init__`` that compiles the real one and steps aside."""

    def __init__(self, *arguments, **names):
        real = _compiled_init(cls, attributes, frozen, is_error)
        if cls.__dict__.get("__init__") is __init__:
            cls.__init__ = real
        real(self, *arguments, **names)

    return __init__


def _compiled_init(cls, attributes, frozen, is_error):
    plain, named, body = [], [], []
    known = {"NOTHING": NOTHING, "BaseException": BaseException}
    for number, one in enumerate(attributes):
        makes = isinstance(one.default, Factory)
        known[f"d{number}"] = one.default.factory if makes else one.default
        value = one.alias
        if one.init:
            default = "" if one.default is NOTHING else "=NOTHING" if makes else f"=d{number}"
            (named if one.kw_only else plain).append(one.alias + default)
            if makes:
                value = f"d{number}() if {one.alias} is NOTHING else {one.alias}"
        elif one.default is NOTHING:
            continue
        else:
            value = f"d{number}()" if makes else f"d{number}"
        body.append(f"own[{one.name!r}] = {value}" if frozen else f"self.{one.name} = {value}")
    for number, one in enumerate(attributes):
        if one.validator is not None:
            known[f"v{number}"], known[f"a{number}"] = one.validator, one
            body.append(f"v{number}(self, a{number}, self.{one.name})")
    if hasattr(cls, "__attrs_post_init__"):
        body.append("self.__attrs_post_init__()")
    if is_error:
        body.append(f"BaseException.__init__({', '.join(['self', *(f'self.{one.name}' for one in attributes if one.init)])})")
    arguments = ", ".join(["self", *plain, *(["*", *named] if named else [])])
    first = ["own = self.__dict__"] if frozen else []
    exec(f"def __init__({arguments}):\n " + "\n ".join([*first, *body, "pass"]), known)
    made = known["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _repr_of(attributes):
    def __repr__(self):
        shown = []
        for one in attributes:
            show = repr if one.repr is True else one.repr
            shown.append(f"{one.name}={show(getattr(self, one.name, NOTHING))}")
        return f"{type(self).__qualname__.rpartition('>.')[2]}({', '.join(shown)})"

    return __repr__


def _equal_by(names):
    def __eq__(self, other):
        if other.__class__ is not self.__class__:
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in names)

    return __eq__


def _hash_by(names):
    def __hash__(self):
        return hash((type(self), *(getattr(self, name) for name in names)))

    return __hash__


def _refuse_setting(self, name, value):
    # An exception gets these from the interpreter while it travels.
    if isinstance(self, BaseException) and name in ("__cause__", "__context__", "__traceback__", "__suppress_context__", "__notes__"):
        BaseException.__setattr__(self, name, value)
        return
    raise FrozenInstanceError


def _refuse_deleting(self, name):
    raise FrozenInstanceError
