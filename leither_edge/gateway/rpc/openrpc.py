"""The description of all procedures, made from their declarations (OpenRPC 1.3.2)."""

from .types import COMPONENTS, schema

OPENRPC = "1.3.2"


def describe(table, version):
    """The OpenRPC document as an object. Args: table ({name: Procedure}), version (the node's, text)."""
    return {
        "openrpc": OPENRPC,
        "info": {
            "title": "Leither Edge",
            "version": version,
            "description": "The content store of a Leither node: content with versions, files, databases, streams.",
            "license": {"name": "Apache-2.0"},
        },
        "methods": [_method(table[name]) for name in sorted(table)],
        "components": {"schemas": COMPONENTS},
    }


def _method(procedure):
    return {
        "name": procedure.name,
        "summary": procedure.summary,
        "paramStructure": "either",
        "params": [_parameter(parameter) for parameter in procedure.parameters],
        "result": {"name": "result", "schema": schema(procedure.result)},
    }


def _parameter(parameter):
    described = {"name": parameter.name, "required": parameter.is_required, "schema": schema(parameter.type)}
    if parameter.takes_rest:
        described["schema"] = {"type": "array", "items": described["schema"]}
        described["description"] = "By position: all arguments that follow."
    elif not parameter.is_required:
        described["schema"] = {**described["schema"], "default": parameter.default}
    return described
