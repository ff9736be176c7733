"""How a procedure is declared: its name, its parameters and their types, in one line that also makes its description.

    @call("MMOpen", "sid:session mid:id ver:version=last", "handle", "Opens a version of a MiMei.")
    def mm_open(at, session, mid, version): ...

A parameter is `name:type`; with `=JSON` it has a default, with `?` its default is null, and `*name:type` takes all that follow.
Arguments come by position or by name. Types are those of types.py. A function is run in a worker thread, an async one where it is.
"""

import json
from collections import namedtuple

from .errors import bad_params

Parameter = namedtuple("Parameter", ("name", "type", "is_required", "default", "takes_rest"))

_CO_COROUTINE = 0x80
_MAY_BE_LISTS = ("value", "any", "pair", "scored")


class Procedure:
    """One procedure. name, parameters (Parameters), result (a type), summary (one sentence), function, is_async."""

    __slots__ = ("function", "is_async", "name", "parameters", "result", "summary")

    def __init__(self, name, parameters, result, summary, function):
        self.name = name
        self.parameters = parameters
        self.result = result
        self.summary = summary
        self.function = function
        self.is_async = bool(function.__code__.co_flags & _CO_COROUTINE)

    def arranged(self, params):
        """The JSON arguments in the order of the parameters, defaults filled in; what is beyond them in a list for the last.

        Args: params (list, dict, or None for none). Raises RpcError.
        """
        if params is None:
            params = []
        if type(params) is dict:
            return self._by_name(params)
        if type(params) is not list:
            raise bad_params("The parameters are a list or an object.")
        found = []
        for position, parameter in enumerate(self.parameters):
            if parameter.takes_rest:
                rest = params[position:]
                # A caller whose language has no variable arguments sends one list, where a list cannot be an argument itself.
                is_one_list = len(rest) == 1 and type(rest[0]) is list and parameter.type not in _MAY_BE_LISTS
                found.append(rest[0] if is_one_list else rest)
                return found
            found.append(params[position] if position < len(params) else self._default(parameter))
        if len(params) > len(found):
            raise bad_params(f"{self.name} takes at most {len(found)} arguments.")
        return found

    def _by_name(self, params):
        found = []
        for parameter in self.parameters:
            given = params.get(parameter.name) if parameter.name in params else self._default(parameter)
            if parameter.takes_rest and type(given) is not list:
                raise bad_params(f"{parameter.name} of {self.name} is a list.")
            found.append(given)
        known = {parameter.name for parameter in self.parameters}
        for name in params:
            if name not in known:
                raise bad_params(f"{self.name} has no parameter {name[:40]}.")
        return found

    def _default(self, parameter):
        if parameter.is_required:
            raise bad_params(f"{self.name} needs {parameter.name}.")
        return parameter.default


def calls(table):
    """A decorator that enters procedures into ``table`` (dict by name); see the head of this module."""

    def call(name, parameters, result, summary):
        def declare(function):
            if name in table:
                raise ValueError(f"{name} is declared twice")
            table[name] = Procedure(name, parameters_of(parameters), result, summary, function)
            return function

        return declare

    return call


def parameters_of(text):
    """The Parameters of a line; see the head of this module."""
    return tuple(map(_parameter, text.split()))


def _parameter(text):
    text, has_default, default = text.partition("=")
    name, _, kind = text.partition(":")
    takes_rest = name.startswith("*")
    is_optional = kind.endswith("?")
    if takes_rest:
        return Parameter(name[1:], kind, False, [], True)
    return Parameter(name, kind.rstrip("?"), not has_default and not is_optional, json.loads(default) if has_default else None, False)
