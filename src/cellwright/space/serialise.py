"""Spaces as JSON, so that a run folder holds all it needs."""

from dataclasses import fields
from typing import Any

from cellwright.errors import SpaceError
from cellwright.space.architecture import Input
from cellwright.space.decisions import Choice, Decision, Float, Integer, When
from cellwright.space.graph import Space
from cellwright.space.operation import Operation, operation_from_json, operation_to_json
from cellwright.space.vertices import AnyVertex, Mirror, Node

__all__ = ["space_from_json", "space_to_json"]

_DECISIONS = {"choice": Choice, "integer": Integer, "float": Float}
_KINDS = {kind: name for name, kind in _DECISIONS.items()}


def space_to_json(space: Space) -> dict[str, Any]:
    """Return the whole definition of a space as JSON."""
    return {
        "name": space.name,
        "vertices": [_vertex_to_json(vertex) for vertex in space.vertices],
        "settings": [_decision_to_json(decision) for decision in space.settings],
        "forbidden": [[_when_to_json(condition) for condition in clause] for clause in space.forbidden],
    }


def space_from_json(value: dict[str, Any]) -> Space:
    """Return the space that `space_to_json` wrote.

    Raises:
        SpaceError: something in it is unknown here.
    """
    try:
        return Space(
            value["name"],
            tuple(_vertex_from_json(vertex) for vertex in value["vertices"]),
            tuple(_decision_from_json(decision) for decision in value["settings"]),
            tuple(tuple(_when_from_json(condition) for condition in clause) for clause in value["forbidden"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SpaceError(f"this is no space of this version of cellwright: {error!r}") from error


def _vertex_to_json(vertex: AnyVertex) -> dict[str, Any]:
    if isinstance(vertex, Input):
        return {"input": vertex.name, "shape": list(vertex.shape)}
    if isinstance(vertex, Mirror):
        return {"mirror": vertex.name, "sources": list(vertex.sources), "of": vertex.of}
    operation = vertex.operation
    what = (
        {"choice": _decision_to_json(operation)}
        if isinstance(operation, Choice)
        else {"fixed": operation_to_json(operation)}
    )
    return {"node": vertex.name, "sources": list(vertex.sources), **what}


def _vertex_from_json(value: dict[str, Any]) -> AnyVertex:
    if "input" in value:
        return Input(value["input"], tuple(value["shape"]))
    sources = tuple(value["sources"])
    if "mirror" in value:
        return Mirror(value["mirror"], sources, value["of"])
    if "fixed" in value:
        return Node(value["node"], sources, operation_from_json(value["fixed"]))
    return Node(value["node"], sources, _choice_from_json(value["choice"]))


def _decision_to_json(decision: Decision) -> dict[str, Any]:
    values = {field.name: getattr(decision, field.name) for field in fields(decision)}
    if isinstance(decision, Choice):
        values["options"] = [_option_to_json(option) for option in decision.options]
    values["when"] = _when_to_json(decision.when) if decision.when else None
    return {"decision": _KINDS[type(decision)], **values}


def _decision_from_json(value: dict[str, Any]) -> Decision:
    arguments = dict(value)
    kind = arguments.pop("decision")
    arguments["when"] = _when_from_json(arguments["when"]) if arguments["when"] else None
    if "options" in arguments:
        arguments["options"] = tuple(_option_from_json(option) for option in arguments["options"])
    decision: Decision = _DECISIONS[kind](**arguments)
    return decision


def _choice_from_json(value: dict[str, Any]) -> Choice:
    choice = _decision_from_json(value)
    if not isinstance(choice, Choice):
        raise SpaceError(f"a node decides by a choice, not by {value!r}")
    return choice


def _when_to_json(condition: When) -> dict[str, Any]:
    return {"decision": condition.decision, "values": [_option_to_json(value) for value in condition.values]}


def _when_from_json(value: dict[str, Any]) -> When:
    return When(value["decision"], tuple(_option_from_json(option) for option in value["values"]))


def _option_to_json(option: Any) -> Any:
    if type(option).__name__ in Operation.classes:
        return operation_to_json(option)
    if option is None or isinstance(option, str | int | float | bool):
        return option
    raise SpaceError(f"an option is an operation, a number, a string, True, False or None, not {option!r}")


def _option_from_json(value: Any) -> Any:
    return operation_from_json(value) if isinstance(value, dict) else value
