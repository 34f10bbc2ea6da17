"""What the names of inputs say: which are twins, and which hold the identity of an entity instead of features."""

from collections.abc import Mapping

from cellwright.space.operation import Shape

__all__ = ["described", "identity_of", "input_in_words", "is_identity", "twins"]

_IDENTITY = "id:"


def twins(inputs: Mapping[str, Shape]) -> dict[str, str]:
    """Return the second of each pair of inputs of one kind, such as drug_1 and drug_2, by the first."""
    firsts = [name for name in inputs if name.endswith("_1")]
    pairs = {name: f"{name[:-2]}_2" for name in firsts}
    return {first: second for first, second in pairs.items() if inputs.get(second) == inputs[first]}


def identity_of(key: str) -> str:
    """Return the name of the input that says which entity a key names: one place for each, 1 at its own."""
    return _IDENTITY + key


def is_identity(name: str) -> bool:
    """Return whether an input says which entity a row reads, and not what that is like."""
    return name.startswith(_IDENTITY)


def input_in_words(name: str) -> str:
    """Return the name of an input as people read it: `cell line identity (one-hot)`."""
    if not is_identity(name):
        return name
    key = name.removeprefix(_IDENTITY)
    return f"{'cell line' if key == 'cell' else key} identity (one-hot)"


def described(inputs: Mapping[str, Shape]) -> dict[str, Shape]:
    """Return the inputs that are no identities: those that published networks know."""
    return {name: shape for name, shape in inputs.items() if not is_identity(name)}
