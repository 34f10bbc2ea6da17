"""What may be built: decisions, operations, the graph, points and architectures. No torch."""

from cellwright.space.architecture import Architecture, Input, Vertex
from cellwright.space.decisions import Choice, Decision, Float, Integer, Value, When
from cellwright.space.fusion import Fuse, Modulate
from cellwright.space.graph import Mirror, Node, Space
from cellwright.space.layers import Embedding, Gated, Grouped, Residual, Scale, Spline
from cellwright.space.operations import (
    ACTIVATIONS,
    Activation,
    Add,
    BatchNorm,
    Concatenate,
    Connect,
    Conv1D,
    Cost,
    Dense,
    Dropout,
    Flatten,
    Identity,
    LayerNorm,
    MaxPool1D,
    Operation,
    Shape,
)
from cellwright.space.point import Point
from cellwright.space.serialise import space_from_json, space_to_json
from cellwright.space.sketch import Block, Sketch

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "Add",
    "Architecture",
    "BatchNorm",
    "Block",
    "Choice",
    "Concatenate",
    "Connect",
    "Conv1D",
    "Cost",
    "Decision",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "Float",
    "Fuse",
    "Gated",
    "Grouped",
    "Identity",
    "Input",
    "Integer",
    "LayerNorm",
    "MaxPool1D",
    "Mirror",
    "Modulate",
    "Node",
    "Operation",
    "Point",
    "Residual",
    "Scale",
    "Shape",
    "Sketch",
    "Space",
    "Spline",
    "Value",
    "Vertex",
    "When",
    "space_from_json",
    "space_to_json",
]
