"""The space of a problem that a user brings, whatever its inputs."""

from collections.abc import Mapping

from cellwright.problems import uno
from cellwright.space import Shape, Space

__all__ = ["general"]


def general(inputs: Mapping[str, Shape], outputs: int = 1) -> Space:
    """Return a chain on each input and a trunk on all of them."""
    return uno.small(inputs, outputs)
