"""What may be built: decisions, operations, the graph, points and architectures. No torch."""

from cellwright.space.architecture import Architecture, Input, Vertex
from cellwright.space.decisions import Choice, Decision, Float, Integer, Value, When
from cellwright.space.fusion import Fuse, Modulate
from cellwright.space.graph import Space
from cellwright.space.joins import Add, Concatenate, Connect
from cellwright.space.layers import Embedding, Gated, Grouped, Residual, Scale, Spline
from cellwright.space.operation import ACTIVATIONS, Cost, Operation, Shape
from cellwright.space.plain import Activation, BatchNorm, Dense, Dropout, Identity, LayerNorm
from cellwright.space.point import Point
from cellwright.space.sequences import Conv1D, Flatten, MaxPool1D
from cellwright.space.serialise import space_from_json, space_to_json
from cellwright.space.sketch import Block, Sketch
from cellwright.space.vertices import Mirror, Node

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
